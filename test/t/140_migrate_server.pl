# Migrating to another server: a base backup with the right and the wrong master
# key, a standby that follows a rotation of the master key and is promoted in the
# middle of a rotation of data keys, logical replication to another cluster, and
# pg_upgrade.  Dump and restore are tested in 040_dump_restore.pl, a standby in
# general in 070_standby.pl.
#
# If OLD_PG_CONFIG names the pg_config of an older major version with the
# extension, the old servers use that version; otherwise pg_upgrade is skipped.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use ApikeyTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

use constant USERS => 5;
use constant ROWS => 400;

my ($first_key, $second_key, $other_key) = map { random_key() } 1 .. 3;
my $app_role = ApikeyTest::app_role;

sub key_file
{
	my (@keys) = @_;

	return put_master_keys(
		PostgreSQL::Test::Utils::tempdir_short() . '/master.key', @keys);
}

# Every user's keys and their values, as the application sees them.
sub values_of
{
	my ($node) = @_;
	my @lines;

	for my $user (0 .. USERS - 1)
	{
		my ($out, $state) = run_as($node, "u$user",
			'SELECT user_id, name, apikey.reveal_key(id) FROM apikey.keys ORDER BY name'
		);

		push(@lines, $state || $out);
	}
	return join("\n", @lines);
}

# Everything that is stored, to check whether anything was written.
sub stored
{
	my ($node) = @_;

	return join("\n",
		map { $node->safe_psql('postgres', "SELECT * FROM apikey.$_ ORDER BY 1, 2") }
		  'data_keys', 'api_keys', 'custom_key_types', 'user_links');
}

sub not_decrypted
{
	my ($node) = @_;

	return $node->safe_psql('postgres', 'SELECT * FROM apikey.verify_keys()');
}

# The number of rows that do not use the newest data key.
sub left
{
	my ($node) = @_;

	return $node->safe_psql(
		'postgres', q{
SELECT count(*) FROM apikey.api_keys WHERE apikey.data_key_id(encrypted_value) <>
	(SELECT id FROM apikey.data_keys WHERE purpose = 'value' AND deactivated_at IS NULL
	 ORDER BY created_at DESC LIMIT 1)});
}

# One transaction in a lasting session, whether it fails or not.
sub session_reads
{
	my ($session, $user, $name) = @_;
	my $answer = ask($session,
		"BEGIN; SELECT apikey.set_user_id('$user') \\gset apikey_
SELECT apikey.reveal_key('$name')");

	ask($session, 'ROLLBACK');
	return $answer;
}

# The same, repeated until the wanted answer: a reload takes some time to arrive.
sub session_reads_soon
{
	my ($session, $user, $name, $wanted) = @_;

	for (1 .. 1800)
	{
		last if session_reads($session, $user, $name) eq $wanted;
		usleep(100_000);
	}
	return session_reads($session, $user, $name);
}

# Retire every inactive data key.
sub retire_all
{
	my ($node) = @_;

	return $node->safe_psql(
		'postgres', q{
SELECT count(apikey.retire_data_key(id)) FROM apikey.data_keys
	WHERE purpose = 'value' AND deactivated_at IS NOT NULL AND destroyed_at IS NULL});
}

# ----------------------------------------------------------------------
# The old server
# ----------------------------------------------------------------------

sub ask_pg_config
{
	my ($pg_config, $what) = @_;

	chomp(my $answer = `'$pg_config' $what`);
	return $answer;
}

my $old_bindir =
  $ENV{OLD_PG_CONFIG} && ask_pg_config($ENV{OLD_PG_CONFIG}, '--bindir');
my @of_old_major =
  $old_bindir ? (install_path => $old_bindir =~ s{/bin$}{}r) : ();

# Checksums, whatever the default of the major version: for pg_upgrade both servers
# must agree.  Not allows_streaming, since PostgreSQL 18's module then uses settings
# that older versions lack.
my ($primary, $primary_key) = new_node(
	'primary',
	master_key => key_file($first_key),
	cluster => \@of_old_major,
	init => [ extra => ['--data-checksums'] ],
	conf => "wal_level = logical\nmax_wal_senders = 10\n");
my $half = ROWS / 2;

$primary->safe_psql('postgres', $_)
  for "SELECT count(apikey.create_key_for('u' || i % ${\USERS}, 'k' || i, 'custom', 'value-of-' || i))
	FROM generate_series(1, $half) i",
  'SELECT apikey.rotate_data_key()',
  "SELECT count(apikey.create_key_for('u' || i % ${\USERS}, 'k' || i, 'custom', 'value-of-' || i))
	FROM generate_series($half + 1, ${\ROWS}) i",
  q{INSERT INTO apikey.custom_key_types (key_type, label, pattern, prefixes)
	VALUES ('acme', 'Acme', '^acme_[a-z]{6}$', '{acme_}')};

my $values = values_of($primary);
is(scalar(() = $values =~ /^u\d\|k(\d+)\|value-of-\1$/mg),
	ROWS, 'the old server has keys');

# ----------------------------------------------------------------------
# A base backup
# ----------------------------------------------------------------------

$primary->backup('base');

sub restored
{
	my ($name, $key_file, @options) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name, @of_old_major);

	$node->init_from_backup($primary, 'base', @options);
	$node->append_conf('postgresql.conf',
		"apikey.master_key_source = 'file:$key_file'");
	$node->start;
	return $node;
}

my $copy_key = key_file($other_key);
my $copy = restored('copy', $copy_key);
my $before = stored($copy);
my $needed = $copy->safe_psql('postgres',
	'SELECT DISTINCT master_key FROM apikey.key_status');

for my $sql (
	q{SELECT apikey.create_key('new', 'custom', 'some-value')},
	q{SELECT apikey.set_key('k5', 'custom', 'some-value')},
	q{SELECT apikey.update_key('k5', new_name => 'late')},
	q{SELECT apikey.reveal_key('k5')})
{
	my (undef, $state, $messages) = run_as($copy, 'u0', $sql);

	is($state, 'KA002', "another master key: $sql");
	like($messages, qr/ERROR: .*\Q$needed\E/, 'which names the fingerprint');
}
for my $sql (
	'SELECT apikey.rotate_data_key()',
	'SELECT apikey.rewrap_data_keys()',
	'CALL apikey.reencrypt_keys()')
{
	is((run_sql($copy, $sql))[1], 'KA002', "another master key: $sql");
}
is(stored($copy), $before, 'another master key: nothing was written');
is($copy->safe_psql('postgres', 'SELECT count(*) FROM apikey.rotation_progress'),
	'0', 'nor recorded as progress');
is((run_as($copy, 'u0', 'SELECT count(*) FROM apikey.keys'))[0],
	ROWS / USERS, 'another master key: keys are listed');
put_master_keys($copy_key, $first_key);
$copy->reload;
is(values_of($copy), $values, 'the same master key: every value can be decrypted');
is(not_decrypted($copy), '', 'as verify_keys() confirms');
is( (run_as($copy, 'u0',
			q{SELECT apikey.create_key('new', 'acme', 'acme_abcdef'); SELECT apikey.reveal_key('new')}
		))[0] =~ s/.*\n//r,
	'acme_abcdef',
	'and the copy can store keys');
$copy->stop;

# ----------------------------------------------------------------------
# The master key is rotated, and a session on a standby follows
# ----------------------------------------------------------------------

my $standby_key = key_file($first_key);
my $standby = restored('standby', $standby_key, has_streaming => 1);
my $session = new_session($standby);

# By its name: given the standby itself, PostgreSQL 19's module runs WAIT FOR there,
# which an older server does not know.
sub catch_up
{
	$primary->wait_for_catchup($standby->name, 'replay', $primary->lsn('insert'));
}

catch_up();
is(session_reads($session, 'u1', 'k1'),
	'value-of-1', 'a session on the standby reveals');
put_master_keys($primary_key, $second_key, $first_key);
$primary->reload;
is($primary->safe_psql('postgres', 'SELECT apikey.rewrap_data_keys()'),
	'2', 'the primary rewraps its data keys with a new master key');
catch_up();
is(session_reads($session, 'u1', 'k1'),
	'KA002', 'the standby, which does not have it yet, says that it is required');
put_master_keys($standby_key, $second_key, $first_key);
$standby->reload;
is(session_reads_soon($session, 'u1', 'k1', 'value-of-1'),
	'value-of-1', 'with both, the same session reveals again');
put_master_keys($_, $second_key) for $primary_key, $standby_key;
$_->reload for $primary, $standby;
is(values_of($standby), $values, 'with only the new one, every value can be decrypted');
is(values_of($primary), $values, 'also on the primary');
is(session_reads($session, 'u1', 'k1'), 'value-of-1', 'and in that session');

# ----------------------------------------------------------------------
# Promotion in the middle of a rotation
# ----------------------------------------------------------------------

$primary->safe_psql('postgres', 'SELECT apikey.rotate_data_key()');
my $messages = '';
my $run = IPC::Run::start(
	[
		'psql', '--no-psqlrc', '--dbname', $primary->connstr('postgres'),
		'--command', q{CALL apikey.reencrypt_keys(10, '0.2 s')}
	],
	'<', \undef, '&>', \$messages);

$primary->poll_query_until('postgres',
	"SELECT coalesce((SELECT rows_done >= 100 FROM apikey.rotation_progress), false)"
) or die 'the rotation did not begin';
is( $standby->safe_psql('postgres', 'SELECT state FROM apikey.rotation_progress') =~ /^(|unknown)$/,
	1,
	'the standby does not run it');
$primary->stop('immediate');
$run->finish;
$standby->promote;
my $left = left($standby);
cmp_ok($left, '>', 0, "promoted during a rotation: $left rows are left");
cmp_ok($left, '<', ROWS, 'and others are re-encrypted');
is(values_of($standby), $values, 'every row can be decrypted on the new primary');
is(not_decrypted($standby), '', 'as verify_keys() confirms');
is($standby->safe_psql('postgres', 'SELECT state FROM apikey.rotation_progress'),
	'interrupted', 'the rotation is shown as interrupted');
is((run_sql(
			$standby,
			q{SELECT apikey.retire_data_key(id) FROM apikey.key_status WHERE rows > 0 AND state <> 'active'}
		))[1],
	'55000',
	'a data key that rows need is kept');
is((run_sql($standby, 'CALL apikey.reencrypt_keys()'))[1],
	'', 'it is resumed there');
is(left($standby), '0', 'and finishes');
is( $standby->safe_psql('postgres',
		'SELECT state, rows_done, rows_left, rows_failed FROM apikey.rotation_progress'),
	"finished|$left|0|0",
	'having re-encrypted what was left');
is(session_reads($session, 'u1', 'k1'),
	'value-of-1', 'the session that was on the standby continues');
is(retire_all($standby), '2', 'the older data keys are retired');
is(values_of($standby), $values, 'and every row can be decrypted');
is(session_reads($session, 'u1', 'k1'), 'value-of-1', 'in that session too');
$session->quit;

# ----------------------------------------------------------------------
# Logical replication, from the promoted server
# ----------------------------------------------------------------------

my $publisher = $standby;
my $subscriber_key = key_file($second_key);
my ($subscriber) = new_node('subscriber', master_key => $subscriber_key);

# The commands of doc/administration.md, except the connection string.
my $guide = slurp_file("$FindBin::RealBin/../../doc/administration.md");
my ($publish) = $guide =~ /^(CREATE PUBLICATION apikey\b.*?;)$/ms;
my ($replicator) = $guide =~ /^(CREATE ROLE replicator\b.*?;)$/ms;
my ($subscribe) = $guide =~ /^(CREATE SUBSCRIPTION apikey\b.*?;)$/ms;

ok($publish && $replicator && $subscribe, 'doc/administration.md has the commands');
$subscribe =~ s/'.*? options/q{'} . ($publisher->connstr('postgres') =~ s{'}{''}gr) . q{ user=replicator options}/se;
# PostgreSQL 15 neither knows nor needs this option.
$subscribe =~ s/\s*WITH \(run_as_owner = true\)//
  if $subscriber->safe_psql('postgres', 'SHOW server_version_num') < 160000;

$publisher->safe_psql('postgres', $_) for $replicator, $publish;

# A role that is subject to row-level security copies nothing, rather than a part.
$publisher->safe_psql('postgres', 'ALTER ROLE replicator NOBYPASSRLS');
is( (run_sql(
			$publisher,
			'SET row_security = off; COPY apikey.api_keys (id) TO STDOUT',
			user => 'replicator'))[1],
	'42501',
	'without BYPASSRLS the copy fails');
$publisher->safe_psql('postgres', 'ALTER ROLE replicator BYPASSRLS');

$subscriber->safe_psql('postgres', $subscribe);

# Wait until everything that the publisher has committed is applied.
sub applied
{
	$publisher->wait_for_catchup('apikey');
}

$subscriber->poll_query_until('postgres',
	"SELECT count(*) = 3 AND bool_and(srsubstate IN ('r', 's')) FROM pg_subscription_rel")
  or die 'the initial copy did not finish';
applied();
is(values_of($subscriber), $values, 'subscriber: every value can be decrypted');
is(not_decrypted($subscriber), '', 'subscriber: as verify_keys() confirms');
is($subscriber->safe_psql('postgres', q{SELECT item, value FROM apikey.status() WHERE severity = 'error'}),
	'', 'subscriber: status() finds no fault');
is((run_as($subscriber, 'u2', q{SELECT apikey.reveal_key('k1')}))[1],
	'KA005', q{subscriber: not for another user});
is( (run_sql($subscriber, q{SELECT apikey.reveal_key('k1')}, user => $app_role))[1],
	'KA007',
	'subscriber: nor without an identity');
is( (run_sql($subscriber, 'SELECT count(*) FROM apikey.api_keys', user => $app_role))[1],
	'42501',
	'subscriber: nor directly from the table');

$session = new_session($subscriber);
is(session_reads($session, 'u1', 'k1'),
	'value-of-1', 'subscriber: a lasting session reveals');

# A statement of a user on the publisher, and what the session then reads.
sub follows
{
	my ($title, $sql, $name, $wanted) = @_;
	my (undef, $state, $messages) = run_as($publisher, 'u1', $sql);

	is($state, '', "publisher: $title") or diag($messages);
	applied();
	is(session_reads($session, 'u1', $name),
		$wanted, "subscriber: $title");
}

follows('a new key', q{SELECT apikey.create_key('n', 'custom', 'value-of-n')},
	'n', 'value-of-n');
follows('a new value', q{SELECT apikey.update_key('n', new_value => 'value-of-n2')},
	'n', 'value-of-n2');
follows('a new name', q{SELECT apikey.update_key('n', new_name => 'm')},
	'm', 'value-of-n2');
is(session_reads($session, 'u1', 'n'), 'KA005', 'and only with the new name');
follows('disabled', q{SELECT apikey.disable_key('m', 'why')}, 'm', 'KA006');
follows('enabled', q{SELECT apikey.enable_key('m')}, 'm', 'value-of-n2');
follows('deleted', q{SELECT apikey.delete_key('m')}, 'm', 'KA005');
is((run_as($subscriber, 'u1', 'SELECT name, is_active FROM apikey.deleted_keys'))[0],
	'm|f', 'subscriber: and listed as such');
follows('restored', q{SELECT apikey.restore_key(id) FROM apikey.deleted_keys},
	'm', 'value-of-n2');
follows('purged', q{SELECT apikey.purge_key(apikey.delete_key('m'))},
	'm', 'KA005');
is((run_as($subscriber, 'u1', 'SELECT count(*) FROM apikey.deleted_keys'))[0],
	'0', 'subscriber: and gone');

# Key types
my $validate = q{SELECT count(*) FROM apikey.check_key('acme', 'acme_123456')};
is(scalar(ask($session, $validate)), '1', 'subscriber: a custom type validates');
$publisher->safe_psql('postgres',
	q{UPDATE apikey.custom_key_types SET pattern = '^acme_[0-9]{6}$' WHERE key_type = 'acme'});
applied();
is(scalar(ask($session, $validate)), '0', 'subscriber: and its change reaches the session');

# Data keys: a new one, all rows re-encrypted with it, the older one retired.
for my $round (1 .. 2)
{
	$publisher->safe_psql('postgres', 'SELECT apikey.rotate_data_key()');
	follows("round $round, with a new data key",
		"SELECT apikey.create_key('r$round', 'custom', 'value-r$round')",
		"r$round", "value-r$round");
	is(session_reads($session, 'u1', 'k1'),
		'value-of-1', "round $round, subscriber: and with the older one");
	is((run_sql($publisher, 'CALL apikey.reencrypt_keys(50)'))[1],
		'', "round $round, publisher: re-encrypted");
	applied();
	is(left($subscriber), '0', "round $round, subscriber: every row uses the new one");
	is(session_reads($session, 'u1', 'k1'),
		'value-of-1', "round $round, subscriber: and can be decrypted in the session");
	is(retire_all($publisher), '1', "round $round, publisher: one is retired");
	applied();
	is(session_reads($session, 'u1', 'k1'),
		'value-of-1', "round $round, subscriber: the session no longer needs it");
	is(not_decrypted($subscriber), '', "round $round, subscriber: nor does any row");
}
is(values_of($subscriber), values_of($publisher), 'both show the same');
is(stored($subscriber), stored($publisher), 'and store the same');
is( $subscriber->safe_psql('postgres',
		q{SELECT user_id, name FROM apikey.find_keys('value-of-7')}),
	'u2|k7',
	'subscriber: keys are found by value');

# The master key, on the subscriber first.
put_master_keys($subscriber_key, $second_key, $other_key);
put_master_keys($standby_key, $other_key, $second_key);
$_->reload for $subscriber, $publisher;
is($publisher->safe_psql('postgres', 'SELECT apikey.rewrap_data_keys()'),
	'1', 'publisher: rewrapped with a third master key');
applied();
is(session_reads_soon($session, 'u1', 'k1', 'value-of-1'),
	'value-of-1', 'subscriber: the session reveals');
put_master_keys($subscriber_key, $first_key);
$subscriber->reload;
is(session_reads_soon($session, 'u1', 'k1', 'KA002'),
	'KA002', 'subscriber: with another master key it does not');
follows('with another master key rows still arrive',
	q{SELECT apikey.create_key('late', 'custom', 'value-late')},
	'late', 'KA002');
put_master_keys($subscriber_key, $other_key);
$subscriber->reload;
is(session_reads_soon($session, 'u1', 'late', 'value-late'),
	'value-late', 'subscriber: with the right one they can be decrypted');

# Users tables are linked on both sides; a deleted user's keys are deleted on both.
$_->safe_psql('postgres', 'CREATE TABLE users (id text PRIMARY KEY)')
  for $publisher, $subscriber;
$publisher->safe_psql('postgres', $_)
  for "INSERT INTO users SELECT 'u' || i FROM generate_series(0, ${\USERS}) i",
  'ALTER PUBLICATION apikey ADD TABLE users';
$subscriber->safe_psql('postgres', 'ALTER SUBSCRIPTION apikey REFRESH PUBLICATION');
$subscriber->poll_query_until('postgres',
	"SELECT count(*) = 4 AND bool_and(srsubstate IN ('r', 's')) FROM pg_subscription_rel")
  or die 'the users were not copied';
$_->safe_psql('postgres', q{SELECT apikey.link_users('users', 'id')})
  for $publisher, $subscriber;
$publisher->safe_psql('postgres', q{DELETE FROM users WHERE id = 'u4'});
applied();
is( $subscriber->safe_psql('postgres',
		q{SELECT count(*) FROM apikey.api_keys WHERE user_id = 'u4'}),
	'0',
	q{subscriber: a deleted user's keys are deleted});
is(stored($subscriber), stored($publisher), 'and both store the same');

# The migration is finished: the subscriber continues alone.
$subscriber->safe_psql('postgres', 'DROP SUBSCRIPTION apikey');
($values, $before) = (values_of($publisher), stored($publisher));
my $old_attver = $publisher->safe_psql('postgres',
	q{SELECT count(*) > 0 FROM pg_attribute WHERE attoptions::text LIKE '%pg_attver%'});
$publisher->stop;
is( session_reads_soon($session, 'u1', 'k1', 'value-of-1'),
	'value-of-1', 'alone: the session continues');
is( (run_as(
			$subscriber, 'u1',
			q{SELECT apikey.create_key('own', 'custom', 'value-own')}))[1],
	'',
	'alone: it stores');
is(session_reads($session, 'u1', 'own'), 'value-own', 'alone: and reveals');
is( (run_as($subscriber, 'u4', q{SELECT apikey.create_key('n', 'custom', 'value-own')}))[1],
	'22023',
	'alone: but only for existing users');
$subscriber->safe_psql('postgres', 'SELECT apikey.rotate_data_key()');
is((run_sql($subscriber, 'CALL apikey.reencrypt_keys()'))[1],
	'', 'alone: its keys are rotated');
is(left($subscriber), '0', 'alone: all of them');
is(retire_all($subscriber), '1', 'alone: and the older data key is retired');
is(not_decrypted($subscriber), '', 'alone: every row can be decrypted');
$session->quit;

# A new server from before November 2026 cannot restore the tables of an old one from
# after it, as doc/administration.md says.
my $too_old = $old_attver eq 't'
  && (run_sql($subscriber, 'BEGIN; CREATE TABLE t (a int); ALTER TABLE t ALTER a SET (pg_attver = 1); ROLLBACK'))[2]
  =~ /unrecognized parameter "pg_attver"/;
$subscriber->stop;

# ----------------------------------------------------------------------
# pg_upgrade of the old server
# ----------------------------------------------------------------------

SKIP:
{
	skip 'pg_upgrade: OLD_PG_CONFIG names no older PostgreSQL', 1
	  if !$old_bindir;
	skip 'pg_upgrade: the new PostgreSQL is a minor release too old for the old one', 1
	  if $too_old;
	my $new = PostgreSQL::Test::Cluster->new('new');
	my $new_bindir = ask_pg_config('pg_config', '--bindir');

	$new->init(extra => ['--data-checksums']);
	$new->append_conf(
		'postgresql.conf', qq{
shared_preload_libraries = 'apikey'
apikey.master_key_source = 'file:$standby_key'
});
	chdir(PostgreSQL::Test::Utils::tempdir());
	command_ok(
		[
			'pg_upgrade', '--no-sync',
			'--old-bindir', $old_bindir, '--new-bindir', $new_bindir,
			'--old-datadir', $publisher->data_dir, '--new-datadir', $new->data_dir,
			'--old-port', $publisher->port, '--new-port', $new->port,
			'--socketdir', $new->host
		],
		'pg_upgrade from ' . join(' to ',
			map { ask_pg_config($_, '--version') } $ENV{OLD_PG_CONFIG}, 'pg_config'));
	$new->start;
	is(values_of($new), $values, 'upgraded: every value can be decrypted');
	is(stored($new), $before, 'upgraded: everything else is the same');
	is($new->safe_psql('postgres', q{SELECT item, value FROM apikey.status() WHERE severity = 'error'}),
		'', 'upgraded: status() finds no fault');
	$new->safe_psql('postgres', q{DELETE FROM users WHERE id = 'u3'});
	is( $new->safe_psql('postgres',
			q{SELECT count(*) FROM apikey.api_keys WHERE user_id = 'u3'}),
		'0',
		q{upgraded: a deleted user's keys are deleted});
	$new->safe_psql('postgres', 'SELECT apikey.rotate_data_key()');
	is((run_sql($new, 'CALL apikey.reencrypt_keys()'))[1],
		'', 'upgraded: keys are rotated');
	is(retire_all($new), '1', 'upgraded: and the older data key is retired');
	is(not_decrypted($new), '', 'upgraded: every row can be decrypted');
	$new->stop;
}

done_testing();
