# Data keys are rotated and retired and the master key is changed under load,
# and at a random moment a random backend, the rotating session or the
# postmaster is killed with SIGKILL: APIKEY_KILL_ROUNDS times (20).
#
# After each: every row opens, under a data key that is there, no key that was
# stored is lost or doubled, and the rotation is resumed and ends.  With
# APIKEY_KILL_SEED the same choices are made again; the moments are only about
# the same.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use ApikeyRotation;
use ApikeyTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

use constant initial_rows => 2000;

my $rounds = $ENV{APIKEY_KILL_ROUNDS} || 20;
my $seed = $ENV{APIKEY_KILL_SEED} // unpack('L', random_bytes(4));
srand($seed);
note("APIKEY_KILL_SEED=$seed APIKEY_KILL_ROUNDS=$rounds");

# As fast as can be with the WAL's guarantees: a killed process loses nothing
# that it has handed to the operating system.
my ($node, $master_key) = new_node('main',
	conf => "fsync = off\nrestart_after_crash = on\nlog_min_messages = error\n");
my $dir = PostgreSQL::Test::Utils::tempdir_short();

# What a client was told is stored, it enters into the ledger in the same
# transaction.
$node->safe_psql('postgres', $_)
  for 'CREATE TABLE ledger (user_id text, name text, value text, PRIMARY KEY (user_id, name))',
  'GRANT ALL ON ledger TO ' . ApikeyTest::app_role,
  'CREATE TABLE times AS SELECT now() AS began',
  q{SELECT count(apikey.create_key_for('u' || i % 10, 'key ' || i, 'custom', 'value-of-key-' || i,
		created_at => '2020-01-01', updated_at => '2021-01-01')) FROM generate_series(1, } . initial_rows . ') i',
  q{INSERT INTO ledger SELECT 'u' || i % 10, 'key ' || i, 'value-of-key-' || i FROM generate_series(1, } . initial_rows . ') i';

append_to_file("$dir/load", q{
\set u random(0, 9)
\set n random(1, 1000000000)
\set k random(1, 200) * 10
BEGIN;
SELECT apikey.set_user_id('u' || :u);
SELECT apikey.create_key('load ' || :n, 'custom', 'load-value-' || :n);
INSERT INTO ledger VALUES ('u' || :u, 'load ' || :n, 'load-value-' || :n);
COMMIT;
BEGIN;
SELECT apikey.set_user_id('u0');
SELECT apikey.update_key('key ' || :k, new_value => 'new-value-' || :n);
UPDATE ledger SET value = 'new-value-' || :n WHERE user_id = 'u0' AND name = 'key ' || :k;
COMMIT;
});

# Processes that this server started, and that are of the kind.
sub pids
{
	my ($condition) = @_;

	return split(
		/\n/,
		$node->safe_psql(
			'postgres',
			"SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND $condition"));
}

sub start_load
{
	my ($out) = ('');

	return IPC::Run::start(
		[ 'pgbench', '--no-vacuum', '--client=3', '--time=600', '--max-tries=10', "--file=$dir/load",
			$node->connstr('postgres') . ' application_name=load user=' . ApikeyTest::app_role ],
		'<' => \undef,
		'&>' => \$out);
}

# Changes of all kinds, one after the other.  The master key that has been the
# first one goes second: nothing is under an older one (see below).
sub start_rotations
{
	my ($old) = (slurp_file($master_key) =~ /^(\S+)/);

	put_master_keys($master_key, random_key(), $old);
	return start_script(
		"SELECT apikey.reload_master_key();\n" . q{SELECT pg_sleep(0.05);
SELECT apikey.rotate_data_key();
CALL apikey.reencrypt_keys(20);
SELECT apikey.rewrap_data_keys();
SELECT apikey.retire_data_key(id) FROM apikey.key_status WHERE state = 'inactive' AND rows = 0;
} x 50);
}

# Statement by statement, each in a transaction of its own; errors of a
# retirement that comes too early do not stop it.
sub start_script
{
	my ($script) = @_;
	my %run = (out => '');

	$run{handle} = IPC::Run::start(
		[ 'psql', '-X', '-q', '-d', $node->connstr('postgres') . ' application_name=rotation' ],
		'<' => \$script,
		'&>' => \$run{out});
	return \%run;
}

sub kill_one
{
	my ($what) = @_;
	my @victims;

	if ($what eq 'postmaster')
	{
		@victims = ((split(/\n/, slurp_file($node->data_dir . '/postmaster.pid')))[0]);
	}
	else
	{
		@victims = pids($what eq 'rotation' ? q{application_name = 'rotation'} : q{application_name = 'load'});
	}
	return 0 unless @victims;
	kill('KILL', $victims[ rand @victims ]);
	return 1;
}

# Until the server is up again, by itself or with help.
sub bring_back
{
	my ($what) = @_;

	if ($what eq 'postmaster')
	{
		# Its children notice by themselves; a new one starts after the last.
		for (1 .. 300)
		{
			$node->{_pid} = undef;
			last if $node->start(fail_ok => 1);
			usleep(100_000);
		}
		return;
	}
	usleep(50_000);
	for (1 .. 600)
	{
		my $answer = '';
		last if $node->psql('postgres', 'SELECT 1', stdout => \$answer, stderr => \my $ignored) == 0;
		usleep(100_000);
	}
}

my %killed;
for my $round (1 .. $rounds)
{
	my $what = ('backend', 'rotation', 'postmaster')[ int(rand(3)) ];
	my $load = start_load();
	my $rotation = start_rotations();

	usleep(int(rand(700_000)) + 100_000);
	my $done = kill_one($what);
	$killed{$what} += $done;
	$load->kill_kill if $what eq 'postmaster';
	bring_back($what);
	eval { $load->kill_kill };
	eval { $rotation->{handle}->kill_kill };
	wait_for($node, q{SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name IN ('load', 'rotation')});

	my $title = "round $round, $what";
	check_rows($node, $title);
	like(finish_sql(start_sql($node, 'CALL apikey.reencrypt_keys()')),
		qr/keys re-encrypted: \d+, not opened: 0$/m, "$title: the rotation is resumed and ends");
	is(rows_left($node), '0', "$title: nothing is left under an older key");
	is( $node->safe_psql(
			'postgres',
			q{SELECT count(*) FROM apikey.api_keys k FULL JOIN ledger l USING (user_id, name) WHERE k.id IS NULL OR l.value IS NULL}),
		'0',
		"$title: no key is lost, and none there that was not stored");
	# What was interrupted is done again; the next round takes the oldest
	# master key away.
	$node->safe_psql('postgres', 'SELECT apikey.rewrap_data_keys()');
	last unless Test::More->builder->is_passing;
}
is($node->safe_psql('postgres', q{SELECT count(*), count(DISTINCT (user_id, name)) FROM apikey.api_keys}) =~ /^(\d+)\|\g1$/ ? 'once' : 'doubled',
	'once', 'each key is there once');
is( $node->safe_psql(
		'postgres',
		q{SELECT count(*) FROM apikey.api_keys, times WHERE name LIKE 'key %' AND NOT (created_at = '2020-01-01'
			AND (updated_at = '2021-01-01' OR user_id = 'u0' AND updated_at > began))}),
	'0',
	'times are as the users left them');

# Each value once more, as its user reads it.
for my $user (map { "u$_" } 0 .. 9)
{
	is( (run_as($node, $user,
				qq{SELECT count(*) FROM apikey.keys k WHERE apikey.reveal_key(id) <> (SELECT value FROM ledger l WHERE l.user_id = k.user_id AND l.name = k.name)}))[0],
		'0', "every value of $user is the right one");
}
is($node->safe_psql('postgres', q{SELECT count(DISTINCT master_key) FROM apikey.key_status WHERE master_key IS NOT NULL}),
	'1', 'all data keys are under the newest master key');
note(join(', ', map { "$_: $killed{$_}" } sort keys %killed) . ' killed');
my $all = 0;
$all += $_ for values %killed;
cmp_ok($all, '>', $rounds / 2, 'there was something to kill');
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM ledger'), '>', initial_rows, 'the load stored keys');
$node->stop;
done_testing();
