# fresh.sh
#
#	Fresh installations of Debian, each a chroot in a new directory in /var/tmp
#	(TEST_FRESH_DIR), copied from one that debootstrap makes or from
#	TEST_FRESH_BASE, which is such a one; and the steps of a test in them.  For bash
#	to source after chroot.sh.  The caller calls enter_namespaces "$@", then
#	open_chroots NAME; the directory is removed at the end.

release=${TEST_FRESH_RELEASE:-bookworm}

# With the packages that depend on them.
apt_purge()
{
	in_chroot root apt-get -qq -y purge "$@"
}

# Create the base that all chroots are copied from: Debian's base system, make, an
# ordinary user, and the tree.
make_base()
{
	chroot=$dir/base
	if [ -n "${TEST_FRESH_BASE:-}" ]; then
		cp -a "$TEST_FRESH_BASE" "$chroot"
	else
		make_system "$release"
		# Faster; what is not yet on the disk may be lost with the machine.
		echo force-unsafe-io >"$chroot/etc/dpkg/dpkg.cfg.d/unsafe-io"
		in_chroot root useradd --create-home user
	fi
	copy_tree
	in_chroot root chown -R user: /home/user/apikey
}

# Whatever is still mounted below $dir must not be deleted with it.
close_chroots()
{
	local mounted
	for mounted in $(awk -v dir="$dir/" 'index($2, dir) == 1 { print $2 }' /proc/self/mounts | sort -r); do
		umount --lazy "$mounted" || :
	done
	rm -rf --one-file-system "$dir"
}

# Create $dir, for the chroots and logs, in $parent.
open_chroots()
{
	umask 022
	parent=${TEST_FRESH_DIR:-/var/tmp}
	dir=$(mktemp -d "$parent/apikey-$1.XXXXXXXX")
	chmod 755 "$dir"
	trap close_chroots EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	mkdir -p "$dir/archives/partial"
	make_base >"$dir/base.log" 2>&1 || { tail "$dir/base.log"; fail "could not create the base system"; }
}

# Copy the base to $1; packages that one chroot downloads are reused by the others.
make_chroot()
{
	chroot=$dir/$1
	cp -a "$dir/base" "$chroot"
	mount --bind "$dir/archives" "$chroot/var/cache/apt/archives"
	mount_system
}

# The processes are those of this namespace.
remove_chroot()
{
	while pkill -KILL -x postgres; do
		sleep 0.1
	done
	umount "$chroot/var/cache/apt/archives"
	unmount_system
	rm -rf "$chroot"
}

#
# Steps of a test
#

passed=0
failed=0

# step NAME COMMAND ...: passes if the command, a function as well, succeeds; its
# output is shown only if it does not.  Sets step_status.  To be called neither
# as a condition nor before "||", where a command that fails does not end a function.
step()
{
	local log=$dir/step.log
	set +e
	(set -e; "${@:2}") >"$log" 2>&1 </dev/null
	step_status=$?
	set -e
	if [ "$step_status" -eq 0 ]; then
		echo "ok - $1"
		passed=$((passed + 1))
	else
		echo "not ok - $1"
		tail -n "${STEP_LINES:-60}" "$log"
		failed=$((failed + 1))
	fi
}

# A step without which the others make no sense.
must()
{
	step "$@"
	if [ "$step_status" -ne 0 ]; then
		report_steps
		exit 1
	fi
}

# Succeeds if the command fails.  (After "!", a failure would not end a function.)
fails()
{
	if "$@"; then
		echo "this should have failed: $*"
		return 1
	fi
}

# The last line of a test of steps.
report_steps()
{
	printf '\n%d passed, %d failed\n' "$passed" "$failed"
	[ "$failed" -eq 0 ]
}
