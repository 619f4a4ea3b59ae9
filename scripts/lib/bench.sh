# bench.sh: what the benchmarks share, for bash to source after stage.sh and server.sh.

# What an application passes as parameters, so that the statements of the works have no
# literals and are the same each time.
variables=(user=7 other=8 lister=9 name=key3 type=custom head=value- tail=-0123456789abcdefghijkl
	letter=u setting=app.user_id hint=...ijkl "passphrase=a passphrase of the application"
	"options=cipher-algo=aes256, s2k-mode=0, compress-algo=0"
	"secret=$(printf 7-3 | md5sum | cut -c1-32)")

# A server, on $port if that is set, with what the benchmarks work on; arguments are further
# settings.
open_bench()
{
	"$top/scripts/install-packages" bench
	open_server "autovacuum = off" "jit = off" "port = ${port:-5432}" "$@"
	in_stage src psql --no-psqlrc --quiet --port="${port:-5432}" --set=ON_ERROR_STOP=1 --file=scripts/bench.d/setup.sql postgres >/dev/null
}
