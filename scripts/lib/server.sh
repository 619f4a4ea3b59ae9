# server.sh: a server with apikey in the stage, for bash to source after
# stage.sh.

# Build apikey and install it into the stage's PostgreSQL; further arguments are
# passed to make.  The compiler's output is shown only if the build fails.
build_apikey()
{
	if ! in_stage src make -j2 PG_CONFIG="$pg_config" "$@" all install >"$stage/build.log" 2>&1; then
		tail -n 40 "$stage/build.log" >&2
		fail "the build failed"
	fi
}

# Start a server on a socket in the stage, with the library preloaded and a fresh
# master key; arguments are further settings.
start_server()
{
	local setting
	in_stage . sh -c 'umask 077 && head -c 32 /dev/urandom | base64 >master.key'
	in_stage . initdb --pgdata=data --username=postgres --auth=trust \
		--encoding=UTF8 --no-locale --no-sync >/dev/null
	for setting in "listen_addresses = ''" "unix_socket_directories = '$stage/socket'" \
		"shared_preload_libraries = 'apikey'" "apikey.master_key_source = 'file:$stage/master.key'" \
		"fsync = off" "$@"
	do
		echo "$setting"
	done >>"$stage/data/postgresql.conf"
	if ! in_stage . pg_ctl --pgdata=data --log=server.log --wait --silent start; then
		cat "$stage/server.log" >&2
		fail "the private server did not start"
	fi
}

# Start the server, which has been stopped, by a command that runs it, as valgrind does.
start_server_by()
{
	local tries
	in_stage . sh -c 'exec "$@" -D data >>server.log 2>&1' sh "$@" "$bindir/postgres" &
	for ((tries = 0; tries < 600; tries++)); do
		! in_stage . pg_isready --quiet || return 0
		sleep 0.2
	done
	cat "$stage/server.log" >&2
	fail "the private server did not start"
}

stop_server()
{
	in_stage . pg_ctl --pgdata=data --mode=fast --silent stop
}

# All of the above, for a script that shows or measures something on such a server;
# arguments are further settings.
open_server()
{
	"$top/scripts/install-packages" demo
	say "Building apikey in a temporary directory"
	open_stage
	"$pg_config" --version
	build_apikey
	say "Starting a private PostgreSQL, with a fresh master key in a file of mode 0600"
	start_server "$@"
}
