# The passes of a rotation: when a run of reencrypt_keys() ends, what it reports on
# the way, a newer data key during the run, and transactions whose snapshot is
# older than the changes of the rotation.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use ApikeyRotation;
use ApikeyTest;
use PostgreSQL::Test::Utils;
use Test::More;

my ($node, $master_key) = new_node('main', conf => "apikey.identity = session\nmax_prepared_transactions = 2\n");
my $user = new_session($node);

sub sql
{
	return $node->safe_psql('postgres', $_[0]);
}

# A key "k" for each user: the run processes them in this order.
sub add_keys
{
	sql("SELECT apikey.create_key_for('$_', 'k', 'custom', 'value-of-$_')") for @_;
	return;
}

sub alter_value
{
	my ($of) = @_;

	sql(qq{DO \$\$ DECLARE bytes bytea; BEGIN
		SELECT apikey.encrypted_send(encrypted_value) INTO bytes FROM apikey.api_keys WHERE user_id = '$of';
		bytes := set_byte(bytes, 45, 255 - get_byte(bytes, 45));
		UPDATE apikey.api_keys SET encrypted_value = ('ak1.' ||
			rtrim(translate(replace(encode(bytes, 'base64'), E'\\n', ''), '+/', '-_'), '='))::apikey.encrypted
			WHERE user_id = '$of';
	END \$\$});
	return;
}

sub lock_row
{
	my ($of) = @_;

	ask($user, $_) for 'BEGIN', "SELECT 1 FROM apikey.api_keys WHERE user_id = '$of' FOR UPDATE";
	return;
}

# ----------------------------------------------------------------------
# The passes of a run
# ----------------------------------------------------------------------

sub try_passes
{
	my ($run, $said);

	# A row is locked while another, which could not be decrypted, is repaired: the run
	# waits for the first, and no longer counts the second as failed

	add_keys('a' .. 'f');
	alter_value('a');
	sql('SELECT apikey.rotate_data_key()');
	lock_row('b');
	$run = start_sql($node, q{CALL apikey.reencrypt_keys(1, '0.5 s')});
	ok(wait_for($node, 'SELECT rows_failed = 1 FROM apikey.rotation_progress'), 'one cannot be decrypted');
	is((run_as($node, 'a', q{SELECT apikey.update_key('k', new_value => 'another-value')}))[1], '', 'it is repaired');
	ok(wait_for($node, 'SELECT rows_done = 4 FROM apikey.rotation_progress'), 'others are re-encrypted');
	# If the run were wrong, it would have finished by now or soon.
	ok(wait_for($node, q{SELECT state = 'finished' OR (rows_left, rows_failed) = (1, 0) FROM apikey.rotation_progress}),
		'one is left');
	is(sql('SELECT state FROM apikey.rotation_progress'), 'running', 'the run waits for it');
	ask($user, 'COMMIT');
	$said = finish_sql($run);
	like($said, qr/keys re-encrypted: 5, not decrypted: 0$/m, 'and re-encrypts it');
	is(scalar(() = $said =~ /WARNING/g), 1, 'one warning for the one that could not be decrypted');
	like($said, qr/waiting for keys that other transactions are changing: 1$/m, 'the wait is reported');
	is(rows_left($node), '0', 'nothing is left');
	is(sql('SELECT state, rows_done, rows_left, rows_failed FROM apikey.rotation_progress'),
		'finished|5|0|0', 'as the view shows');

	# A row that cannot be decrypted is counted and reported once, however many passes
	# the run makes

	alter_value($_) for 'c', 'd';
	sql('SELECT apikey.rotate_data_key()');
	lock_row('b');
	$run = start_sql($node, 'CALL apikey.reencrypt_keys()');
	ok(wait_for($node, 'SELECT rows_done = 3 FROM apikey.rotation_progress'), 'those that can be decrypted are re-encrypted');
	# The wait before the next pass grows from one to the next.
	ok(wait_for($node, q{SELECT clock_timestamp() > started_at + '2 s' FROM apikey.rotation_progress}), 'passes go by');
	ask($user, 'COMMIT');
	$said = finish_sql($run);
	is(scalar(() = $said =~ /WARNING:  KA003: API key/g), 2, 'two warnings for two that cannot be decrypted');
	is(scalar(() = $said =~ /waiting for keys/g), 1, 'the wait is reported once');
	like($said, qr/keys re-encrypted: 4, not decrypted: 2$/m, 'they are counted once');
	is(sql('SELECT state, rows_done, rows_left, rows_failed FROM apikey.rotation_progress'),
		'finished|4|0|2', 'as the view shows');
	is(rows_left($node), '2', 'and are left');

	# A newer data key is created while the run processes the last of them: the rows
	# that the run has not touched so far are re-encrypted too.
	$run = start_sql($node, q{CALL apikey.reencrypt_keys(1, '1 s')});
	ok(wait_for($node, q{SELECT state = 'running' AND rows_failed = 1 FROM apikey.rotation_progress}), 'one of two has been processed');
	ask($user, $_) for 'BEGIN', 'LOCK TABLE apikey.reencryption IN SHARE MODE';
	ok(wait_for($node, q{SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'apikey.reencryption'::regclass AND NOT granted)}),
		'and the other one too');
	sql('SELECT apikey.rotate_data_key()');
	ask($user, 'COMMIT');
	$said = finish_sql($run);
	like($said, qr/keys re-encrypted: 4, not decrypted: 2$/m, 'the run continues with those that can be decrypted');
	unlike($said, qr/waiting for keys/, 'at once');
	is(rows_left($node), '2', 'and leaves only those that cannot');
	sql("SELECT apikey.purge_user('$_')") for 'a' .. 'f';

	# A newer data key during a run: everything is re-encrypted with that one

	add_keys('g' .. 'l');
	sql('SELECT apikey.rotate_data_key()');
	$run = start_sql($node, q{CALL apikey.reencrypt_keys(1, '1 s')});
	ok(wait_for($node, q{SELECT state = 'running' AND rows_done >= 2 FROM apikey.rotation_progress}), 'a run is in progress');
	sql('SELECT apikey.rotate_data_key()');
	$said = finish_sql($run);
	is(rows_left($node), '0', 'every row uses the newest data key');
	like($said, qr/keys re-encrypted: (?:[89]|1[0-2]), not decrypted: 0$/m, 'some were re-encrypted twice');
	unlike($said, qr/waiting for keys/, 'without waiting for others');
	like($said, qr/NOTICE: .* keys re-encrypted: \d+, left: \d+, not decrypted: 0; about \d+ s remaining$/m,
		'a long run reports its progress');
	is(sql(q{SELECT data_key = (SELECT id FROM apikey.key_status WHERE state = 'active'), rows_left FROM apikey.rotation_progress}),
		't|0', 'the view names the newest');
	check_rows($node, 'two data keys in one run');
	sql("SELECT apikey.purge_user('$_')") for 'g' .. 'l';
	return;
}

# The rows of a batch together; and one by one, as in a table that may be distributed.
try_passes();
sql(q{CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
	CREATE TRIGGER nothing AFTER TRUNCATE ON apikey.api_keys EXECUTE FUNCTION nothing()});
try_passes();
sql('DROP TRIGGER nothing ON apikey.api_keys');

# ----------------------------------------------------------------------
# key_status counts for each data key, with the index, and its readers block nobody
# ----------------------------------------------------------------------

cmp_ok(sql('SELECT count(*) FROM apikey.key_status'), '>', 3, 'there are several data keys');
like(sql(q{SET enable_seqscan = off; SET enable_bitmapscan = off;
		EXPLAIN (COSTS off) SELECT * FROM apikey.key_status}),
	qr/Index (?:Only )?Scan using api_keys_data_key_idx/, 'key_status can count with the index');
sql('SELECT apikey.rotate_data_key()');
ask($user, $_) for 'BEGIN', 'SELECT count(*) FROM apikey.key_status WHERE rows > 0';
for (q{SELECT apikey.create_key_for('m', 'k', 'custom', 'value-of-m')},
	'CALL apikey.reencrypt_keys()',
	q{SELECT count(apikey.retire_data_key(id)) FROM apikey.key_status WHERE state = 'inactive'},
	'SELECT apikey.rewrap_data_keys()')
{
	is((run_sql($node, "SET lock_timeout = '20 s'; $_"))[1], '', "while key_status is read: $_");
}
ask($user, 'COMMIT');

# ----------------------------------------------------------------------
# A prepared transaction may also have written with the old data key
# ----------------------------------------------------------------------

ask($user, $_) for 'BEGIN', q{SELECT apikey.create_key_for('n', 'k', 'custom', 'value-of-n')},
  q{PREPARE TRANSACTION 'writer'};
sql('SELECT apikey.rotate_data_key()');
sql('CALL apikey.reencrypt_keys()');
my $retire = q{SELECT count(apikey.retire_data_key(id)) FROM apikey.key_status WHERE state = 'inactive'};
is((run_sql($node, "SET lock_timeout = '100 ms'; $retire"))[1], '55P03', 'retire_data_key() waits for a prepared transaction');
sql(q{COMMIT PREPARED 'writer'});
is((run_sql($node, $retire))[1], '55000', 'and then counts what it stored');
sql('CALL apikey.reencrypt_keys()');
is((run_sql($node, $retire))[1], '', 'until that is re-encrypted as well');
check_rows($node, 'a prepared transaction');

# ----------------------------------------------------------------------
# Older snapshots: data keys created since cannot be changed, and nothing is changed
# ----------------------------------------------------------------------

sub open_old_snapshot
{
	ask($user, $_) for 'BEGIN ISOLATION LEVEL REPEATABLE READ', 'SELECT count(*) FROM apikey.key_status';
	return;
}

open_old_snapshot();
my $id = sql('SELECT apikey.rotate_data_key()');
sql('SELECT apikey.rotate_data_key()');
is(scalar ask($user, "SELECT apikey.retire_data_key('$id')"), '40001', 'retire_data_key() of a newer data key');
ask($user, 'ROLLBACK');
is(sql("SELECT state FROM apikey.key_status WHERE id = '$id'"), 'inactive', 'it is still there');
is(scalar ask($user, "SELECT apikey.retire_data_key('$id')"), $id, 'in a new transaction it can be retired');

open_old_snapshot();
sql('SELECT apikey.rotate_data_key()');
my ($old) = slurp_file($master_key) =~ /^(\S+)/;
put_master_keys($master_key, random_key(), $old);
is(scalar ask($user, 'SELECT apikey.rewrap_data_keys()'), '40001', 'rewrap_data_keys() with a newer data key');
ask($user, 'ROLLBACK');
is(sql('SELECT count(DISTINCT master_key) FROM apikey.key_status'), '1', 'all are wrapped with the old master key');
is(scalar ask($user, 'SELECT apikey.rewrap_data_keys() > 1'), 't', 'in a new transaction all are wrapped with the new one');
check_rows($node, 'at the end');

# ----------------------------------------------------------------------
# No active data key is left (possible only by hand): the run ends
# ----------------------------------------------------------------------

sql('SELECT apikey.rotate_data_key()');
my $run = start_sql($node, q{CALL apikey.reencrypt_keys(1, '0.5 s')});
ok(wait_for($node, q{SELECT state = 'running' AND rows_done >= 1 FROM apikey.rotation_progress}), 'a run is in progress');
sql('UPDATE apikey.data_keys SET deactivated_at = now() WHERE deactivated_at IS NULL');
like(finish_sql($run), qr/keys re-encrypted: [1-9]/, 'without an active data key it ends');
check_rows($node, 'without an active data key');

$user->quit;
$node->stop;
done_testing();
