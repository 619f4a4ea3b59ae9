package ApikeyPooler;

# A pgbouncer in transaction mode in front of a server: one server connection for
# each role, which clients have in turn.  It is stopped when the test ends.

use strict;
use warnings;

use Exporter 'import';
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

our @EXPORT = qw(start_pooler);

my $pooler;

END
{
	my $status = $?;

	$pooler->kill_kill(grace => 5) if defined $pooler;
	$? = $status;
}

# Start it for these roles, and return the connection string without a user.
sub start_pooler
{
	my ($node, @roles) = @_;
	my ($pgbouncer) = grep { -x } map { "$_/pgbouncer" } split(/:/, $ENV{PATH}),
	  qw(/usr/sbin /usr/local/sbin /usr/local/bin /usr/pgsql/bin);
	my $dir = PostgreSQL::Test::Utils::tempdir_short();
	my $port = PostgreSQL::Test::Cluster::get_free_port();
	my $host = $node->host;
	my $server_port = $node->port;
	my $through = "host=$dir port=$port dbname=postgres";

	die 'pgbouncer is not installed' unless defined $pgbouncer;
	append_to_file("$dir/users.txt", join('', map { qq{"$_" ""\n} } @roles));
	append_to_file(
		"$dir/pgbouncer.ini", qq{
[databases]
postgres = host=$host port=$server_port dbname=postgres

[pgbouncer]
listen_addr =
listen_port = $port
unix_socket_dir = $dir
auth_type = trust
auth_file = $dir/users.txt
pool_mode = transaction
default_pool_size = 1
max_client_conn = 50
ignore_startup_parameters = extra_float_digits
logfile = $dir/pgbouncer.log
pidfile = $dir/pgbouncer.pid
});
	$pooler = IPC::Run::start([ $pgbouncer, "$dir/pgbouncer.ini" ], '>', \my $output, '2>', \my $error);
	for (1 .. 1800)
	{
		last if reachable("$through user=$roles[0]");
		usleep(100_000);
	}
	ok(reachable("$through user=$roles[0]"), 'the pooler is up');
	return $through;
}

sub reachable
{
	my ($connstr) = @_;

	return IPC::Run::run([ 'psql', '-XAtq', '-d', $connstr, '-c', 'SELECT 1' ],
		'>', \my $output, '2>', \my $error);
}

1;
