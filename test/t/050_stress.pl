# Many sessions at once: for APIKEY_STRESS_SECONDS (default: 60), 32 sessions create,
# reveal, update, rename, delete, restore and purge keys of the same users, while
# data keys are rotated and the master key is re-read.
#
# Each value contains its user and name, so that each reveal is checked at once;
# any deviation raises an error, which ends a client of pgbench and fails the
# test.  A ledger, written in the same transactions, shows afterwards which keys
# must exist.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use ApikeyTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

my $seconds = $ENV{APIKEY_STRESS_SECONDS} || 60;
my $app_role = ApikeyTest::app_role;

my ($node) = new_node('main', conf => "log_statement = none\n");

$node->safe_psql('postgres', $_)
  for "CREATE SCHEMA stress AUTHORIZATION $app_role",
  "SET ROLE $app_role" . q{;
-- What happened to each key: written by the transaction that changed it.
CREATE TABLE stress.ledger (user_id text, id uuid, what text);
CREATE SEQUENCE stress.serial;

-- A value contains its user, its name, and one of nine versions.
CREATE FUNCTION stress.value(user_id text, name text, version int) RETURNS text
	LANGUAGE sql AS $$ SELECT user_id || '/' || name || '/' || version || '/' || md5(user_id || name || version) $$;

CREATE FUNCTION stress.check_value(user_id text, name text, value text) RETURNS void
	LANGUAGE plpgsql AS $$
BEGIN
	IF value IS NULL OR value NOT IN (SELECT stress.value(user_id, name, i) FROM generate_series(1, 9) i) THEN
		RAISE 'user % has a wrong value under %', user_id, name;
	END IF;
END $$;

-- One action on a name that other sessions use as well.  It may fail because the
-- name is in use or gone, or because the key is no longer deleted.
CREATE FUNCTION stress.act(my_id text, my_name text, action int) RETURNS text
	LANGUAGE plpgsql AS $$
DECLARE
	version int := 1 + action % 9;
	other_name text := my_name || '-renamed';
	what text;
	key uuid;
	foreigners bigint;
BEGIN
	CASE
		WHEN action < 25 THEN
			key := apikey.create_key(my_name, 'custom', stress.value(my_id, my_name, version));
			what := 'created';
		WHEN action < 60 THEN
			PERFORM stress.check_value(my_id, my_name, apikey.reveal_key(my_name));
			what := 'revealed';
		WHEN action < 70 THEN
			PERFORM apikey.update_key(my_name, new_value => stress.value(my_id, my_name, version));
			what := 'updated';
		WHEN action < 75 THEN
			-- the value contains the name, so it changes too
			PERFORM apikey.update_key(my_name, new_name => other_name,
				new_value => stress.value(my_id, other_name, version));
			what := 'renamed';
		WHEN action < 85 THEN
			PERFORM stress.check_value(my_id, other_name, apikey.reveal_key(other_name));
			key := apikey.delete_key(other_name);
			what := 'deleted';
		WHEN action < 93 THEN
			key := apikey.delete_key(my_name);
			what := 'deleted';
		WHEN action < 96 THEN
			SELECT id INTO key FROM apikey.deleted_keys WHERE name = my_name LIMIT 1;
			IF key IS NOT NULL THEN
				PERFORM apikey.restore_key(key);
				what := 'restored';
			END IF;
		WHEN action < 98 THEN
			SELECT id INTO key FROM apikey.deleted_keys LIMIT 1;
			IF key IS NOT NULL THEN
				PERFORM apikey.purge_key(key);
				what := 'purged';
			END IF;
		ELSE
			SELECT count(*) INTO foreigners FROM apikey.keys WHERE user_id <> my_id;
			IF foreigners > 0 THEN
				RAISE 'user % sees keys of others', my_id;
			END IF;
			what := 'listed';
	END CASE;
	INSERT INTO stress.ledger VALUES (my_id, key, what);
	RETURN what;
EXCEPTION
	WHEN SQLSTATE 'KA005' OR unique_violation OR object_not_in_prerequisite_state THEN
		INSERT INTO stress.ledger VALUES (my_id, NULL, SQLSTATE);
		RETURN SQLSTATE;
END $$;
};

# Names that sessions share: 8 users with 6 names each.
my $shared = q{
\set u random(1, 8)
\set n random(1, 6)
\set action random(0, 99)
BEGIN;
SELECT apikey.set_user_id('user-' || :u::int);
SELECT stress.act('user-' || :u::int, 'name-' || :n::int, :action::int);
COMMIT;
};

# A key that only one session uses, from creation to purge, in several
# transactions; every step must succeed.
my $own = q{
\set u random(1, 8)
\set v random(1, 9)
SELECT nextval('stress.serial') AS serial \gset
BEGIN;
SELECT apikey.set_user_id('user-' || :u::int);
SELECT apikey.create_key('own-' || :serial::text, 'custom', stress.value('user-' || :u::int, 'own-' || :serial::text, :v::int), metadata => '{"own": true}') AS id \gset
INSERT INTO stress.ledger VALUES ('user-' || :u::int, :id, 'created');
SELECT stress.check_value('user-' || :u::int, 'own-' || :serial::text, apikey.reveal_key('own-' || :serial::text));
COMMIT;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT apikey.set_user_id('user-' || :u::int);
SELECT stress.check_value('user-' || :u::int, 'own-' || :serial::text, apikey.reveal_key(:id::uuid));
SELECT apikey.update_key(:id::uuid, new_name => 'mine-' || :serial::text);
SELECT stress.check_value('user-' || :u::int, 'own-' || :serial::text, apikey.reveal_key('mine-' || :serial::text));
COMMIT;
BEGIN;
SELECT apikey.set_user_id('user-' || :u::int);
SAVEPOINT s;
SELECT apikey.update_key('mine-' || :serial::text, new_value => 'never-to-be-seen');
ROLLBACK TO s;
SELECT stress.check_value('user-' || :u::int, 'own-' || :serial::text, apikey.reveal_key('mine-' || :serial::text));
SELECT apikey.delete_key(:id::uuid);
SELECT CASE WHEN :v % 2 = 0 THEN apikey.purge_key(:id::uuid) END;
INSERT INTO stress.ledger SELECT 'user-' || :u::int, :id, 'purged' WHERE :v % 2 = 0;
COMMIT;
};

# ----------------------------------------------------------------------
# The run: half of the sessions use the simple protocol, half prepared statements
# ----------------------------------------------------------------------

my $dir = PostgreSQL::Test::Utils::tempdir_short();
append_to_file("$dir/shared", $shared);
# pgbench replaces variables in quotes as well, but only in the simple protocol
append_to_file("$dir/own.simple", $own =~ s/:id\b/':id'/gr);
append_to_file("$dir/own.prepared", $own);

my %runs;
for my $mode ('simple', 'prepared')
{
	my ($out, $err) = ('', '');

	$runs{$mode} = {
		out => \$out,
		err => \$err,
		handle => IPC::Run::start(
			[
				'pgbench', '--no-vacuum',
				'--client=16', '--jobs=1',
				"--time=$seconds", "--protocol=$mode",
				"--file=$dir/shared\@3", "--file=$dir/own.$mode\@1",
				"--username=$app_role", '--host=' . $node->host,
				'--port=' . $node->port, 'postgres'
			],
			'>' => \$out,
			'2>' => \$err)
	};
}

my $rotations = 0;
my $end = time() + $seconds;
while (time() < $end)
{
	usleep(700_000);
	$rotations++;
	my ($out, $state, $messages) =
	  run_sql($node, 'SELECT apikey.rotate_data_key()');
	is($state, '', 'a rotation') or diag($messages) if $state ne '';
	$node->safe_psql('postgres', 'SELECT apikey.reload_master_key()')
	  if $rotations % 5 == 0;
	last unless grep { $_->{handle}->pumpable } values %runs;
}

for my $mode (sort keys %runs)
{
	my $run = $runs{$mode};

	$run->{handle}->finish;
	is($run->{handle}->result(0), 0, "$mode: no session failed");
	is( join("\n", grep { /error|aborted|failed/i } split(/\n/, ${ $run->{err} })),
		'',
		"$mode: no errors");
	like(
		${ $run->{out} },
		qr/number of transactions actually processed: [1-9]/,
		"$mode: transactions were run");
	note(${ $run->{out} });
}

# ----------------------------------------------------------------------
# What is left
# ----------------------------------------------------------------------

sub counted
{
	return $node->safe_psql('postgres', "SELECT count(*) FROM $_[0]");
}

for my $what ('created', 'revealed', 'updated', 'renamed', 'deleted',
	'restored', 'purged', 'listed', 'KA005', '23505')
{
	cmp_ok(counted("stress.ledger WHERE what = '$what'"),
		'>', 0, "occurred: $what");
}
cmp_ok($rotations, '>=', 2, "$rotations rotations of the data key");
cmp_ok(counted("apikey.key_status WHERE purpose = 'value' AND rows > 0"),
	'>=', 2, 'several data keys are in use');

is( counted(
		q{(SELECT user_id, id FROM stress.ledger WHERE what = 'created'
			EXCEPT SELECT user_id, id FROM stress.ledger WHERE what = 'purged'
			EXCEPT SELECT user_id, id FROM apikey.api_keys) lost}),
	'0',
	'no key that was created is lost');
is( counted(
		q{(SELECT user_id, id FROM apikey.api_keys
			EXCEPT SELECT user_id, id FROM stress.ledger WHERE what = 'created') foreign_rows}
	),
	'0',
	'no key exists that was not created, or belongs to another user');
is( counted(
		q{(SELECT user_id, id FROM apikey.api_keys
			INTERSECT SELECT user_id, id FROM stress.ledger WHERE what = 'purged') risen}
	),
	'0',
	'no purged key is back');
is( counted(
		q{(SELECT user_id, name FROM apikey.api_keys WHERE deleted_at IS NULL
			GROUP BY user_id, name HAVING count(*) > 1) twice}),
	'0',
	'names are unique');
is(counted(q{apikey.api_keys WHERE metadata @> '{"own": true}' AND deleted_at IS NULL}),
	'0',
	'sessions have deleted the keys that only they used');
is($node->safe_psql('postgres', 'SELECT * FROM apikey.verify_keys()'),
	'', 'every key can be decrypted');
is( $node->safe_psql(
		'postgres', q{SELECT item, value FROM apikey.status() WHERE severity = 'error'}),
	'',
	'status() finds no fault');

# Each value once more, without concurrent sessions.
for my $user (map { "user-$_" } 1 .. 8)
{
	is( (run_as(
				$node, $user,
				qq{SELECT stress.check_value('$user', name, apikey.reveal_key(id)) FROM apikey.keys}
			))[1],
		'',
		"every value of $user is the right one");
}

$node->stop;
my $log = slurp_file($node->logfile);
unlike($log, qr/PANIC|TRAP|terminated by signal/, 'the server did not crash');
unlike($log, qr/ERROR:/, 'without an unexpected error');

done_testing();
