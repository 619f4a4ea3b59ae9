# The trace: each use of a key is recorded, in the server log or in the write-ahead
# log, whatever becomes of the transaction, and no value is returned without a record.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use ApikeyTest;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $value = 'value_' . random_text(20);
my ($node, $key_file) = new_node('main', init => [ allows_streaming => 1 ], conf => "apikey.audit = 'log'\nlog_statement = none\n");
my $log_end = 0;

# The events in the server log since the last call; each is one line.
sub logged_events
{
	my $log = slurp_file($node->logfile, $log_end);

	$log_end = -s $node->logfile;
	ok($log !~ /\Q$value\E/, 'the log has no value');
	return map { decode_json($_) } $log =~ /LOG:  apikey audit: (\{.*\})$/gm;
}

# An event as text, without what differs from run to run.
sub brief
{
	my ($event) = @_;

	return join(' ',
		@$event{ 'action', 'outcome' },
		map { "$_=" . (ref $event->{$_} ? join('+', @{ $event->{$_} }) : $event->{$_}) }
		  grep { defined $event->{$_} } qw(user_id key_name key_type changed count audit_context));
}

sub is_logged
{
	my ($title, @wanted) = @_;

	is(join("\n", map { brief($_) } grep { $_->{action} ne 'read_master_key' } logged_events()),
		join("\n", @wanted), $title);
	return;
}

# ----------------------------------------------------------------------
# Every event, in the log
# ----------------------------------------------------------------------

logged_events();
run_as($node, 'u1', qq{SET LOCAL apikey.audit_context = 'request 7';
	SELECT apikey.create_key('k', 'custom', '$value')});
my ($read, $create) = logged_events();
is(brief($read), 'read_master_key ok audit_context=request 7', 'the master key is read');
is($read->{object}, 'file', 'from a file');
is(brief($create), 'create ok user_id=u1 key_name=k key_type=custom audit_context=request 7', 'a key is created');
like($create->{occurred_at}, qr/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/, 'with the time');
like($create->{key_id}, qr/^[0-9a-f-]{36}$/, 'the id of the key');
is(join(' ', @$create{qw(database session_role role application_name)}),
	'postgres ' . app_role . ' ' . app_role . ' ' . $create->{application_name}, 'the database and the roles');
cmp_ok($create->{pid}, '>', 0, 'and the process');
ok(!exists $create->{client_addr}, 'a local connection has no address');

run_as($node, 'u1', qq{SELECT apikey.set_key('k', 'custom', '$value-2', metadata => '{}');
	SELECT apikey.update_key('k', new_name => 'key', new_env_var => 'KEY', clear => '{expires_at}');
	SELECT apikey.reveal_key('key'), apikey.reveal_key(id) FROM apikey.keys;
	SELECT apikey.set_key('other', 'custom', '$value-3', env_var => 'OTHER');
	SELECT apikey.reveal_env();
	SELECT apikey.disable_key('other');
	SELECT apikey.enable_key('other');
	SELECT apikey.restore_key(apikey.delete_key('other'));
	SELECT apikey.purge_key(apikey.delete_key('other'))});
is_logged('what a user does',
	'set ok user_id=u1 key_name=k key_type=custom changed=value+metadata',
	'update ok user_id=u1 key_name=k key_type=custom changed=name+expires_at+env_var',
	('reveal ok user_id=u1 key_name=key key_type=custom') x 2,
	'set ok user_id=u1 key_name=other key_type=custom',
	(map { "reveal_env ok user_id=u1 key_name=$_ key_type=custom" } 'other', 'key'),
	(map { "$_ ok user_id=u1 key_name=other key_type=custom" } qw(disable enable delete restore delete purge)));

my $column = $node->safe_psql('postgres', qq{SELECT apikey.rotate_data_key('column');
	CREATE TABLE c AS SELECT apikey.encrypt('$value', 'c') AS v;
	SELECT count(apikey.decrypt(v, 'c')) FROM c;
	SELECT apikey.disable_key_for('u1', id) IS NULL FROM apikey.all_keys;
	SELECT apikey.enable_key_for('u1', id) IS NULL FROM apikey.all_keys;
	SELECT apikey.move_keys('u1', 'u2');
	SELECT count(*) FROM apikey.find_keys('$value-2');
	SELECT count(*) FROM apikey.verify_keys();
	SELECT apikey.rotate_data_key();
	CALL apikey.reencrypt_keys();
	SELECT apikey.rewrap_data_keys();
	SELECT apikey.abandon_lost_data_keys();
	SELECT apikey.retire_data_key(id) IS NULL FROM apikey.key_status WHERE purpose = 'value' AND state = 'inactive';
	CREATE TABLE users (id text PRIMARY KEY);
	INSERT INTO users VALUES ('u2'), ('u3');
	SELECT apikey.link_users('users', 'id');
	DELETE FROM users;
	SELECT apikey.unlink_users('users');
	SELECT apikey.purge_deleted('0 s'), apikey.purge_user('u1')});
is_logged('what an administrator does',
	'rotate ok',
	'decrypt ok',
	(map { "$_ ok user_id=u1 key_name=key key_type=custom" } qw(disable enable)),
	'move ok user_id=u1 count=1',
	'find ok count=1',
	'verify ok count=0',
	'rotate ok',
	'reencrypt ok count=1',
	'rewrap ok count=0',
	'abandon ok count=0',
	'retire ok',
	'link ok',
	'purge ok user_id=u2 count=1',
	'unlink ok',
	'purge ok count=0',
	'purge ok user_id=u1 count=0');

run_as($node, 'u1', qq{CALL apikey.store_key('stored', 'custom', '$value')});
$node->safe_psql('postgres', q{CREATE TABLE people (id text PRIMARY KEY);
	INSERT INTO people VALUES ('u1');
	SELECT apikey.link_users('people', 'id', on_delete => 'soft_delete');
	DELETE FROM people;
	SELECT apikey.unlink_users('people')});
run_as($node, 'u1', 'SELECT apikey.purge_own_keys()');
is_logged('the other ways', 'set ok user_id=u1 key_name=stored key_type=custom', 'link ok',
	'delete ok user_id=u1 count=1', 'unlink ok', 'purge ok user_id=u1 count=1');

# A master key that cannot be read.
rename($key_file, "$key_file.away") or die "could not rename: $!";
run_as($node, 'u1', qq{SELECT apikey.create_key('k', 'custom', '$value')});
is(join("\n", map { brief($_) . ($_->{object} ? " $_->{object}" : '') } logged_events()),
	"read_master_key KA001 file\ncreate KA001 user_id=u1 key_name=k key_type=custom", 'no master key');
rename("$key_file.away", $key_file) or die "could not rename: $!";

# What fails is recorded, and a key in a wrong place is not.
my $openai = 'sk-' . random_text(24) . 'T3BlbkFJ' . random_text(24);
run_as($node, 'u1', qq{SELECT apikey.disable_key(apikey.create_key('k', 'custom', '$value'))});
logged_events();
for ([ q{apikey.reveal_key('absent')}, 'reveal KA005 user_id=u1 key_name=absent' ],
	[ q{apikey.reveal_key('k')}, 'reveal KA006 user_id=u1 key_name=k key_type=custom' ],
	[ qq{apikey.reveal_key('$openai')}, 'reveal KA005 user_id=u1 key_name=(not shown)' ],
	[ q{apikey.reveal_env('{k}')}, 'reveal_env KA006 user_id=u1 key_name=k key_type=custom' ],
	[ q{apikey.reveal_env('{absent}')}, 'reveal_env KA005 user_id=u1 key_name=absent' ],
	[ qq{apikey.create_key('$openai', 'custom', '$value')}, 'create 22023 user_id=u1' ],
	[ qq{apikey.create_key('o', 'openai', '$value')}, 'create KA008 user_id=u1 key_name=o key_type=openai' ],
	[ qq{apikey.create_key('k', 'custom', '$value')}, 'create 23505 user_id=u1 key_name=k key_type=custom' ],
	[ q{apikey.delete_key('absent')}, 'delete KA005 user_id=u1 key_name=absent' ])
{
	my ($call, $wanted) = @$_;

	run_as($node, 'u1', "SELECT $call");
	is_logged($wanted, $wanted);
}
run_as($node, $openai, q{SELECT set_config('apikey.audit_context', '} . $openai . q{', true), apikey.reveal_key('k')});
is_logged('nor as a user id or in the context',
	'reveal KA005 user_id=(not shown) key_name=k audit_context=(not shown)');
run_sql($node, q{SELECT apikey.reveal_key('k')}, user => app_role);
is_logged('without an identity', 'reveal KA007');
$node->safe_psql('postgres', q{CREATE FUNCTION f(i int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
	BEGIN PERFORM apikey.reveal_key('k'); RETURN i; END $$;
	CREATE TABLE t AS SELECT 1 AS i});
$node->psql('postgres', 'CREATE INDEX ON t (f(i))');
is_logged('within a security-restricted operation', 'reveal 42501');
$node->psql('postgres', 'DROP EXTENSION apikey');
$node->psql('postgres', 'BEGIN; SET apikey.allow_drop = on; DROP EXTENSION apikey; ROLLBACK');
is_logged('attempts to drop the extension, the second rolled back', 'drop 2BP01', 'drop ok');

# The context counts in its transaction only.
run_sql($node, q{SET apikey.audit_context = 'left over';
	SELECT apikey.reveal_key('k')}, user => app_role);
is_logged('a context that was set before', 'reveal KA007');
is((run_sql($node, "SET apikey.audit_context = E'a\\nb'", user => app_role))[1], '22023', 'a context with a line break');
is((run_sql($node, "SET apikey.audit_context = '" . 'x' x 201 . "'", user => app_role))[1], '22023', 'one that is too long');
is((run_sql($node, "SET apikey.audit_context = '" . "\xc3\xa9" x 200 . "'", user => app_role))[1], '', 'the longest one');
for my $setting ("apikey.audit = ''", 'apikey.audit_flush = off')
{
	is((run_sql($node, "SET $setting", user => app_role))[1], '42501', "a role of applications: $setting");
}
is((run_sql($node, 'SET apikey.audit = log, nowhere'))[1], '22023', 'somewhere else');

# ----------------------------------------------------------------------
# No record, no value
# ----------------------------------------------------------------------

run_as($node, 'u1', qq{SELECT apikey.create_key('secret', 'custom', '$value')});

sub reveal
{
	my ($from) = @_;

	return run_as($from, 'u1', q{SELECT apikey.reveal_key('secret')});
}

sub configure
{
	my ($on, $lines) = @_;

	$on->append_conf('postgresql.conf', $lines);
	$on->reload;
	my ($wanted) = $lines =~ /apikey\.audit = '(.*)'/;
	$on->poll_query_until('postgres', "SELECT current_setting('apikey.audit') = '$wanted'") or die 'not reloaded';
	return;
}

is((reveal($node))[0], $value, 'a value is revealed');
configure($node, "log_min_messages = fatal\napikey.audit = 'log '\n");
my ($output, $sqlstate) = reveal($node);
is("$output$sqlstate", '55000', 'not if the log takes no events');
configure($node, "apikey.audit = 'log, wal'\n");
is((reveal($node))[0], $value, 'but if the write-ahead log does');
configure($node, "log_min_messages = warning\napikey.audit = 'wal'\n");
is((reveal($node))[0], $value, 'or is the only place');

# A session that can no longer write to a file, as if the disk were full: the server
# stops before it returns a value.
configure($node, "apikey.audit = ' wal'\napikey.audit_flush = on\nrestart_after_crash = on\n");
is((reveal($node))[0], $value, 'flushed');
my $session = new_session($node);
my $pid = ask($session, q{SELECT set_config('apikey.identity', 'session', false) = '' OR set_config('apikey.user_id', 'u1', false) = '',
	pg_backend_pid()}) =~ s/.*\|//r;
is(ask($session, q{SELECT apikey.reveal_key('secret')}), $value, 'a session reveals a value');
system('prlimit', "--pid=$pid", '--fsize=1:1') == 0 or die 'prlimit failed';
($output) = eval { ask($session, q{SELECT apikey.reveal_key('secret')}) };
unlike($output // '', qr/\Q$value\E/, 'not when the disk is full');
eval { $session->quit };
wait_after_crash($node, $pid);
is((reveal($node))[0], $value, 'but again after that');

# ----------------------------------------------------------------------
# Collecting; 168_trail_kill9.pl has kill -9
# ----------------------------------------------------------------------

# Who starts, stops, purges and collects leaves events.
my $trail_start = $node->safe_psql('postgres', 'SELECT pg_current_wal_insert_lsn()');
$node->safe_psql('postgres', 'CREATE ROLE auditor LOGIN IN ROLE apikey_auditor');
is($node->safe_psql('postgres', 'SELECT apikey.start_audit() = apikey.start_audit()'), 't', 'the trail is started');
$node->safe_psql('postgres', 'GRANT EXECUTE ON FUNCTION apikey.stop_audit() TO auditor');
is((run_sql($node, 'SELECT apikey.stop_audit()', user => 'auditor'))[1], '42501', 'not stopped without REPLICATION');
$node->safe_psql('postgres', 'REVOKE EXECUTE ON FUNCTION apikey.stop_audit() FROM auditor');
$node->safe_psql('postgres', $_) for q{SELECT apikey.purge_audit('10 years')}, 'SELECT apikey.stop_audit(), apikey.stop_audit()',
  'SELECT apikey.start_audit()', 'CALL apikey.collect_audit()';
is($node->safe_psql('postgres', "SELECT string_agg(action || ' ' || outcome || ' ' || role, ', ' ORDER BY lsn) FROM apikey.audit_trail('$trail_start') WHERE action ~ 'audit'")
	  =~ s/ \Q${\$node->safe_psql('postgres', 'SELECT current_user')}\E//gr,
	'start_audit ok, stop_audit 42501 auditor, purge_audit ok, stop_audit ok, start_audit ok, collect_audit ok', 'each is recorded once');

# An event of a prepared transaction stays, too.
$node->safe_psql('postgres', 'ALTER SYSTEM SET max_prepared_transactions = 5');
$node->restart;
run_sql($node, q{BEGIN; SELECT apikey.set_user_id('u1'); SET LOCAL apikey.audit_context = 'prepared';
	SELECT apikey.reveal_key('secret'); CREATE TABLE t2 (); PREPARE TRANSACTION 'x'; ROLLBACK PREPARED 'x'});
# The collector needs no privilege of its own for the slot.
is((run_sql($node, q{CALL apikey.collect_audit(); SELECT outcome FROM apikey.audit_log WHERE audit_context = 'prepared' AND action = 'reveal'}, user => 'auditor'))[0],
	'ok', 'a transaction that was prepared and rolled back');
is((run_sql($node, 'SELECT apikey.stop_audit()', user => 'auditor'))[1], '42501', 'an auditor cannot stop the trail');
is($node->safe_psql('postgres', 'SELECT apikey.stop_audit(), apikey.stop_audit()'), 't|f', 'a superuser can');

# pg_waldump shows the events, without the server.
my $lsn = $node->safe_psql('postgres', 'SELECT pg_current_wal_insert_lsn()');
reveal($node);
my $segment = $node->data_dir . '/pg_wal/' . $node->safe_psql('postgres', "SELECT pg_walfile_name('$lsn')");
my ($waldump, $waldump_errors) = run_command([ 'pg_waldump', '--rmgr=LogicalMessage', "--start=$lsn", $segment ]);
like($waldump, qr/prefix "apikey"; payload \(\d+ bytes\)/, 'pg_waldump finds them') or diag($waldump_errors);

# A log that cannot be read is no log without events.
my $damaged = $node->safe_psql('postgres', 'SELECT pg_current_wal_insert_lsn()');
reveal($node);
$node->safe_psql('postgres', 'SELECT pg_switch_wal()');
open(my $file, '+<:raw', $node->data_dir . '/pg_wal/' . $node->safe_psql('postgres', "SELECT pg_walfile_name('$damaged')")) or die $!;
seek($file, $node->safe_psql('postgres', "SELECT file_offset + 40 FROM pg_walfile_name_offset('$damaged')"), 0);
print $file 'damage';
close $file;
is((run_sql($node, "SELECT count(*) FROM apikey.audit_trail('$lsn')", user => 'auditor'))[1], 'XX001', 'a damaged log');

# A standby writes no write-ahead log.
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
reveal($node);
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
($output, $sqlstate, my $messages) = reveal($standby);
is("$output$sqlstate", '55000', 'on a standby');
like($messages, qr/HINT:  .*set apikey\.audit to "log, wal"/, 'the hint says how');
is($standby->safe_psql('postgres', q{SELECT count(*) FROM apikey.status() WHERE item = 'master key'}), '1', 'status() works');
is($standby->safe_psql('postgres', q{SELECT severity FROM apikey.status() WHERE item = 'audit'}), 'warning', 'and says so');
configure($standby, "apikey.audit = 'log, wal'\n");
is($standby->safe_psql('postgres', q{SELECT severity FROM apikey.status() WHERE item = 'audit'}), 'ok', 'or not');
is((reveal($standby))[0], $value, 'with the log, too, it works');
cmp_ok($standby->safe_psql('postgres', q{SELECT count(*) FROM apikey.audit_trail()}), '>', 0, 'events can be read there');
is((run_sql($standby, 'CALL apikey.collect_audit()'))[1], '25006', 'but not collected');
like(slurp_file($standby->logfile), qr/LOG:  apikey audit: \{.*"action":"reveal","outcome":"ok"/, 'and is in the log');
$standby->stop;

# In the other forms of the server log, an event is the message of a line: as a string of
# JSON, and as a field of CSV.
$node->append_conf('postgresql.conf', "apikey.audit = 'log'\nlog_min_messages = warning\nlogging_collector = on\n"
	  . "log_destination = 'jsonlog,csvlog'\nlog_filename = 'server.log'\nlog_rotation_size = 0\n");
$node->restart;
my $odd_name = qq{a "quoted" name, \\ and \x{e9}};
utf8::encode(my $odd_bytes = $odd_name);
run_as($node, 'u1', qq{SELECT apikey.create_key('$odd_bytes', 'custom', '$value')});
my ($json_log, $csv_log) = map { slurp_file($node->data_dir . "/log/server.$_") } qw(json csv);
my ($in_json) = grep { $_->{action} eq 'create' }
  map { decode_json($_) } map { utf8::encode($_); $_ }
  map { decode_json($_)->{message} =~ /^apikey audit: (\{.*\})$/ ? $1 : () } split /\n/, $json_log;
is($in_json->{key_name}, $odd_name, 'an event in the JSON log');
my ($in_csv) = grep { $_->{action} eq 'create' }
  map { decode_json($_ =~ s/""/"/gr) } $csv_log =~ /,"apikey audit: (\{.*?\})",/g;
is($in_csv->{key_name}, $odd_name, 'and in the CSV log');
ok("$json_log$csv_log" !~ /\Q$value\E/, 'and no value');

$node->stop;
done_testing();
