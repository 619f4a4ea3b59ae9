# Data keys are rotated and retired and the master key is changed under load,
# and at a random moment a backend of the load, the rotating session or the
# postmaster is killed with SIGKILL: APIKEY_KILL_ROUNDS times (default: 20), the
# three in random order and equally often.
#
# After each kill, every row can be decrypted, with a data key that exists; the
# rotation is resumed and finishes; and the keys are those of the ledger, with
# their values, none lost or duplicated.  With APIKEY_KILL_SEED the same choices
# are made again; the moments are only approximately the same.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use ApikeyRotation;
use ApikeyTest;
use List::Util qw(shuffle sum0);
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

use constant initial_rows => 2000;

my @kinds = ('backend', 'rotation', 'postmaster');
my @users = map { "u$_" } 0 .. 9;

my $rounds = $ENV{APIKEY_KILL_ROUNDS} || 20;
my $seed = $ENV{APIKEY_KILL_SEED} // unpack('L', random_bytes(4));
srand($seed);
note("APIKEY_KILL_SEED=$seed APIKEY_KILL_ROUNDS=$rounds");

# Without fsync, for speed: a killed process loses nothing that it has passed to
# the operating system.
my ($node, $master_key) = new_node('main',
	conf => "fsync = off\nrestart_after_crash = on\nlog_statement = none\n");
my $dir = PostgreSQL::Test::Utils::tempdir_short();

# Every key that is stored, changed or removed is recorded in the ledger in the
# same transaction.
$node->safe_psql('postgres', $_)
  for 'CREATE TABLE ledger (user_id text, name text, value text, stored_at timestamptz DEFAULT clock_timestamp(), PRIMARY KEY (user_id, name))',
  'GRANT ALL ON ledger TO ' . ApikeyTest::app_role,
  'CREATE TABLE times AS SELECT now() AS began',
  q{SELECT count(apikey.create_key_for('u' || i % 10, 'key ' || i, 'custom', 'value-of-key-' || i,
		created_at => '2020-01-01', updated_at => '2021-01-01')) FROM generate_series(1, } . initial_rows . ') i',
  q{INSERT INTO ledger SELECT 'u' || i % 10, 'key ' || i, 'value-of-key-' || i FROM generate_series(1, } . initial_rows . ') i';

# Each user keeps about twenty of the load's keys, so that later rounds are like
# the first.
append_to_file("$dir/load", q{
\set u random(0, 9)
\set n random(1, 1000000000000000)
\set k random(1, 200) * 10
BEGIN;
SELECT apikey.set_user_id('u' || :u);
SELECT apikey.create_key('load ' || :n, 'custom', 'load-value-' || :n);
INSERT INTO ledger VALUES ('u' || :u, 'load ' || :n, 'load-value-' || :n);
COMMIT;
BEGIN;
SELECT apikey.set_user_id('u0');
SELECT apikey.update_key('key ' || :k, new_value => 'new-value-' || :n);
UPDATE ledger SET value = 'new-value-' || :n, stored_at = DEFAULT WHERE user_id = 'u0' AND name = 'key ' || :k;
COMMIT;
BEGIN;
SELECT apikey.set_user_id('u' || :u);
WITH old AS (SELECT user_id, name FROM ledger WHERE user_id = 'u' || :u AND name LIKE 'load %'
		ORDER BY stored_at DESC OFFSET 20 LIMIT 1 FOR UPDATE SKIP LOCKED),
	gone AS (DELETE FROM ledger USING old WHERE ledger.user_id = old.user_id AND ledger.name = old.name RETURNING old.name)
SELECT apikey.purge_key(apikey.delete_key(name)) FROM gone;
COMMIT;
});

sub sql
{
	return $node->safe_psql('postgres', $_[0]);
}

# A client in the background.  Its output goes to a file, so that it is available
# even if the client is killed.
sub start_client
{
	my ($name, $connstr, @command) = @_;

	return IPC::Run::start(
		[ @command, $node->connstr('postgres') . " application_name=$name $connstr" ],
		'<' => \undef,
		'&>' => "$dir/$name.out");
}

sub start_load
{
	return start_client('load', 'user=' . ApikeyTest::app_role, 'pgbench', '--no-vacuum',
		'--client=3', '--time=3600', '--max-tries=10', "--file=$dir/load");
}

# Changes of all kinds, one after the other, each in its own transaction.  The
# first attempt to retire a data key comes too early.
append_to_file("$dir/rotations",
	"SELECT apikey.reload_master_key();\n" . q{SELECT apikey.rotate_data_key();
SELECT apikey.retire_data_key(id) FROM apikey.key_status WHERE state = 'inactive';
CALL apikey.reencrypt_keys(20);
SELECT apikey.rewrap_data_keys();
SELECT apikey.retire_data_key(id) FROM apikey.key_status WHERE state = 'inactive';
} x 50);

# The current master key moves to the second line: nothing depends on an older one
# (see below).
sub start_rotations
{
	my ($old) = (slurp_file($master_key) =~ /^(\S+)/);

	put_master_keys($master_key, random_key(), $old);
	return start_client('rotation', '', 'psql', '-X', '-q', "--file=$dir/rotations", '-d');
}

# Returns the process that was killed.
sub kill_one
{
	my ($what) = @_;
	my $name = $what eq 'backend' ? 'load' : $what;
	my @pids = $what eq 'postmaster'
	  ? (split(/\n/, slurp_file($node->data_dir . '/postmaster.pid')))[0]
	  : split(/\n/, sql("SELECT pid FROM pg_stat_activity WHERE application_name = '$name'"));
	my $pid = $pids[ rand @pids ];

	is(kill('KILL', $pid), 1, "killed: $what");
	return $pid;
}

# Wait until the server is up again, and start it if it does not restart by itself.
sub bring_back
{
	my ($what, $pid) = @_;

	if ($what eq 'postmaster')
	{
		# Its children notice and exit; a new one can start after the last of them.
		for (1 .. 1800)
		{
			$node->{_pid} = undef;
			last if $node->start(fail_ok => 1);
			usleep(100_000);
		}
		return;
	}
	wait_after_crash($node, $pid);
	return;
}

# The stored keys are those of the ledger: each value is revealed to its user, and
# found by find_keys().
sub check_ledger
{
	my ($title) = @_;
	my ($differences) = run_sql(
		$node,
		join('',
			map { qq{
BEGIN;
SELECT apikey.set_user_id('$_');
SELECT count(*) FROM (SELECT name, apikey.reveal_key(id) AS value FROM apikey.keys) k
	FULL JOIN (SELECT name, value FROM ledger WHERE user_id = '$_') l USING (name) WHERE k.value IS DISTINCT FROM l.value;
COMMIT;}
			} @users),
		user => ApikeyTest::app_role);

	is($differences, join("\n", map { ($_, '0') } @users), "$title: every key has its value");
	is(sql('SELECT (SELECT count(*) FROM apikey.api_keys) - (SELECT count(*) FROM ledger)'),
		'0', "$title: none is lost or duplicated");
	is( sql(q{SELECT count(*) FROM ledger l WHERE NOT EXISTS (SELECT FROM apikey.find_keys(l.value) k WHERE k.user_id = l.user_id AND k.name = l.name)}),
		'0',
		"$title: each is found by its value");
	return;
}

my %killed;
my $interrupted = 0;
for my $what (shuffle(map { $kinds[ $_ % @kinds ] } 1 .. $rounds))
{
	my $title = 'round ' . (1 + sum0(values %killed)) . ", $what";
	my $log_offset = -s $node->logfile;
	my $began = sql('SELECT clock_timestamp()');
	my $stored = "SELECT count(*) > 0 FROM ledger WHERE stored_at > '$began'";
	my $load = start_load();
	my $rotation = start_rotations();

	ok(wait_for($node, "SELECT ($stored) AND EXISTS (SELECT FROM apikey.rotation_progress WHERE started_at > '$began' AND rows_done > 0)"),
		"$title: load and rotation are running");
	usleep(int(rand(700_000)));
	my $pid = kill_one($what);
	$killed{$what}++;
	$load->kill_kill if $what eq 'postmaster';
	bring_back($what, $pid);
	eval { $_->kill_kill } for $load, $rotation;
	wait_for($node, q{SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name IN ('load', 'rotation')});
	like(slurp_file($node->logfile, $log_offset),
		qr/was not properly shut down; automatic recovery in progress/, "$title: the server crashed");
	unlike(slurp_file("$dir/load.out"), qr/ERROR:/, "$title: the load had no error before the kill");
	is(join("\n", grep { !/is still needed$/ } slurp_file("$dir/rotation.out") =~ /ERROR:.*/g),
		'', "$title: nor did the rotation");

	check_rows($node, $title);
	my $left = rows_left($node);
	$interrupted++ if $left > 0;
	like(finish_sql(start_sql($node, 'CALL apikey.reencrypt_keys()')),
		qr/keys re-encrypted: $left, not decrypted: 0$/m, "$title: the rotation is resumed and finishes");
	is(rows_left($node), '0', "$title: no row uses an older data key");
	is(sql($stored), 't', "$title: what the load stored exists");
	check_ledger($title);
	# Repeat what may have been interrupted; the next round removes the oldest
	# master key.
	sql('SELECT apikey.rewrap_data_keys()');
	last unless Test::More->builder->is_passing;
}
is( sql(q{SELECT count(*) FROM apikey.api_keys, times WHERE name LIKE 'key %' AND NOT (created_at = '2020-01-01'
			AND (updated_at = '2021-01-01' OR user_id = 'u0' AND updated_at > began))}),
	'0',
	'times changed only where users changed a key');
is(sql(q{SELECT count(DISTINCT master_key) FROM apikey.key_status WHERE master_key IS NOT NULL}),
	'1', 'all data keys are wrapped with the newest master key');
note('killed: ' . join(', ', map { "$_ $killed{$_}" } sort keys %killed));
note(sql(q{SELECT format('%s keys, %s data keys', (SELECT count(*) FROM ledger), (SELECT count(*) FROM apikey.data_keys))}));
is(sum0(values %killed), $rounds, 'a kill in each round');
cmp_ok($interrupted, '>', 0, "re-encryption was interrupted in $interrupted of them");
$node->stop;
done_testing();
