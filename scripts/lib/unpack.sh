# unpack.sh
#
#	Programs for the tests that are not installed: their Debian packages are
#	unpacked into the stage.  For bash to source after stage.sh.

# Download packages into the directory $1 of the stage and extract them there.
# apt-get is called with the further arguments.  Returns failure if it fails.
unpack_packages()
{
	local dir=$1 package
	shift
	if ! in_stage "$dir" apt-get -qq --yes --no-install-recommends -o Debug::NoLocking=1 \
		-o Dir::Cache::archives="$stage/$dir" "$@" >/dev/null 2>"$stage/$dir/log"
	then
		cat "$stage/$dir/log" >&2
		return 1
	fi
	for package in "$stage/$dir"/*.deb; do
		in_stage "$dir" dpkg-deb --extract "$package" .
	done
}

# pgbouncer, with the libraries that it needs and are missing: installing it would
# register a service that starts at boot.
provide_pgbouncer()
{
	local lib
	if (PATH=$PATH:/usr/sbin; command -v pgbouncer) >/dev/null; then
		return
	fi
	in_stage . mkdir -p pgbouncer/partial
	unpack_packages pgbouncer --download-only install pgbouncer ||
		fail "pgbouncer is not installed and could not be downloaded (as root, try apt-get update)"
	lib=$(find "$stage/pgbouncer/usr/lib" -name '*.so.*' -printf '%h\n' | sort -u | paste -sd:)
	in_stage . tee "$bindir/pgbouncer" >/dev/null <<-END
		#!/bin/sh
		LD_LIBRARY_PATH='$lib' exec '$stage/pgbouncer/usr/sbin/pgbouncer' "\$@"
	END
	chmod +x "$bindir/pgbouncer"
}

# node-postgres, with the packages that it needs: its package cannot be installed
# beside a Node.js that is not Debian's.  The tests run node with this NODE_PATH.  Without
# it, only an example is skipped.
provide_node_postgres()
{
	node_path=/usr/share/nodejs
	if in_stage . NODE_PATH="$node_path" node -e 'require("pg")' 2>/dev/null; then
		return
	fi
	in_stage . mkdir node
	if unpack_packages node download node-pg node-split2 node-xtend; then
		node_path=$stage/node$node_path
	else
		echo "node-postgres could not be downloaded: its example is skipped" >&2
	fi
}

# The source of a package, the newest version that the mirrors have, in source/tree
# of the stage.  The machine's own lists of packages stay as they are.
provide_source()
{
	local package=$1 options version
	in_stage . mkdir -p source/lists/partial source/cache source/tree
	{ cat /etc/apt/sources.list.d/debian.sources 2>/dev/null || :; } |
		sed 's/^Types: deb$/Types: deb-src/' | in_stage source tee debian.sources >/dev/null
	{ cat /etc/apt/sources.list 2>/dev/null || :; } |
		sed -n 's/^deb /deb-src /p' | in_stage source tee debian.list >/dev/null
	options=(-qq -o Debug::NoLocking=1 -o Dir::Etc::sourcelist="$stage/source/debian.list"
		-o Dir::Etc::sourceparts="$stage/source" -o Dir::State::lists="$stage/source/lists"
		-o Dir::Cache="$stage/source/cache")
	in_stage source apt-get "${options[@]}" update ||
		fail "the lists of source packages could not be downloaded"
	for version in $(in_stage source apt-cache "${options[@]}" showsrc "$package" |
		sed -n 's/^Version: //p' | sort --version-sort --reverse --unique)
	do
		if in_stage source apt-get "${options[@]}" source --download-only "$package=$version" 2>>"$stage/source/log"; then
			in_stage source sh -c 'tar -xf *.orig.tar.* -C tree --strip-components=1'
			echo "$package $version"
			return
		fi
	done
	cat "$stage/source/log" >&2
	fail "the source of $package could not be downloaded"
}
