# chroot.sh
#
#	Installations of Debian in directories, which debootstrap makes, for bash to
#	source after stage.sh.  Everything runs in separate mount and process
#	namespaces: when the script ends, for whatever reason, the kernel ends the
#	processes and undoes the mounts.

mirror=http://deb.debian.org/debian

# Start the script again in such namespaces, unless it runs there.
enter_namespaces()
{
	if [ "$(id -u)" -ne 0 ] || ! command -v debootstrap >/dev/null; then
		fail "must be run as root, with debootstrap installed"
	fi
	if [ -z "${APIKEY_IN_NAMESPACES:-}" ]; then
		APIKEY_IN_NAMESPACES=1 exec unshare --mount --pid --fork --kill-child --mount-proc "$0" "$@"
	fi
}

# Run a command in $chroot as the user $1, in a clean environment.
in_chroot()
{
	local user=$1
	shift
	chroot --userspec="$user:" "$chroot" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		HOME=/home/user DEBIAN_FRONTEND=noninteractive "$@" </dev/null
}

apt_install()
{
	in_chroot root apt-get -qq -y --no-install-recommends install "$@"
}

# Print where the packages of a release are.  Only some releases have updates for
# security, and a date until which their lists are valid: with APIKEY_STALE_MIRROR,
# that of a mirror which is behind may have passed.
sources_of()
{
	case $1 in
		sid | experimental) echo "deb ${APIKEY_STALE_MIRROR:+[check-valid-until=no] }$mirror $1 main" ;;
		*) printf 'deb %s %s main\n' "$mirror" "$1" "$mirror-security" "$1-security" ;;
	esac
}

# Install the base system of the release $1 and make into $chroot.
make_system()
{
	debootstrap --variant=minbase "$1" "$chroot" "$mirror"
	sources_of "$1" >"$chroot/etc/apt/sources.list"
	echo 'Acquire::Languages "none";' >"$chroot/etc/apt/apt.conf.d/languages"
	in_chroot root apt-get -qq update
	apt_install make
}

# Copy the tree to /home/user/apikey in $chroot, in place of an earlier copy.
copy_tree()
{
	rm -rf "$chroot/home/user/apikey"
	mkdir -p "$chroot/home/user/apikey"
	list_files | tar -C "$top" --null --files-from=- -cf - |
		tar -C "$chroot/home/user/apikey" --no-same-owner -xf -
}

mount_system()
{
	mount -t proc proc "$chroot/proc"
	mount -t tmpfs tmpfs "$chroot/dev/shm"
}

unmount_system()
{
	umount --lazy "$chroot/proc" "$chroot/dev/shm"
}
