# The trace and kill -9: while clients reveal values, each in a transaction that is
# rolled back, and one session collects events, a session or the postmaster is killed,
# APIKEY_TRAIL_ROUNDS times (by default 20).  Each value that a client received has its
# event, and each event is collected exactly once.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use ApikeyTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $rounds = $ENV{APIKEY_TRAIL_ROUNDS} || 20;
my $clients = 3;
# More than a client can make until it is killed.
my $requests_of_client = 10_000;
my $value = 'value_' . random_text(20);
my $dir = PostgreSQL::Test::Utils::tempdir_short();

# Nothing but the trace itself flushes the write-ahead log: a record that is not
# flushed before its value is returned is lost with the server's memory.
my ($node) = new_node('main',
	init => [ allows_streaming => 1 ],
	conf => "apikey.audit = 'wal'\napikey.audit_flush = on\napikey.usage_interval = -1\n"
	  . "synchronous_commit = off\nwal_writer_delay = 10s\nrestart_after_crash = on\n"
	  . "checkpoint_timeout = 1h\nwal_keep_size = 256MB\nlog_statement = none\n");
my $superuser = $node->safe_psql('postgres', 'SELECT current_user');
my $requests = 0;

run_as($node, 'u1', qq{SELECT apikey.create_key('secret', 'custom', '$value')});
$node->safe_psql('postgres', $_) for 'SELECT apikey.start_audit()', 'CALL apikey.collect_audit()';

sub psql_in_background
{
	my ($name, $user, $script) = @_;

	unlink("$dir/$name.sql");
	append_to_file("$dir/$name.sql", $script);
	return IPC::Run::start([ 'psql', '-XAtq', '-f', "$dir/$name.sql", '-d', $node->connstr('postgres') . " user=$user" ],
		'<' => \undef, '>' => "$dir/$name", '2>' => "$dir/$name.err");
}

# Each request is named, so that a value is found in the trace.
sub start_client
{
	my ($name) = @_;
	my $first = $requests + 1;

	$requests += $requests_of_client;
	return psql_in_background($name, app_role, join('', map {
				qq{BEGIN; SELECT 'got r$_ ' || apikey.reveal_key('secret') FROM apikey.set_user_id('u1'), set_config('apikey.audit_context', 'r$_', true); ROLLBACK;\n}
			} $first .. $requests));
}

sub wait_for_values
{
	for (1 .. 18_000)
	{
		return if (grep { -s "$dir/client.$_" } 1 .. $clients) == $clients;
		usleep(10_000);
	}
	die 'the clients do not receive values: ' . slurp_file("$dir/client.1.err");
}

# Returns the process that was killed.  That of a session which has just ended may still
# be shown.
sub kill_one
{
	my ($kill_postmaster) = @_;

	for (1 .. 100)
	{
		my $pid = $kill_postmaster
		  ? (split(/\n/, slurp_file($node->data_dir . '/postmaster.pid')))[0]
		  : $node->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity
				WHERE pid <> pg_backend_pid() AND backend_type = 'client backend' ORDER BY random() LIMIT 1});

		return $pid if $pid && kill('KILL', $pid) == 1;
	}
	die 'no process is left to be killed';
}

# The children of a postmaster that was killed exit by themselves; a new one can start
# after the last of them.
sub bring_back
{
	my ($kill_postmaster, $pid) = @_;

	return wait_after_crash($node, $pid) if !$kill_postmaster;
	for (1 .. 3600)
	{
		$node->{_pid} = undef;
		return if $node->start(fail_ok => 1);
		usleep(50_000);
	}
	die 'the server did not come back';
}

# The requests whose values the clients of the round received.
sub received
{
	return map { slurp_file("$dir/client.$_") =~ /^got (r\d+) \Q$value\E$/gm } 1 .. $clients;
}

# What is collected now, in one transaction, is what the write-ahead log has; returns
# the number of events that differ, and of those that are there twice or that an
# earlier round had collected.
sub differences
{
	my ($from) = @_;

	$node->safe_psql('postgres', 'CALL apikey.collect_audit()');
	return $node->safe_psql('postgres', qq{
SELECT (SELECT count(*) FROM apikey.audit_trail('$from', (SELECT lsn FROM apikey.audit_position)) t FULL JOIN apikey.audit_log l USING (lsn)
		WHERE t.action IS DISTINCT FROM l.action OR t.audit_context IS DISTINCT FROM l.audit_context),
	(SELECT count(*) - count(DISTINCT lsn) FILTER (WHERE lsn >= '$from') FROM apikey.audit_log)});
}

# Begins with an empty table; returns where the round's events begin.
sub new_round
{
	return $node->safe_psql('postgres', 'TRUNCATE apikey.audit_log; SELECT lsn FROM apikey.audit_position');
}

my ($received, $round) = (0, 0);
my @faults;

while (!@faults && $round++ < $rounds)
{
	my $from = new_round();
	my @running = map { start_client("client.$_") } 1 .. $clients;
	my $kill_postmaster = $round % 2;

	push(@running, psql_in_background('collector', $superuser, "CALL apikey.collect_audit();\n" x 500));
	wait_for_values();
	usleep(int(rand(150_000)));
	my $pid = kill_one($kill_postmaster);
	eval { $_->finish } for @running;
	bring_back($kill_postmaster, $pid);

	my %recorded = map { $_ => 1 } split(/\n/, $node->safe_psql('postgres',
			"SELECT audit_context FROM apikey.audit_trail('$from') WHERE action = 'reveal' AND outcome = 'ok' AND user_id = 'u1'"));
	my @values = received();
	my @lost = grep { !$recorded{$_} } @values;
	my $differences = differences($from);

	$received += @values;
	push(@faults, "round $round: no event of @lost") if @lost;
	push(@faults, "round $round: collected with differences: $differences") if $differences ne '0|0';
}
cmp_ok($received, '>', 20 * $rounds, 'clients received values');
is(join("\n", @faults), '', 'each has its event, which is collected exactly once');
note("$received values in $rounds rounds");
is($node->safe_psql('postgres', q{SELECT s.restart_lsn = p.lsn FROM pg_replication_slots s, apikey.audit_position p WHERE slot_name = 'apikey_audit'}),
	't', 'the slot has followed');

$node->stop;
done_testing();
