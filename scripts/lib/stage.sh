# stage.sh
#
#	The "stage" is a temporary directory that holds a copy of the source tree, a
#	copy of PostgreSQL, and servers.  Everything there runs as an unprivileged
#	user (nobody, if root calls).  At the end its processes are stopped and it is
#	removed, whatever happens.
#
#	For bash to source.  The caller has close_stage called on EXIT, then calls
#	open_stage.

set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
. "$top/scripts/lib/messages.sh"

stage=
bindir=
# Variables that the programs in the stage have in addition, as NAME=VALUE.
stage_env=()

# Run a command in the directory $1 of the stage, as the unprivileged user, in a
# clean environment.  It runs in the background, so that the script reacts at once
# to a signal that ends it; after other signals it continues to wait.
in_stage()
{
	local dir=$1 pid status
	shift
	(
		cd "$stage/$dir"
		exec "${unprivileged[@]}" env -i --default-signal=INT,QUIT \
			PATH="${bindir:+$bindir:}$PATH" HOME="$stage" TMPDIR="$stage/tmp" \
			LANG=C.UTF-8 TERM="${TERM:-dumb}" \
			PGHOST="$stage/socket" PGUSER=postgres "${stage_env[@]}" "$@"
	) <&0 &
	pid=$!
	while
		status=0
		wait "$pid" 2>/dev/null || status=$?
		kill -0 "$pid" 2>/dev/null
	do
		:
	done
	return "$status"
}

# Create the stage where the unprivileged user can write and run programs, with
# a path short enough for a server's socket (107 bytes).
make_stage()
{
	local parent
	for parent in "${TMPDIR:-/tmp}" /tmp /var/tmp; do
		[ ${#parent} -le 40 ] && stage=$(mktemp -d "$parent/apikey.XXXXXXXX" 2>/dev/null) || continue
		if [ "$(id -u)" -eq 0 ]; then
			chown nobody: "$stage"
		fi
		if in_stage . cp /bin/true ./true 2>/dev/null && in_stage . ./true 2>/dev/null; then
			return
		fi
		rm -rf "$stage"
	done
	stage=
	fail "found no temporary directory in which programs can run; set TMPDIR"
}

# List the files of the tree, without those that git ignores (mainly built files).
# A tree without git was unpacked or copied.
list_files()
{
	cd "$top"
	if ! [ -e .git ] || ! git -c safe.directory='*' ls-files -coz --exclude-standard 2>/dev/null; then
		find . \( -name .git -o -name tmp_check -o -name results -o -name output_iso -o -path ./test/unit/build -o -path ./test/fuzz/build \) \
			-prune -o -type f ! -name '*.o' ! -name '*.bc' ! -name '*.so' ! -name 'apikey--*.sql' -print0
	fi | while IFS= read -r -d '' file; do
		if [ -e "$file" ]; then
			printf '%s\0' "$file"
		fi
	done
}

# Create the stage, with the tree in src and PostgreSQL in pg.  Sets pg_config, the
# path of the copy's pg_config, and bindir.
open_stage()
{
	unprivileged=()
	if [ "$(id -u)" -eq 0 ]; then
		unprivileged=(setpriv --reuid=nobody --regid="$(id -gn nobody)" --clear-groups)
	fi
	umask 022
	trap 'exit 130' INT
	trap 'exit 131' QUIT
	trap 'exit 143' TERM HUP
	make_stage
	in_stage . mkdir src tmp socket
	list_files | tar -C "$top" --null --files-from=- -cf "$stage/src.tar"
	in_stage src tar --no-same-owner -xf ../src.tar
	rm -f "$stage/src.tar"
	pg_config=$(copy_postgres pg "${PG_CONFIG:-}")
	bindir=${pg_config%/*}
}

# Copy PostgreSQL (that of the pg_config $2, or the newest) into the directory $1
# of the stage, and print the path of the copy's pg_config.
copy_postgres()
{
	in_stage src ${2:+PG_CONFIG="$2"} scripts/private-postgres "$stage/$1"
}

# Print the processes that run in the stage, except this script's own shells.
stage_processes()
{
	local dir pid
	for dir in /proc/[0-9]*; do
		pid=${dir#/proc/}
		[ "$pid" != $$ ] && [ "$pid" != "$BASHPID" ] || continue
		case $(readlink "$dir/exe" "$dir/cwd" 2>/dev/null) in
			*"$stage"*) echo "$pid" ;;
		esac
	done
}

# Stop what runs in the stage: first whatever might start further servers, then the
# servers, in a way that frees their shared memory, and after ten seconds what is
# left, by force.
stop_processes()
{
	local pid file tries
	for pid in $(stage_processes); do
		case $(readlink "/proc/$pid/exe" 2>/dev/null) in
			*/postgres) ;;
			*) kill -KILL "$pid" 2>/dev/null || : ;;
		esac
	done
	while IFS= read -r -d '' file; do
		pid=$(head -n 1 "$file")
		case $(readlink "/proc/$pid/exe" 2>/dev/null) in
			"$stage"/*) kill -QUIT "$pid" 2>/dev/null || : ;;
		esac
	done < <(find "$stage" -name postmaster.pid -print0)
	for ((tries = 0; tries < 50; tries++)); do
		[ -n "$(stage_processes)" ] || return 0
		sleep 0.2
	done
	for pid in $(stage_processes); do
		kill -KILL "$pid" 2>/dev/null || :
	done
}

close_stage()
{
	set +e
	trap '' INT QUIT TERM HUP
	if [ -n "$stage" ]; then
		stop_processes 2>/dev/null
		rm -rf "$stage"
		stage=
	fi
}
