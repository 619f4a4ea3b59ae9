# A hot standby: it lists and reveals keys, refuses to write, notices in its
# sessions' caches what the primary changes, and is promoted.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use ApikeyTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my ($primary, $key_file) =
  new_node('primary', init => [ allows_streaming => 1 ]);

is( (run_as(
			$primary, 'u1',
			q{SELECT apikey.create_key('first', 'custom', 'value-first'), apikey.create_key('gone', 'custom', 'value-gone')}
		))[1],
	'',
	'keys on the primary');
run_as($primary, 'u1', q{SELECT apikey.delete_key('gone')});
is( (run_as($primary, 'u2',
			q{SELECT apikey.create_key('n', 'custom', 'value-of-n')}))[1],
	'',
	q{and another user's});
$primary->safe_psql('postgres',
	q{CREATE TABLE people (id text PRIMARY KEY);
	  INSERT INTO people VALUES ('u1');
	  CREATE TABLE linked (id bigint PRIMARY KEY);
	  INSERT INTO linked VALUES (1);
	  SELECT apikey.link_users('linked', 'id', prefix => 'linked:');
	  SELECT apikey.create_model_view('model');
	  GRANT SELECT, INSERT, UPDATE, DELETE ON model TO PUBLIC});
$primary->safe_psql('postgres',
	q{SELECT apikey.rotate_data_key('column');
	  CREATE TABLE secrets AS SELECT apikey.encrypt('secret', 'here') AS v});
$primary->backup('base');

# The standby has its own master key file, with the same key.
my $standby = PostgreSQL::Test::Cluster->new('standby');
my $standby_key = put_master_keys(
	PostgreSQL::Test::Utils::tempdir_short() . '/master.key',
	slurp_file($key_file) =~ s/\n//r);
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->append_conf('postgresql.conf',
	"apikey.master_key_source = 'file:$standby_key'");
$standby->start;

sub catch_up
{
	$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
}

catch_up();
is($standby->safe_psql('postgres', 'SELECT pg_is_in_recovery()'),
	't', 'the standby is in recovery');

# ----------------------------------------------------------------------
# Reading
# ----------------------------------------------------------------------

sub reads
{
	my ($sql, $wanted, $title) = @_;
	my ($out, $state, $messages) = run_as($standby, 'u1', $sql);

	is($state || $out, $wanted, "standby: $title") or diag($messages);
}

reads('SELECT name FROM apikey.keys', 'first', 'keys are listed');
reads('SELECT name FROM apikey.deleted_keys', 'gone',
	'deleted keys are listed');
reads(q{SELECT apikey.reveal_key('first')}, 'value-first', 'reveal_key');
reads(
	q{SELECT apikey.reveal_key(id) FROM apikey.keys},
	'value-first', 'reveal_key by id');
reads(q{SELECT apikey.reveal_env()}, '{}', 'reveal_env');
reads(q{SELECT name, value IS NULL, usable FROM model}, 'first|t|t', 'a model view');
reads(q{SELECT apikey.reveal_key('first') FROM apikey.set_user_id('u1')}, 'value-first', 'identity and value in one statement');
reads(q{SELECT apikey.reveal_key('gone')}, 'KA005', 'a deleted key');
reads(q{SELECT apikey.reveal_key('n')}, 'KA005', q{another user's key});
reads(q{SELECT count(*) FROM apikey.check_key('groq', 'none')},
	'1', 'check_key');
reads(q{SELECT 'custom' IN (SELECT apikey.detect_key_type('some-value'))},
	't', 'detect_key_type');
is($standby->safe_psql('postgres', 'SELECT * FROM apikey.verify_keys()'),
	'', 'standby: verify_keys');
is( $standby->safe_psql('postgres',
		q{SELECT user_id FROM apikey.find_keys('value-of-n')}),
	'u2',
	'standby: find_keys');
is( $standby->safe_psql('postgres', q{SELECT apikey.decrypt(v, 'here') FROM secrets}),
	'secret',
	'standby: decrypt');
is( $standby->safe_psql('postgres', q{SELECT length(apikey.encrypt('secret', 'here')::text) > 50}),
	't',
	'standby: encrypt');
is( $standby->safe_psql('postgres',
		q{SELECT (SELECT count(*) FROM apikey.key_usage), sum(value) FILTER (WHERE name = 'apikey_usage_write_failures_total'),
			sum(value) FILTER (WHERE name = 'apikey_reveals_total') > 0 FROM apikey.metrics}),
	'0|0|t',
	'standby: a use is counted, and nothing tries to record it');
is( $standby->safe_psql('postgres',
		q{SELECT item, value FROM apikey.status() WHERE severity = 'error'}),
	'',
	'standby: status() finds no fault');

# ----------------------------------------------------------------------
# Writing is refused, with PostgreSQL's own error for a standby
# ----------------------------------------------------------------------

for my $sql (
	q{SELECT apikey.create_key('new', 'custom', 'some-value')},
	q{SELECT apikey.set_key('first', 'custom', 'some-value')},
	q{SELECT apikey.update_key('first', new_value => 'some-value')},
	q{SELECT apikey.update_key('first', new_metadata => '{}')},
	q{SELECT apikey.disable_key('first')},
	q{SELECT apikey.enable_key('first')},
	q{SELECT apikey.delete_key('first')},
	q{SELECT apikey.restore_key(id) FROM apikey.deleted_keys},
	q{SELECT apikey.purge_key(id) FROM apikey.deleted_keys},
	q{SELECT apikey.purge_own_keys()},
	q{INSERT INTO model (name, key_type, value) VALUES ('new', 'custom', 'some-value')},
	q{UPDATE model SET value = 'some-value'},
	q{UPDATE model SET is_active = false},
	q{DELETE FROM model})
{
	my ($out, $state, $messages) = run_as($standby, 'u1', $sql);

	is($state, '25006', "standby: refused: $sql") or diag($messages);
	like(
		$messages,
		qr/cannot execute (?:a change of API keys|INSERT|UPDATE|DELETE) (?:during recovery|in a read-only transaction)/,
		'as on any standby');
	unlike($messages, qr/some-value/, 'without the value');
}
for my $sql (
	q{SELECT apikey.rotate_data_key()},
	q{SELECT apikey.purge_user('u1')},
	q{SELECT apikey.purge_deleted('0')},
	q{SELECT apikey.rewrap_data_keys()},
	q{CALL apikey.reencrypt_keys()},
	q{SELECT apikey.retire_data_key(id) FROM apikey.key_status},
	q{SELECT apikey.move_keys('u1', 'u3')},
	q{SELECT apikey.abandon_lost_data_keys()},
	q{SELECT apikey.create_key_for('linked:1', 'new', 'custom', 'some-value')},
	q{SELECT apikey.link_users('people', 'id', prefix => 'p:')},
	q{SELECT apikey.unlink_users('linked')},
	q{SELECT apikey.create_model_view('another')},
	q{CREATE TABLE users (id text PRIMARY KEY)})
{
	my ($out, $state, $messages) = run_sql($standby, $sql);

	is($state, '25006', "standby: refused: $sql") or diag($messages);
}

# A read-only transaction on the primary is refused in the same way.
is( (run_as(
			$primary, 'u1',
			q{SET TRANSACTION READ ONLY; SELECT apikey.create_key('new', 'custom', 'some-value')}
		))[1],
	'25006',
	'a read-only transaction on the primary');
is( (run_as(
			$primary, 'u1',
			q{SET TRANSACTION READ ONLY; SELECT apikey.reveal_key('first')}))[0],
	'value-first',
	'which can reveal');

# ----------------------------------------------------------------------
# Changes on the primary reach the caches of a session on the standby
# ----------------------------------------------------------------------

my $session = new_session($standby);

ask($session, q{PREPARE reveal(text) AS SELECT apikey.reveal_key($1)});

# A new transaction each time, whether it fails or not.
sub session_reads
{
	my ($name) = @_;
	my $answer = ask($session, "BEGIN; SELECT apikey.set_user_id('u1') \\gset apikey_
EXECUTE reveal('$name')");

	ask($session, 'ROLLBACK');
	return $answer;
}

# A reload reaches the session some time later.
sub session_reads_soon
{
	my ($name, $wanted) = @_;

	for (1 .. 1800)
	{
		last if session_reads($name) eq $wanted;
		usleep(100_000);
	}
	return session_reads($name);
}

is(session_reads('first'), 'value-first', 'a session on the standby reveals');
for my $round (1 .. 3)
{
	$primary->safe_psql('postgres', 'SELECT apikey.rotate_data_key()');
	run_as($primary, 'u1',
		"SELECT apikey.create_key('r$round', 'custom', 'value-r$round')");
	catch_up();
	is(session_reads("r$round"),
		"value-r$round", "rotation $round: it decrypts a value with the new key");
	is(session_reads('first'), 'value-first', 'and an older one');
}

is( scalar ask($session, q{SELECT count(*) FROM apikey.check_key('acme', 'some-value')}),
	'22023',
	'a type that does not exist');
$primary->safe_psql('postgres',
	q{INSERT INTO apikey.custom_key_types (key_type, label) VALUES ('acme', 'Acme')});
catch_up();
is( scalar ask($session, q{SELECT count(*) FROM apikey.check_key('acme', 'some-value')}),
	'0',
	'a new type is known to it');

# The standby's own master key.
put_master_keys($standby_key, random_key());
$standby->reload;
is(session_reads_soon('first', 'KA002'),
	'KA002', 'a wrong master key on the standby');
is((run_as($primary, 'u1', q{SELECT apikey.reveal_key('first')}))[0],
	'value-first', 'does not affect the primary');
put_master_keys($standby_key, slurp_file($key_file) =~ s/\n//r);
$standby->reload;
is(session_reads_soon('first', 'value-first'),
	'value-first', 'the right one again');

# ----------------------------------------------------------------------
# Promotion
# ----------------------------------------------------------------------

$primary->stop;
$standby->promote;
is( scalar ask(
		$session, q{BEGIN; SELECT apikey.set_user_id('u1') \gset apikey_
SELECT apikey.create_key('promoted', 'custom', 'value-promoted') IS NOT NULL; COMMIT}
	),
	't',
	'promoted: the same session stores');
is(session_reads('promoted'), 'value-promoted', 'promoted: and reveals');
is((run_sql($standby, 'SELECT apikey.rotate_data_key() IS NOT NULL'))[0],
	't', 'promoted: data keys are rotated');
is( (run_as(
			$standby, 'u1',
			q{SELECT apikey.create_key('later', 'acme', 'value-later')}))[1],
	'',
	'promoted: other sessions store');
is(session_reads('later'), 'value-later', 'promoted: which the first one reads');
is($standby->safe_psql('postgres', 'SELECT * FROM apikey.verify_keys()'),
	'', 'promoted: every key can be decrypted');
$session->quit;
$standby->stop;

done_testing();
