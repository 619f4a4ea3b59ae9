# Rotation, pass after pass: when a run of reencrypt_keys() is over, what it
# tells meanwhile, a newer data key in its middle, and transactions whose
# snapshot is older than what rotation changed.

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

# A key "k" for each user: the run meets them in this order.
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
# A row is locked while another, which did not open, is mended: the run waits
# for the one, and counts the other no more.
# ----------------------------------------------------------------------

add_keys('a' .. 'f');
alter_value('a');
sql('SELECT apikey.rotate_data_key()');
lock_row('b');
my $run = start_sql($node, q{CALL apikey.reencrypt_keys(1, '0.5 s')});
ok(wait_for($node, 'SELECT rows_failed = 1 FROM apikey.rotation_progress'), 'one does not open');
is((run_as($node, 'a', q{SELECT apikey.update_key('k', new_value => 'another-value')}))[1], '', 'it is mended');
ok(wait_for($node, 'SELECT rows_done = 4 FROM apikey.rotation_progress'), 'others are moved');
# The run may be over now, wrongly, or is about to be.
ok(wait_for($node, q{SELECT state = 'finished' OR (rows_left, rows_failed) = (1, 0) FROM apikey.rotation_progress}),
	'one is left');
is(sql('SELECT state FROM apikey.rotation_progress'), 'running', 'for which the run waits');
ask($user, 'COMMIT');
my $said = finish_sql($run);
like($said, qr/keys re-encrypted: 5, not decrypted: 0$/m, 'and which it moves');
is(scalar(() = $said =~ /WARNING/g), 1, 'one warning for the one that did not open');
like($said, qr/waiting for keys that other transactions are changing: 1$/m, 'the wait is told');
is(rows_left($node), '0', 'nothing is left');
is(sql('SELECT state, rows_done, rows_left, rows_failed FROM apikey.rotation_progress'),
	'finished|5|0|0', 'as the view says');

# ----------------------------------------------------------------------
# A row that does not open is counted and told of once, however often the run
# passes it; what it tells on its way.
# ----------------------------------------------------------------------

alter_value($_) for 'c', 'd';
sql('SELECT apikey.rotate_data_key()');
lock_row('b');
$run = start_sql($node, 'CALL apikey.reencrypt_keys()');
ok(wait_for($node, 'SELECT rows_done = 3 FROM apikey.rotation_progress'), 'those that open are moved');
# The wait before the next pass grows from one to the next.
ok(wait_for($node, q{SELECT clock_timestamp() > started_at + '2 s' FROM apikey.rotation_progress}), 'passes go by');
ask($user, 'COMMIT');
$said = finish_sql($run);
is(scalar(() = $said =~ /WARNING:  KA003: API key/g), 2, 'two warnings for two that do not open');
is(scalar(() = $said =~ /waiting for keys/g), 1, 'the wait is told once');
like($said, qr/keys re-encrypted: 4, not decrypted: 2$/m, 'they are counted once');
is(sql('SELECT state, rows_done, rows_left, rows_failed FROM apikey.rotation_progress'),
	'finished|4|0|2', 'as the view says');
is(rows_left($node), '2', 'and stay');

# A newer data key comes while the last of them is met: the rows that the run
# has nothing to do with so far move, too.
$run = start_sql($node, q{CALL apikey.reencrypt_keys(1, '1 s')});
ok(wait_for($node, q{SELECT state = 'running' AND rows_failed = 1 FROM apikey.rotation_progress}), 'one of two is met');
ask($user, $_) for 'BEGIN', 'LOCK TABLE apikey.reencryption IN SHARE MODE';
ok(wait_for($node, q{SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'apikey.reencryption'::regclass AND NOT granted)}),
	'the other one, too');
sql('SELECT apikey.rotate_data_key()');
ask($user, 'COMMIT');
$said = finish_sql($run);
like($said, qr/keys re-encrypted: 4, not decrypted: 2$/m, 'the run goes on with those that open');
unlike($said, qr/waiting for keys/, 'at once');
is(rows_left($node), '2', 'and leaves no more than those that do not');
sql("SELECT apikey.purge_user('$_')") for 'a' .. 'f';

# ----------------------------------------------------------------------
# A newer data key in the middle of a run: everything goes under that one.
# ----------------------------------------------------------------------

add_keys('g' .. 'l');
sql('SELECT apikey.rotate_data_key()');
$run = start_sql($node, q{CALL apikey.reencrypt_keys(1, '1 s')});
ok(wait_for($node, q{SELECT state = 'running' AND rows_done >= 2 FROM apikey.rotation_progress}), 'a run is in its middle');
sql('SELECT apikey.rotate_data_key()');
$said = finish_sql($run);
is(rows_left($node), '0', 'every row is under the newest data key');
like($said, qr/keys re-encrypted: (?:[89]|1[0-2]), not decrypted: 0$/m, 'some have moved twice');
unlike($said, qr/waiting for keys/, 'which is no wait for others');
like($said, qr/NOTICE: .* keys re-encrypted: \d+, left: \d+, not decrypted: 0; about \d+ s remaining$/m,
	'a long run tells how far it is');
is(sql(q{SELECT data_key = (SELECT id FROM apikey.key_status WHERE state = 'active'), rows_left FROM apikey.rotation_progress}),
	't|0', 'the view names the newest');
check_rows($node, 'two data keys in one run');

# ----------------------------------------------------------------------
# key_status counts in one scan, or by the index, and its reader is in
# nobody's way.
# ----------------------------------------------------------------------

cmp_ok(sql('SELECT count(*) FROM apikey.key_status'), '>', 3, 'there are several data keys');
like(sql('EXPLAIN (ANALYZE, COSTS off, TIMING off) SELECT * FROM apikey.key_status'),
	qr/Scan.* on api_keys k \(actual rows=[\d.]+ loops=1\)/, 'key_status counts for all of them in one scan');
like(sql(q{SET enable_seqscan = off; SET enable_bitmapscan = off;
		EXPLAIN (COSTS off) SELECT * FROM apikey.key_status WHERE id = '00000000-0000-0000-0000-000000000000'}),
	qr/Index Scan using api_keys_data_key_idx/, 'and for one by the index');
sql('SELECT apikey.rotate_data_key()');
ask($user, $_) for 'BEGIN', 'SELECT count(*) FROM apikey.key_status WHERE rows > 0';
for (q{SELECT apikey.create_key_for('m', 'k', 'custom', 'value-of-m')},
	'CALL apikey.reencrypt_keys()',
	q{SELECT count(apikey.retire_data_key(id)) FROM apikey.key_status WHERE state = 'inactive'},
	'SELECT apikey.rewrap_data_keys()')
{
	is((run_sql($node, "SET lock_timeout = '20 s'; $_"))[1], '', "beside a reader of key_status: $_");
}
ask($user, 'COMMIT');

# ----------------------------------------------------------------------
# A prepared transaction is a writer in flight, too.
# ----------------------------------------------------------------------

ask($user, $_) for 'BEGIN', q{SELECT apikey.create_key_for('n', 'k', 'custom', 'value-of-n')},
  q{PREPARE TRANSACTION 'writer'};
sql('SELECT apikey.rotate_data_key()');
sql('CALL apikey.reencrypt_keys()');
my $retire = q{SELECT count(apikey.retire_data_key(id)) FROM apikey.key_status WHERE state = 'inactive'};
is((run_sql($node, "SET lock_timeout = '100 ms'; $retire"))[1], '55P03', 'retire_data_key() waits for a prepared transaction');
sql(q{COMMIT PREPARED 'writer'});
is((run_sql($node, $retire))[1], '55000', 'and counts what it stored');
sql('CALL apikey.reencrypt_keys()');
is((run_sql($node, $retire))[1], '', 'until that has moved as well');
check_rows($node, 'a prepared transaction');

# ----------------------------------------------------------------------
# Older snapshots: what was made since cannot be changed, and nothing is.
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
is(scalar ask($user, "SELECT apikey.retire_data_key('$id')"), $id, 'in a transaction of its own it goes');

open_old_snapshot();
sql('SELECT apikey.rotate_data_key()');
my ($old) = slurp_file($master_key) =~ /^(\S+)/;
put_master_keys($master_key, random_key(), $old);
is(scalar ask($user, 'SELECT apikey.rewrap_data_keys()'), '40001', 'rewrap_data_keys() with a newer data key');
ask($user, 'ROLLBACK');
is(sql('SELECT count(DISTINCT master_key) FROM apikey.key_status'), '1', 'all are under the old master key');
is(scalar ask($user, 'SELECT apikey.rewrap_data_keys() > 1'), 't', 'in a transaction of its own all go under the new one');
check_rows($node, 'at the end');

# ----------------------------------------------------------------------
# There is no active data key any more: by hand alone, and the run ends.
# ----------------------------------------------------------------------

sql('SELECT apikey.rotate_data_key()');
$run = start_sql($node, q{CALL apikey.reencrypt_keys(1, '0.5 s')});
ok(wait_for($node, q{SELECT state = 'running' AND rows_done >= 1 FROM apikey.rotation_progress}), 'a run is in its middle');
sql('UPDATE apikey.data_keys SET deactivated_at = now() WHERE deactivated_at IS NULL');
like(finish_sql($run), qr/keys re-encrypted: [1-9]/, 'without an active data key it ends');
check_rows($node, 'without an active data key');

$user->quit;
$node->stop;
done_testing();
