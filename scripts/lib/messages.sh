# messages.sh: how the scripts report, for bash to source.

say()
{
	printf '\n=== %s\n' "$*"
}

fail()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}
