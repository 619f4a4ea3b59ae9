# build_postgres.sh
#
#	Servers that are built from Debian's source of PostgreSQL, with options that its
#	packages do not have.  For bash to source after stage.sh and unpack.sh.
#
#	A build takes minutes, so it is kept, in a directory outside the repository that
#	the unprivileged user can read: APIKEY_SERVERS (/var/tmp/apikey-servers).  Remove
#	a server there to have it built again.

servers=${APIKEY_SERVERS:-/var/tmp/apikey-servers}

# Create the directory of the servers.  Programs of it are run, so nobody else may own it.
make_servers_dir()
{
	mkdir -p "$servers"
	[ "$(stat -c %u "$servers")" -eq "$(id -u)" ] || fail "$servers belongs to somebody else; set APIKEY_SERVERS"
	chmod 755 "$servers"
}

# Configure, build and install the source of the stage for the prefix $1, below installed/.
# CFLAGS is $2; further arguments are options of configure.  The modules of contrib/ are
# those that the tests use.
compile_postgres()
{
	local prefix=$1 cflags=$2 dir
	shift 2
	in_stage . rm -rf build installed
	in_stage . mkdir build installed
	in_stage build ../source/tree/configure --quiet --prefix="$prefix" --enable-debug \
		--enable-tap-tests --with-openssl --with-icu --without-readline "$@" CFLAGS="$cflags" &&
	in_stage build make --silent -j2 all &&
	in_stage build make --silent install DESTDIR="$stage/installed" &&
	for dir in auto_explain pg_stat_statements; do
		in_stage build make --silent -C "contrib/$dir" all install DESTDIR="$stage/installed" || return
	done &&
	in_stage . cp source/tree/src/tools/valgrind.supp "installed$prefix"
}

# The newest server of the kind $1 and the major version $2 that has been built.  With
# "postgres" in its name PostgreSQL does not add that to each of its directories.
find_built()
{
	{ ls -d "$servers/postgres-$1-$2".*/bin/pg_config 2>/dev/null || :; } |
		sort --version-sort | tail -n 1
}

# Build the server of the kind $1.  Its major version is $2, CFLAGS is $3; further
# arguments are options of configure.
build_kind()
{
	local kind=$1 major=$2 version prefix
	shift 2
	if ! [ -d "$stage/source/tree" ]; then
		say "Downloading the source of PostgreSQL $major"
		provide_source "postgresql-$major"
	fi
	version=$(sed -n "s/^PACKAGE_VERSION='\(.*\)'/\1/p" "$stage/source/tree/configure")
	prefix=$servers/postgres-$kind-$version
	say "Building PostgreSQL $version ($kind) in $prefix"
	compile_postgres "$prefix" "$@" >"$stage/postgres.log" 2>&1 ||
		{ tail -n 40 "$stage/postgres.log" >&2; fail "PostgreSQL could not be built"; }
	rm -rf "$prefix.new"
	cp -R --preserve=mode,timestamps "$stage/installed$prefix" "$prefix.new"
	mv "$prefix.new" "$prefix"
	rm -rf "$stage/build" "$stage/installed"
}

# Set built_pg_config to the pg_config of a server of the kind $1 and of the major version
# of pg_config, which is built if there is none: CFLAGS is $2, further arguments are
# options of configure.
build_postgres()
{
	local kind=$1 major
	shift
	major=$("$pg_config" --version | sed -E 's/^PostgreSQL ([0-9]+).*/\1/')
	make_servers_dir
	built_pg_config=$(find_built "$kind" "$major")
	if [ -z "$built_pg_config" ]; then
		build_kind "$kind" "$major" "$@"
		built_pg_config=$(find_built "$kind" "$major")
	fi
}
