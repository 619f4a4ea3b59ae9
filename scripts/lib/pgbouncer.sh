# pgbouncer.sh: pgbouncer for the tests, for bash to source after stage.sh.

# Where pgbouncer is not installed, its Debian package is unpacked into the stage,
# with the libraries that it needs and that are missing: to install it would
# register a service, which starts with the machine.
provide_pgbouncer()
{
	local package lib
	if (PATH=$PATH:/usr/sbin; command -v pgbouncer) >/dev/null; then
		return
	fi
	in_stage . mkdir -p pgbouncer/partial
	in_stage pgbouncer apt-get -qq --yes --no-install-recommends --download-only \
		-o Debug::NoLocking=1 -o Dir::Cache::archives="$stage/pgbouncer" install pgbouncer >/dev/null ||
		fail "pgbouncer is not installed, and its package could not be downloaded (as root, try apt-get update)"
	for package in "$stage"/pgbouncer/*.deb; do
		in_stage pgbouncer dpkg-deb --extract "$package" .
	done
	lib=$(find "$stage/pgbouncer/usr/lib" -name '*.so.*' -printf '%h\n' | sort -u | paste -sd:)
	in_stage . tee "$bindir/pgbouncer" >/dev/null <<-END
		#!/bin/sh
		LD_LIBRARY_PATH='$lib' exec '$stage/pgbouncer/usr/sbin/pgbouncer' "\$@"
	END
	chmod +x "$bindir/pgbouncer"
}
