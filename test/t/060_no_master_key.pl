# A master key that is missing, truncated, wrong, older or newer than the one that
# is required, during a session, at a reload and at server start: what works and
# what does not (every function on a table with keys, and its SQLSTATE); nothing is
# written; who sees which details; putting the key back is enough to recover.
# Also data keys that are damaged or destroyed.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use ApikeyTest;
use PostgreSQL::Test::Utils;
use Test::More;

my ($first_key, $older_key, $newer_key, $wrong_key) =
  map { random_key() } 1 .. 4;

my ($node, $key_file) = new_node('main', conf => "apikey.master_key_source = ''\n");
my ($path) = $key_file =~ m{(.*)/};

$node->safe_psql('postgres',
	q{CREATE ROLE regress_apikey_admin LOGIN IN ROLE apikey_admin;
	  CREATE ROLE regress_apikey_monitor LOGIN IN ROLE apikey_monitor, pg_read_all_settings});

# One row of status(): value and severity, and the advice separately.
sub status
{
	my ($item, $user) = @_;
	my ($row) = run_sql(
		$node,
		"SELECT value || '; ' || severity, advice FROM apikey.status() WHERE item = '$item'",
		user => $user);

	return split(/\|/, $row, 2);
}

# All that a write could change.
sub stored
{
	return join(
		"\n",
		map {
			$node->safe_psql('postgres',
				"SELECT '$_', count(*), md5(string_agg(t::text, ' ' ORDER BY t::text)) FROM apikey.$_ t")
		} 'api_keys', 'data_keys', 'reencryption');
}

# ----------------------------------------------------------------------
# A new installation without a source
# ----------------------------------------------------------------------

is($node->safe_psql('postgres',
		q{SELECT count(*) FROM pg_extension WHERE extname = 'apikey'}),
	'1', 'the extension can be created without a master key');

my ($out, $state, $messages) = run_as($node, 'u1',
	q{SELECT apikey.create_key('n', 'custom', 'some-value')});
is($state, 'KA001', 'no source: nothing is stored');
like(
	$messages,
	qr/ERROR:  KA001: no master key is available\nDETAIL:  apikey\.master_key_source is not set\.\nHINT:  Set it to "env:NAME", "file:\/path" or "command:/,
	'no source: the message has the reason and the remedy');
is((run_as($node, 'u1', q{SELECT count(*) FROM apikey.keys}))[0],
	'0', 'no source: keys are listed');
is((run_as($node, 'u1', q{SELECT apikey.reveal_key('n')}))[1],
	'KA005', 'no source: a key that does not exist is not found');
is((run_as($node, 'u1', q{SELECT * FROM apikey.check_key('groq', 'x')}))[1],
	'', 'no source: a value is validated');
is((run_sql($node, 'SELECT apikey.rotate_data_key()'))[1],
	'KA001', 'no source: no data key is created');
is(stored(), "api_keys|0|\ndata_keys|0|\nreencryption|0|", 'no source: nothing was written');

my ($value, $advice) = status('master key source');
is($value, 'none; error', 'status(): no source');
like($advice, qr/Set apikey\.master_key_source/, 'status(): what to do');
is((status('master key'))[0],
	'apikey.master_key_source is not set.; error', 'status(): no master key');
is((status('data keys for values'))[0],
	'none yet; ok', 'status(): no data key');

# ----------------------------------------------------------------------
# A source, and keys
# ----------------------------------------------------------------------

# First another master key, which is then replaced by rotation.
put_master_keys($key_file, $older_key);
$node->safe_psql('postgres',
	"ALTER SYSTEM SET apikey.master_key_source = 'file:$key_file'");
$node->reload;

# A statement that sees the setting implies that new sessions see it too.
$node->poll_query_until('postgres',
	"SELECT current_setting('apikey.master_key_source') <> ''")
  or die 'the setting did not take effect';
is( (run_as(
			$node, 'u1',
			join(';',
				map { "SELECT apikey.create_key('$_', 'custom', 'value-$_')" }
				  'kept', 'deleted', 'disabled')
		))[1],
	'',
	'with a source keys are stored');
is( (run_as(
			$node, 'u1',
			q{SELECT apikey.delete_key('deleted'), apikey.disable_key('disabled'),
				apikey.update_key('kept', new_env_var => 'KEPT_API_KEY')}))[1],
	'',
	'and changed');
is( (run_as($node, 'u2',
			q{SELECT apikey.create_key('n', 'custom', 'value-of-n')}))[1],
	'',
	'and stored for another user');
run_sql($node,
	q{SELECT apikey.rotate_data_key('column');
	  CREATE TABLE secrets AS SELECT apikey.encrypt('secret', 'here') AS v});

put_master_keys($key_file, $first_key, $older_key);
$node->reload;
is((run_sql($node, 'SELECT apikey.rewrap_data_keys()'))[0], '2', 'the master key is rotated');
put_master_keys($key_file, $first_key);
$node->reload;
my ($fingerprint) = (status('master key fingerprint'))[0] =~ /^(\w+); ok$/;
like($fingerprint, qr/^[0-9a-f]{16}$/, 'status(): the fingerprint');
is((status('master key'))[0], '1 available; ok', 'status(): a master key');
is( (status('data keys for values'))[0],
	'1 active, 0 inactive; 1 available; ok',
	'status(): data keys that can be unwrapped');
is((status('master key source'))[0],
	"file:$key_file; ok", 'status(): a superuser sees the source');
is((status('master key source', 'regress_apikey_monitor'))[0],
	"file:$key_file; ok", 'status(): so does pg_read_all_settings');
unlike((status('master key source', 'regress_apikey_admin'))[0],
	qr/\Q$path\E/, 'status(): an administrator of keys sees no path');

# ----------------------------------------------------------------------
# Each function, without the master key and with a wrong one
# ----------------------------------------------------------------------

my $deleted_id = $node->safe_psql('postgres',
	q{SELECT id FROM apikey.api_keys WHERE name = 'deleted'});
my $kept_id = $node->safe_psql('postgres',
	q{SELECT id FROM apikey.api_keys WHERE name = 'kept'});

my @user_fails = (
	q{SELECT apikey.create_key('new', 'custom', 'some-value')},
	q{SELECT apikey.set_key('new', 'custom', 'some-value')},
	q{SELECT apikey.set_key('kept', 'custom', 'some-value')},
	q{SELECT apikey.update_key('kept', new_value => 'some-value')},
	q{SELECT apikey.update_key('kept', new_name => 'other')},
	qq{SELECT apikey.restore_key('$deleted_id', 'other')},
	q{SELECT apikey.reveal_key('kept')},
	qq{SELECT apikey.reveal_key('$kept_id'::uuid)},
	q{SELECT apikey.reveal_env(ARRAY['kept'])},
	q{SELECT apikey.reveal_env()});
my @admin_fails = (
	q{SELECT apikey.create_key_for('u1', 'new', 'custom', 'some-value')},
	qq{SELECT apikey.restore_key_for('u1', '$deleted_id', 'other')},
	q{SELECT apikey.find_keys('value-kept')},
	q{SELECT apikey.rotate_data_key()},
	q{SELECT apikey.rotate_data_key('column')},
	q{SELECT apikey.rewrap_data_keys()});
my @superuser_fails = (
	q{SELECT apikey.encrypt('secret', 'here')},
	q{SELECT apikey.decrypt(v, 'here') FROM secrets});

# These are rolled back, so that they can be tried again.
my @user_works = (
	q{SELECT count(*) FROM apikey.keys},
	q{SELECT count(*) FROM apikey.deleted_keys},
	q{SELECT apikey.delete_key('kept')},
	qq{SELECT apikey.restore_key('$deleted_id')},
	q{SELECT apikey.disable_key('kept', 'lost')},
	q{SELECT apikey.enable_key('disabled')},
	q{SELECT apikey.update_key('kept', new_metadata => '{"a": 1}', new_expires_at => '2100-01-01')},
	qq{SELECT apikey.purge_key('$deleted_id')},
	q{SELECT apikey.purge_own_keys()},
	q{SELECT apikey.check_key('custom', 'some-value')},
	q{SELECT apikey.detect_key_type('some-value')});
my @admin_works = (
	q{SELECT count(*) FROM apikey.all_keys},
	q{SELECT count(*) FROM apikey.key_status},
	q{SELECT count(*) FROM apikey.key_types},
	qq{SELECT apikey.delete_key_for('u1', '$kept_id')},
	qq{SELECT apikey.disable_key_for('u1', '$kept_id')},
	qq{SELECT apikey.restore_key_for('u1', '$deleted_id')},
	q{SELECT apikey.purge_deleted('0')},
	q{SELECT apikey.purge_user('u2')});
my $before = stored();

sub matrix
{
	my ($title, $wanted) = @_;
	my $seen = '';
	my @by_role = (
		[ '', \@user_fails, \@user_works ],
		[ 'regress_apikey_admin', \@admin_fails, \@admin_works ],
		[ undef, \@superuser_fails, [] ]);

	for (@by_role)
	{
		my ($user, $fails, $works) = @$_;
		my $run = sub {
			return defined $user && $user eq ''
			  ? run_as($node, 'u1', "$_[0]; ROLLBACK; BEGIN")
			  : run_sql($node, "BEGIN; $_[0]; ROLLBACK", user => $user);
		};

		for my $sql (@$fails)
		{
			my ($out, $state, $messages) = $run->($sql);

			is($state, $wanted, "$title: $sql");
			like($messages, qr/HINT:  ./, '... with a hint');
			like($messages, qr/\Q$fingerprint\E/, '... and the fingerprint')
			  if $wanted eq 'KA002';
			$seen .= $messages;
		}
		for my $sql (@$works)
		{
			my ($out, $state, $messages) = $run->($sql);

			is($state, '', "$title: works: $sql") or diag($messages);
			$seen .= $messages;
		}
	}
	is((run_sql($node, 'CALL apikey.reencrypt_keys()', user => 'regress_apikey_admin'))[1],
		$wanted, "$title: reencrypt_keys()");
	# With a wrong key it reports each row; without a key it fails.
	is((run_sql($node, 'SELECT * FROM apikey.verify_keys()'))[1],
		$wanted eq 'KA001' ? 'KA001' : '', "$title: verify_keys()");
	is(stored(), $before, "$title: nothing was written");
	unlike($seen, qr/\Q$path\E/, "$title: no client sees a path");
}

my $reveal =
  q{BEGIN; SELECT apikey.set_user_id('u1') \gset apikey_
SELECT apikey.reveal_key('kept'); COMMIT};

# The new content of the master key file, the SQLSTATE, what the log shows besides
# the source, and a check of status().
for (
	[ 'missing', [], 'KA001', 'does not exist', \&status_when_missing ],
	[ 'truncated', [ substr($first_key, 0, 20) ], 'KA001', 'has 15 bytes', sub { } ],
	[ 'wrong', [$wrong_key], 'KA002', $fingerprint, \&status_when_wrong ],
	[ 'older', [$older_key], 'KA002', $fingerprint, \&status_when_wrong ],
	[ 'newer', [$newer_key], 'KA002', $fingerprint, \&status_when_wrong ])
{
	my ($title, $keys, $wanted, $told, $status) = @$_;
	my $log_offset = -s $node->logfile;
	my $session = new_session($node);
	my $put = sub { @_ ? put_master_keys($key_file, @_) : unlink($key_file) };

	# During a session.
	is(ask_until($session, $reveal, 'value-kept'), 'value-kept', "$title: a session reveals");
	$put->(@$keys);
	is(scalar ask($session, $reveal), 'value-kept', "$title: it keeps its key until a reload");
	$node->safe_psql('postgres', 'SELECT apikey.reload_master_key()');
	is(ask_until($session, $reveal, $wanted), $wanted, "$title: after which it no longer has it");
	matrix("$title key", $wanted);
	$status->($title);
	like(slurp_file($node->logfile, $log_offset),
		$wanted eq 'KA001'
		? qr/DETAIL:  .*$told.*\Q$key_file\E/
		: qr/ERROR:  .*$told is required\n.*DETAIL:  .*The source is "file:\Q$key_file\E"/,
		"$title: the log has the source");
	$put->($first_key);
	$node->reload;
	is(ask_until($session, $reveal, 'value-kept'), 'value-kept', "$title: put back, the same session reveals");
	$session->quit;

	# At server start.
	$put->(@$keys);
	$node->restart;
	$session = new_session($node);
	is(ask_until($session, $reveal, $wanted), $wanted, "$title: the server starts");
	is(scalar ask($session, q{SELECT count(*) FROM apikey.all_keys}), '4', "$title: keys are listed");
	is(stored(), $before, "$title: and nothing is written");
	$put->($first_key);
	$node->reload if $wanted eq 'KA002';
	is(ask_until($session, $reveal, 'value-kept'), 'value-kept', "$title: put back, it reveals");
	is(stored(), $before, "$title: and nothing has changed");
	$session->quit;
}

sub status_when_missing
{
	my ($value, $advice) = status('master key');

	like($value, qr/does not exist.*; error$/, 'status(): the file does not exist');
	like($advice, qr/./, 'status(): what to do');
	is( (status('data keys for values'))[0],
		'1 active, 0 inactive; 0 available; error',
		'status(): no data key can be unwrapped');
	unlike((status('master key', 'regress_apikey_admin'))[0],
		qr/\Q$path\E/, 'status(): no path for an administrator of keys');
	like((status('master key', 'regress_apikey_monitor'))[0],
		qr/\Q$key_file\E/, 'status(): a path for pg_read_all_settings');
	return;
}

sub status_when_wrong
{
	my ($title) = @_;
	my ($value, $advice) = status('data keys for values');

	is( $node->safe_psql('postgres',
			'SELECT count(*), count(DISTINCT problem) FROM apikey.verify_keys()'),
		'4|1',
		"$title: verify_keys() reports every row");
	like(
		$node->safe_psql('postgres',
			'SELECT DISTINCT problem FROM apikey.verify_keys()'),
		qr/\Q$fingerprint\E/,
		"$title: and which master key is required");
	is((status('master key'))[0],
		'1 available; ok', "$title: status(): a master key is available");
	unlike((status('master key fingerprint'))[0],
		qr/\Q$fingerprint\E/, "$title: status(): with another fingerprint");
	is($value, '1 active, 0 inactive; 0 available; error',
		"$title: status(): no data key can be unwrapped");
	like($advice, qr/\Q$fingerprint\E/, "$title: status(): which master key is required");
	return;
}

# A newer key in front: existing values are decrypted with the older one.
put_master_keys($key_file, $newer_key, $first_key);
$node->reload;
is((run_as($node, 'u1', q{SELECT apikey.reveal_key('kept')}))[0],
	'value-kept', 'a newer key in front: values can be decrypted');
is((status('master key'))[0], '2 available; ok', 'status(): two master keys');
like(
	(status('master key fingerprint'))[0],
	qr/^[0-9a-f]{16}, \Q$fingerprint\E; ok$/,
	'status(): the newest first');
is( (status('data keys for values'))[0],
	'1 active, 0 inactive; 1 available; ok',
	'status(): data keys that can be unwrapped');

# A data key is wrapped with the newer key; then the older one is removed too early.
run_sql($node, 'SELECT apikey.rotate_data_key()');
is( (run_as($node, 'u1',
			q{SELECT apikey.create_key('newer', 'custom', 'value-newer')}))[1],
	'',
	'a key is stored with the newer master key');
put_master_keys($key_file, $newer_key);
$node->reload;
is((run_as($node, 'u1', q{SELECT apikey.reveal_key('newer')}))[0],
	'value-newer', 'the newer key alone: values that depend on it can be decrypted');
is((run_as($node, 'u1', q{SELECT apikey.reveal_key('kept')}))[1],
	'KA002', 'values that depend on the older one cannot');
($value, $advice) = status('data keys for values');
is($value, '1 active, 1 inactive; 1 available; warning',
	'status(): one data key of two can be unwrapped');
like($advice, qr/\Q$fingerprint\E/, 'status(): which master key is missing');
is( $node->safe_psql('postgres', 'SELECT count(*) FROM apikey.verify_keys()'),
	'4',
	'verify_keys() reports the rows that depend on it');

# ----------------------------------------------------------------------
# Data keys that are damaged or destroyed: errors for values encrypted with them
# say so, and such a value can be replaced, in a session that had the data key.
# ----------------------------------------------------------------------

put_master_keys($key_file, $newer_key, $first_key);
$node->reload;
my $session = new_session($node);
for (
	[ 'damaged', 'wrapped_key = set_byte(wrapped_key, 40, 255 - get_byte(wrapped_key, 40))', 'is damaged' ],
	[ 'destroyed', 'wrapped_key = NULL, destroyed_at = now()', 'has been destroyed' ])
{
	my ($title, $change, $problem) = @$_;

	run_sql($node, 'SELECT apikey.rotate_data_key()');
	is(ask_until($session, $reveal, 'value-kept'), 'value-kept', "$title: a session reveals");
	$node->safe_psql('postgres',
		"UPDATE apikey.data_keys SET $change WHERE id = (SELECT apikey.data_key_id(encrypted_value) FROM apikey.api_keys WHERE name = 'kept')");
	is(ask_until($session, $reveal, 'KA003'), 'KA003', "$title: after that it does not");
	my ($out, $state, $messages) = run_as($node, 'u1', q{SELECT apikey.update_key('kept', new_name => 'other')});
	is($state, 'KA003', "$title: nor can the key be renamed");
	like($messages, qr/DETAIL:  .*[0-9a-f]{8}-.* $problem\./, "$title: which says so");
	is((run_as($node, 'u1', q{SELECT apikey.update_key('kept', new_value => 'value-kept')}))[1],
		'', "$title: the value is replaced");
	is(ask_until($session, $reveal, 'value-kept'), 'value-kept', "$title: and revealed in that session");
}
$session->quit;

$node->stop;
my $log = slurp_file($node->logfile);
like($log, qr/\Q$key_file\E.*does not exist|does not exist.*\Q$key_file\E/,
	'the server log has the path');
unlike($log, qr/\Q$_\E/, 'and no key')
  for $first_key, $newer_key, $wrong_key;
unlike($log, qr/PANIC|TRAP|terminated by signal/, 'nothing crashed');

done_testing();
