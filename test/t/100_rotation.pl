# Rotation with concurrent work: rows that change during the run, two runs at once,
# cancellation, restart, rows that cannot be decrypted, load, memory; and rotation
# of the master key while sessions are running.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use ApikeyRotation;
use ApikeyTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my ($node, $master_key) =
  new_node('main', conf => "apikey.identity = session\nautovacuum = off\napikey.max_keys_per_user = 0\n");
my $old_master = slurp_file($master_key);
chomp $old_master;

sub sql
{
	return $node->safe_psql('postgres', $_[0]);
}

sub add_keys
{
	my ($user, $count) = @_;

	return sql(
		qq{SELECT count(apikey.create_key_for('$user', 'key ' || i, 'custom', '$user-value-of-key-' || i,
			created_at => '2020-01-01', updated_at => '2021-01-01')) FROM generate_series(1, $count) i});
}

# A row's value as its user sees it.
sub reveal
{
	my ($user, $name) = @_;

	return (run_as($node, $user, "SELECT apikey.reveal_key('$name')"))[0];
}

my $times_kept = q{SELECT bool_and(created_at = '2020-01-01' AND updated_at = '2021-01-01') FROM apikey.api_keys};

# ----------------------------------------------------------------------
# Rows that another session changes while they are re-encrypted
# ----------------------------------------------------------------------

my $user = new_session($node);
ask($user, q{SET apikey.user_id = 'u'});

# A change of "key 2" in a transaction that is open when the run reaches the row;
# how the transaction ends; the value and the number of rows afterwards.
for (
	[ 'a lock', q{SELECT 1 FROM apikey.api_keys WHERE name = 'key 2' FOR UPDATE}, 'COMMIT', 'u-value-of-key-2', 4 ],
	[ 'a new value', q{SELECT apikey.update_key('key 2', new_value => 'another-value')}, 'COMMIT', 'another-value', 4 ],
	[ 'a new value, rolled back', q{SELECT apikey.update_key('key 2', new_value => 'another-value')}, 'ROLLBACK', 'u-value-of-key-2', 4 ],
	[ 'no new value', q{SELECT apikey.disable_key('key 2'); SELECT apikey.enable_key('key 2')}, 'COMMIT', 'u-value-of-key-2', 4 ],
	[ 'a new row', q{SELECT apikey.create_key('key 5', 'custom', 'u-value-of-key-5')}, 'COMMIT', 'u-value-of-key-2', 5 ],
	[ 'its removal', q{SELECT apikey.delete_key('key 2'); SELECT apikey.purge_key(id) FROM apikey.deleted_keys}, 'COMMIT', '', 3 ])
{
	my ($title, $change, $end, $value, $count) = @$_;

	add_keys('u', 4);
	# The changing session has chosen the old data key before the rotation.
	ask($user, $_) for 'BEGIN', $change;
	my $target = sql('SELECT apikey.rotate_data_key()');
	my $run = start_sql($node, 'CALL apikey.reencrypt_keys(1)');
	ok(wait_for($node, "SELECT rows_done >= 3 FROM apikey.rotation_progress WHERE data_key = '$target'"),
		"$title: the others are done");
	if ($change !~ /create_key/)
	{
		like(
			scalar(ask($user, 'SELECT state FROM apikey.rotation_progress')),
			qr/running/, "$title: it waits");
		is( (run_sql($node, 'CALL apikey.reencrypt_keys()'))[1],
			'55006', "$title: another run is refused");
	}
	else
	{
		finish_sql($run);
		ask($user, $end);
		is(rows_left($node), '1', "$title: the run did not see it");
		$run = start_sql($node, 'CALL apikey.reencrypt_keys(1)');
	}
	is((ask($user, $end))[1], '', "$title: $end");
	like(finish_sql($run), qr/keys re-encrypted: \d+, not decrypted: 0/,
		"$title: the run ends");
	is(rows_left($node), '0', "$title: all rows use the new key");
	is(reveal('u', 'key 2'), $value, "$title: the value is correct");
	is(sql('SELECT count(*) FROM apikey.api_keys'), $count, "$title: no row lost or doubled");
	check_rows($node, $title);
	is(sql('SELECT state FROM apikey.rotation_progress'), 'finished', "$title: finished");
	sql(q{SELECT apikey.purge_user('u')});
}

# A change of a row that a batch has just locked waits only for that batch.
add_keys('u', 50);
sql('SELECT apikey.rotate_data_key()');
my $run = start_sql($node, q{CALL apikey.reencrypt_keys(1, '0.02 s')});
for my $i (1 .. 50)
{
	is((ask($user, qq{SELECT apikey.update_key('key $i', new_value => 'changed-value-$i')}))[1],
		'', 'changed') if $i % 5 == 0;
	is(scalar ask($user, qq{SELECT count(*) FROM apikey.find_keys('u-value-of-key-$i')}),
		$i % 5 == 0 ? '0' : '1', "found during the run: key $i");
}
finish_sql($run);
is(rows_left($node), '0', 'changes during the run: all rows use the new key');
is(reveal('u', "key $_"), $_ % 5 == 0 ? "changed-value-$_" : "u-value-of-key-$_", "key $_ has its value")
  for 5, 6, 50;
$user->quit;
sql(q{SELECT apikey.purge_user('u')});

# ----------------------------------------------------------------------
# Cancelled, terminated, restarted; and one row that cannot be decrypted
# ----------------------------------------------------------------------

add_keys('v', 3000);
my @values = (5, 1500, 2999);
sql(q{UPDATE apikey.api_keys SET name = 'moved' WHERE name = 'key 77'});
for my $way ('cancel', 'terminate', 'restart')
{
	sql('SELECT apikey.rotate_data_key()');
	$run = start_sql($node, q{CALL apikey.reencrypt_keys(100, '0.1 s')});
	ok(wait_for($node, q{SELECT rows_done >= 300 AND state = 'running' AND estimated_end IS NOT NULL FROM apikey.rotation_progress}),
		"$way: it runs");
	if ($way eq 'restart')
	{
		$node->stop('immediate');
		$node->start;
	}
	else
	{
		sql("SELECT pg_${way}_backend(pid) FROM pg_stat_activity WHERE query LIKE 'CALL %'");
	}
	finish_sql($run);
	is(sql('SELECT state, rows_done + rows_failed + rows_left FROM apikey.rotation_progress'),
		'interrupted|3000', "$way: interrupted");
	my $left = rows_left($node);
	ok($left > 1 && $left < 3000, "$way: in the middle, with $left left");

	my $said = finish_sql(start_sql($node, 'CALL apikey.reencrypt_keys()'));
	like($said, qr/WARNING:  KA003: API key [-0-9a-f]{36} of user "v" could not be decrypted/,
		"$way: the row that cannot be decrypted is reported");
	like($said, qr/keys re-encrypted: ${\($left - 1)}, not decrypted: 1$/m,
		"$way: resumed, it processes the rest");
	unlike($said, qr/value-of-key/, "$way: no value is shown");
	is(rows_left($node), '1', "$way: one row is left");
	is(sql('SELECT state, rows_failed FROM apikey.rotation_progress'),
		'finished|1', "$way: finished, one counted");
	is(sql($times_kept), 't', "$way: times are unchanged");
	is(sql('SELECT count(*) FROM apikey.verify_keys()'), '1', "$way: all others can be decrypted");
	is(reveal('v', "key $_"), "v-value-of-key-$_", "$way: key $_ has its value") for @values;
}

# ----------------------------------------------------------------------
# With a load that creates, changes, reads and removes keys
# ----------------------------------------------------------------------

my $dir = PostgreSQL::Test::Utils::tempdir_short();
append_to_file("$dir/load", q{
\set n random(1, 1000000000000000)
\set k random(1, 2999)
BEGIN;
SELECT apikey.set_user_id('w');
SELECT apikey.create_key('load ' || :n, 'custom', 'load-value-' || :n) AS id \gset
SELECT 1 / (apikey.reveal_key('load ' || :n) = 'load-value-' || :n)::int;
SELECT 1 / (count(*) = 1)::int FROM apikey.find_keys('load-value-' || :n);
COMMIT;
BEGIN;
SELECT apikey.set_user_id('v');
SELECT 1 / (apikey.reveal_key('key ' || :k) = 'v-value-of-key-' || :k)::int FROM (VALUES (:k)) k(k) WHERE k <> 77;
SELECT apikey.update_key('key ' || :k, new_value => 'v-value-of-key-' || :k) FROM (VALUES (:k)) k(k) WHERE k <> 77;
COMMIT;
});
my $rounds = 0;
# Once more where a machine is too slow for some rounds in that time.
while ($rounds <= 2)
{
	my ($out, $err) = ('', '');
	my $load = IPC::Run::start(
		[ 'pgbench', '--no-vacuum', '--client=4', '--time=10', "--file=$dir/load",
			'--max-tries=10', '--host=' . $node->host, '--port=' . $node->port, 'postgres' ],
		'>' => \$out, '2>' => \$err);

	while ($load->pumpable)
	{
		sql('SELECT apikey.rotate_data_key()');
		like(finish_sql(start_sql($node, 'CALL apikey.reencrypt_keys(50)')),
			qr/keys re-encrypted: \d+, not decrypted: 1$/m, 'a round during the load');
		# A data key that an open transaction may still need is refused, and stays.
		run_sql($node, "SELECT apikey.retire_data_key('$_')")
		  for split(/\n/, sql(q{SELECT id FROM apikey.key_status WHERE state = 'inactive' AND rows = 0}));
		$rounds++;
		usleep(100_000);
		$load->pump_nb;
	}
	$load->finish;
	is($load->result(0), 0, 'the load had no error') or diag($err);
	like($out, qr/number of transactions actually processed: [1-9]/, 'and processed transactions');
}
finish_sql(start_sql($node, 'CALL apikey.reencrypt_keys()'));
is(rows_left($node), '1', 'after the load: all rows use the newest key');
is(sql('SELECT count(*) FROM apikey.verify_keys()'), '1', 'and can be decrypted, except that one');
is(sql(q{SELECT count(*) FROM apikey.key_status WHERE state = 'destroyed' AND rows > 0}),
	'0', 'none uses a destroyed key');
is(sql(q{SELECT count(*), count(DISTINCT name) FROM apikey.api_keys WHERE user_id = 'v'}),
	'3000|3000', 'no row is lost or doubled');

# ----------------------------------------------------------------------
# Memory
# ----------------------------------------------------------------------

# The memory of the backend at about every thousandth row, measured from within by
# a trigger that exists only for this test.
sql(q{SELECT apikey.purge_user(u) FROM (SELECT DISTINCT user_id AS u FROM apikey.all_keys) s});
sql($_)
  for 'CREATE TABLE memory (n serial, contexts bigint, anonymous bigint)',
  q{CREATE FUNCTION measure() RETURNS trigger SECURITY DEFINER LANGUAGE plpgsql AS $$
	BEGIN
		INSERT INTO memory (contexts, anonymous)
			SELECT sum(used_bytes), substring(pg_read_file('/proc/self/status', 0, 8192, true) FROM 'RssAnon:\s+(\d+)')::bigint * 1024
			FROM pg_backend_memory_contexts;
		RETURN NEW;
	END $$},
  q{CREATE TRIGGER measure BEFORE UPDATE ON apikey.api_keys
	FOR EACH ROW WHEN (NEW.name LIKE '%000') EXECUTE FUNCTION measure()};
add_keys('m', 110_000);
sql('SELECT apikey.rotate_data_key()');
like(finish_sql(start_sql($node, 'CALL apikey.reencrypt_keys()')),
	qr/keys re-encrypted: 110000, not decrypted: 0$/m, 'many rows are re-encrypted');
is(sql('SELECT count(*) FROM memory'), '110', 'and measured');

# From ten thousand rows to the end, and between the rows of a batch.
my $grown = sql('SELECT max(contexts) FILTER (WHERE n > 10) - min(contexts) FROM memory');
cmp_ok($grown, '<', 64 * 1024, "memory contexts do not grow: by $grown bytes");
SKIP:
{
	$grown = sql('SELECT max(anonymous) FILTER (WHERE n > 10) - max(anonymous) FILTER (WHERE n <= 10) FROM memory');
	skip 'no /proc', 1 if $grown eq '';
	cmp_ok($grown, '<', 1024 * 1024, "nor does other memory: by $grown bytes");
}
sql('DROP TRIGGER measure ON apikey.api_keys');
sql(q{SELECT apikey.purge_user('m')});

# ----------------------------------------------------------------------
# The master key, while sessions are running
# ----------------------------------------------------------------------

my ($new_master, $newest_master) = (random_key(), random_key());
my $other_file = PostgreSQL::Test::Utils::tempdir_short() . '/master.key';
my $session = new_session($node);
my $available = q{SELECT value FROM apikey.status() WHERE item = 'master key'};
my $older = sub { sql(q{SELECT value || '; ' || severity FROM apikey.status() WHERE item = 'older master keys'}) };

# Reload, and wait until the session has noticed it.
sub reload
{
	my ($wanted) = @_;

	sql('SELECT apikey.reload_master_key()');
	is(ask_until($session, $available, $wanted), $wanted, "reloaded: $wanted");
	return;
}

add_keys('m', 100);
ask($session, q{SET apikey.user_id = 'm'});
is(scalar ask($session, q{SELECT apikey.reveal_key('key 1')}), 'm-value-of-key-1', 'a session reads');

# During a run, which re-encrypts a row after each step and cannot end before all
# rows are unlocked, the source becomes another file, and the old master key is
# removed.
my @holders = map { new_session($node) } 1 .. 3;
ask($holders[ $_ - 1 ], "BEGIN; SELECT 1 FROM apikey.api_keys WHERE name = 'key $_' FOR UPDATE") for 1 .. 3;
sql('SELECT apikey.rotate_data_key()');
$run = start_sql($node, q{CALL apikey.reencrypt_keys(10, '0.01 s')});
my $moved = sub {
	my ($rows, $title) = @_;

	ok(wait_for($node, "SELECT rows_done = $rows AND state = 'running' FROM apikey.rotation_progress"),
		"$title: $rows rows are re-encrypted");
};
$moved->(97, 'the old master key');

put_master_keys($other_file, $new_master, $old_master);
sql("ALTER SYSTEM SET apikey.master_key_source = 'file:$other_file'");
reload('2 available');
like($older->(), qr/^[0-9a-f]{16} wraps data keys: [1-9]\d*; warning$/, 'status(): the older one is still needed');
ask($holders[0], 'COMMIT');
$moved->(98, 'the new one in addition');

unlink($master_key) or die "could not unlink: $!";
my $live = sql('SELECT count(*) FROM apikey.data_keys WHERE destroyed_at IS NULL');
is(sql('SELECT apikey.rewrap_data_keys()'), $live, "all $live live data keys are rewrapped");
is(sql('SELECT apikey.rewrap_data_keys()'), '0', 'and nothing is left to do');
like($older->(), qr/^[0-9a-f]{16} not needed by this database; ok$/, 'status(): the older one can be removed');
ask($holders[1], 'COMMIT');
$moved->(99, 'rewrapped');

put_master_keys($other_file, $new_master);
reload('1 available');
is($older->(), 'none; ok', 'status(): none is left');
ask($holders[2], 'COMMIT');
like(finish_sql($run), qr/keys re-encrypted: 100, not decrypted: 0$/m, 'the run was not disturbed');
is(scalar ask($session, q{SELECT apikey.reveal_key('key 1')}), 'm-value-of-key-1', 'the session still reads');
check_rows($node, 'a new master key');

# During a statement all keys, master and data, are replaced.
ask($session, 'SELECT pg_advisory_lock(1)');
my $reader = start_sql($node,
	q{SET apikey.user_id = 'm'; SELECT apikey.reveal_key('key 1'), pg_advisory_lock(1), apikey.reveal_key('key 1') AS again, apikey.reveal_key('key 2')});
ok(wait_for($node, q{SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted}), 'a statement is half finished');
put_master_keys($other_file, $newest_master, $new_master);
reload('2 available');
sql($_) for 'SELECT apikey.rewrap_data_keys()', 'SELECT apikey.rotate_data_key()', 'CALL apikey.reencrypt_keys()';
is(sql(q{SELECT count(apikey.retire_data_key(id)) > 0 FROM apikey.key_status WHERE state = 'inactive'}), 't', 'the older data keys are gone');
put_master_keys($other_file, $newest_master);
reload('1 available');
ask($session, 'SELECT pg_advisory_unlock(1)');
like(finish_sql($reader), qr/^ m-value-of-key-1 \| +\| m-value-of-key-1 \| m-value-of-key-2$/m, 'it completes as if nothing had happened');
is(sql(q{SELECT count(*) FROM apikey.all_keys, apikey.find_keys('m-value-of-' || replace(name, ' ', '-')) f WHERE f.id = all_keys.id}),
	'100', 'every row is found by its value');

$_->quit for @holders;
$session->quit;
$node->stop;
my $log = slurp_file($node->logfile);
unlike($log, qr/PANIC|TRAP|terminated by signal/, 'nothing crashed');
unlike($log, qr/\Q$_\E/, 'no key is in the log') for $old_master, $new_master, $newest_master;
done_testing();
