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
