# Values do not appear in the server log, in pg_stat_activity or in
# pg_stat_statements, whatever is logged and however a statement passes them.
# Everything is searched for a marker that all values contain, as text, and in hex,
# base64 and decimal bytes; and what is useful in the log is still there.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use ApikeyMarker;
use ApikeyTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $marker = marker();
my $serial = 0;

# A value without a known shape, and a key of one provider or another.
sub value
{
	return sprintf('%s-%d', $marker, ++$serial);
}

my @prefixes = qw(gsk_ sk-proj- sk-ant-api03- sk_live_ ghp_ glpat- xoxb- hf_ AIza);
my $keys = 0;

sub key
{
	return $prefixes[ $keys++ % @prefixes ] . $marker . random_text(20);
}

# Like like(), without repeating a log of 10 MB.
sub shows
{
	my ($log, $pattern, $title) = @_;

	ok($log =~ $pattern, $title);
	return;
}

finds_planted();

# ----------------------------------------------------------------------
# The server logs all it can.
# ----------------------------------------------------------------------

my $everything = q{
logging_collector = on
restart_after_crash = on
log_destination = 'stderr,csvlog,jsonlog'
log_filename = 'server.log'
log_rotation_size = 0
log_line_prefix = '%m [%p] %e '
log_error_verbosity = verbose
log_statement = all
log_duration = on
log_min_duration_statement = 0
log_min_error_statement = debug1
log_parameter_max_length = -1
log_parameter_max_length_on_error = -1
log_lock_waits = on
deadlock_timeout = 100ms
debug_print_parse = on
debug_print_rewritten = on
debug_print_plan = on
auto_explain.log_min_duration = 0
auto_explain.log_verbose = on
auto_explain.log_analyze = on
auto_explain.log_nested_statements = on
pgaudit.log = all
pgaudit.log_parameter = on
pg_stat_statements.track = all
};
# Debian has pgaudit for most versions of PostgreSQL.
chomp(my $libdir = `pg_config --pkglibdir`);
my $has_pgaudit = -f "$libdir/pgaudit.so";
my $pgaudit = $has_pgaudit ? 'pgaudit,' : '';
my $before = "pg_stat_statements,${pgaudit}auto_explain,apikey";
my $after = "apikey,${pgaudit}auto_explain";
my ($node) = new_node('redaction', init => [ allows_streaming => 1 ],
	conf => "wal_keep_size = 1GB\nmax_wal_size = 1GB\nshared_preload_libraries = '$before'\n$everything");
my $app = ApikeyTest::app_role;

$node->safe_psql('postgres', q{
CREATE EXTENSION pg_stat_statements;
CREATE TABLE secrets (id int CHECK (id < 2), v text CHECK (v = 'x'));
CREATE TABLE other (v text);
SELECT apikey.create_model_view('models');
GRANT ALL ON models TO PUBLIC;
CREATE FUNCTION store(name text, value text) RETURNS uuid LANGUAGE plpgsql AS
	$$BEGIN RETURN apikey.create_key(name, 'custom', value); END$$;
GRANT ALL ON secrets, other TO PUBLIC;
});
$node->safe_psql('postgres',
	q{CREATE EXTENSION pgaudit}) if $has_pgaudit;
$node->safe_psql('postgres',
	q{SELECT apikey.create_key_for('u1', 'k', 'custom', '} . value() . q{'), apikey.create_key_for('u1', 'g', 'groq', '} . key() . q{')});


sub logs
{
	return map { slurp_file($node->data_dir . "/log/server.$_") } qw(log csv json);
}

# ----------------------------------------------------------------------
# Statements: each with the SQLSTATE that it ends with, and the content of the file F.
# V is a value, K a key whose shape is known; N a new name.
# ----------------------------------------------------------------------

my @statements = (
	# each function that is given a value
	[ q{SELECT apikey.create_key('N', 'custom', 'V')}, '' ],
	[ q{SELECT apikey.set_key('k', 'custom', 'V')}, '' ],
	[ q{SELECT apikey.update_key('k', new_value => 'V')}, '' ],
	[ q{SELECT * FROM apikey.check_key('custom', 'V')}, '' ],
	[ q{SELECT * FROM apikey.detect_key_type('V')}, '' ],
	# ways to write it
	[ q{SELECT apikey.create_key('N', 'custom', E'V')}, '' ],
	[ q{SELECT apikey.create_key('N', 'custom', $$V$$)}, '' ],
	[ q{SELECT "apikey"."create_key" ( $a$N$a$, 'custom' , U&'V')}, '' ],
	[ q{SET LOCAL search_path = apikey; SELECT create_key('N', 'custom', 'V')}, '' ],
	[ q{SELECT apikey.create_key(value => 'V', name => 'N', key_type => 'custom')}, '' ],
	[ q{WITH s AS (SELECT 'V' AS v) SELECT apikey.create_key('N', 'custom', v) FROM s}, '' ],
	[ q{SELECT apikey.create_key('N', 'custom', v) FROM (VALUES ('V')) AS s(v)}, '' ],
	[ q{SELECT 1; SELECT apikey.create_key('N', 'custom', 'V')}, '' ],
	# utility statements, and code in literals
	[ q{DO $$BEGIN PERFORM apikey.create_key('N', 'custom', 'V'); END$$}, '' ],
	[ q{DO $$DECLARE v text := 'V'; BEGIN PERFORM apikey.create_key('N', 'custom', v); END$$}, '' ],
	[ q{DO 'BEGIN PERFORM apikey.create_key(''N'', ''custom'', ''V''); END'}, '' ],
	[ q{DO $$BEGIN EXECUTE 'SELECT apikey.create_key(''N'', ''custom'', ''V'')'; END$$}, '' ],
	[ q{DO $$BEGIN EXECUTE 'SELECT apikey.create_key($1, $2, $3)' USING 'N', 'custom', 'V'; END$$}, '' ],
	[ q{DO $$BEGIN PERFORM apikey.create_key('N', 'custom', 'V'); PERFORM 1/0; END$$}, '22012' ],
	[ q{CREATE TEMP TABLE t1 AS SELECT apikey.create_key('N', 'custom', 'V')}, '' ],
	[ q{EXPLAIN (ANALYZE, VERBOSE) SELECT apikey.create_key('N', 'custom', 'V')}, '' ],
	[ q{PREPARE p AS SELECT apikey.create_key('N', 'custom', 'V'); EXECUTE p; DEALLOCATE p}, '' ],
	[ q{PREPARE p AS SELECT apikey.create_key($1, $2, $3); EXECUTE p('N', 'custom', 'V'); DEALLOCATE p}, '' ],
	[ q{PREPARE p(text) AS SELECT apikey.create_key('N', 'custom', $1); EXPLAIN ANALYZE EXECUTE p('V'); DEALLOCATE p}, '' ],
	[ q{DECLARE c CURSOR FOR SELECT apikey.create_key('N', 'custom', 'V'); FETCH ALL FROM c}, '' ],
	[ q{COPY (SELECT apikey.create_key('N', 'custom', 'V')) TO STDOUT}, '' ],
	[ q{INSERT INTO other SELECT apikey.create_key('N', 'custom', 'V')}, '' ],
	# a model view; an UPDATE of the value alone is known by the shape
	[ q{INSERT INTO models (name, key_type, value) VALUES ('N', 'custom', 'V')}, '' ],
	[ q{INSERT INTO models (name, key_type, value, expires_at) VALUES ('N', 'custom', 'V', 'never')}, '22007' ],
	[ q{INSERT INTO models (name, key_type, value) VALUES ('N', 'custom', 'V'), ('N', 'custom', 'V')}, '23505' ],
	[ q{INSERT INTO models (name, key_type, valeu, value) VALUES ('N', 'custom', 'V', 'V')}, '42703' ],
	[ q{UPDATE models SET name = 'N', key_type = 'custom', value = 'V' WHERE name = 'k'}, '' ],
	[ q{UPDATE models SET value = 'K' WHERE name = 'k'}, '' ],
	[ q{PREPARE p AS INSERT INTO models (name, key_type, value) VALUES ($1, $2, $3); EXECUTE p('N', 'custom', 'V'); DEALLOCATE p}, '' ],
	[ q{DO $$BEGIN INSERT INTO models (name, key_type, value) VALUES ('N', 'custom', 'V'); PERFORM 1/0; END$$}, '22012' ],
	[ q{\copy models (name, key_type, value) from 'F'}, '', qq{N\tcustom\tV\n} ],
	[ q{\copy models (name, key_type, value) from 'F'}, 'KA008', qq{N\tcustom\tV V\n} ],
	[ q{\copy models (name, key_type, value) from 'F'}, '22P04', qq{N\tcustom\tV\textra\n} ],
	[ q{\copy models (name, key_type, value) from 'F' csv}, '22P04', qq{N,custom,"V",V\n} ],
	[ q{\copy models (name, key_type, value, expires_at) from 'F'}, '22007', qq{N\tcustom\tV\tV\n} ],
	# text that was pasted, perhaps into the wrong place
	[ q{K}, '42601' ],
	[ q{SELECT apikey.create_key('N', 'custom', 'V'); K}, '42601' ],
	[ q{SELECT 'K'::int}, '22P02' ],
	# a function of the application's: known by the shape
	[ q{SELECT store('N', 'K')}, '' ],
	[ q{SET my.value = 'K'}, '' ],
	[ q{SELECT set_config('my.value', 'K', true)}, '' ],
	[ q{PREPARE p AS SELECT store($1, $2); EXECUTE p('N', 'K'); DEALLOCATE p}, '' ],
	# errors while the statement is parsed
	[ q{SELECT apikey.creat_key('N', 'custom', 'V')}, '42883' ],
	[ q{SELECT apikey.store_secret('N', 'custom', 'V')}, '42883' ],
	[ q{SELECT create_kye('N', 'custom', 'V')}, '42883' ],
	[ q{SELECT made_up('K')}, '42883' ],
	[ q{SELECT apikey.create_key(nam => 'N', key_type => 'custom', value => 'V')}, '42883' ],
	[ q{SELECT apikey.create_key('N', 'custom', 'V', 'never')}, '22007' ],
	[ q{SELECT apikey.create_key('N', 'custom', 'custom', 'V')}, '22007' ],
	[ q{SELECT apikey.create_key('N', 'custom', 'V', NULL, '{"a": V}')}, '22P02' ],
	[ q!SELECT apikey.create_key('N', 'custom', 'V', NULL, '{"a')!, '22P02' ],
	[ q{SELECT apikey.create_key('N', 'custom', 'V', check_format => 'V')}, '22P02' ],
	[ q{SELECT apikey.create_key('N', 'custom' 'V')}, '42601' ],
	[ q{SELECT apikey.create_key('N', 'custom', 'V', now() + 'V'::interval)}, '22007' ],
	[ q{SELECT apikey.create_key('N', 'custom', 'V') FROM nowhere}, '42P01' ],
	[ q{SELECT apikey.create_key('N', 'custom', 'V'), 1/0}, '22012' ],
	[ q{DO $$BEGIN PERFORM apikey.create_key(nam => 'N', value => 'V'); END$$}, '42883' ],
	# errors of ours
	[ q{SELECT apikey.create_key('k', 'custom', 'V')}, '23505' ],
	[ q{SELECT apikey.create_key('N', 'openai', 'V')}, 'KA008' ],
	[ q{SELECT apikey.create_key('N', 'V', 'custom')}, '22023' ],
	[ q{SELECT apikey.create_key('V', 'custom', 'x')}, 'KA008' ],
	# a revealed value
	[ q{SELECT apikey.reveal_key('k')::int}, '22P02' ],
	[ q{SELECT apikey.reveal_env()::text::int}, '22P02' ],
	[ q{SELECT apikey.reveal_key('k')::jsonb}, '22P02' ],
	[ q{INSERT INTO secrets VALUES (2, apikey.reveal_key('k'))}, '23514' ],
	[ q{DO $$BEGIN RAISE NOTICE 'value %', apikey.reveal_key('k'); END$$}, '' ],
	[ q{DO $$DECLARE v text := apikey.reveal_key('k'); BEGIN EXECUTE format('SELECT %L::int', v); END$$}, '22P02' ]);

# What psql would not send before it is complete.
my @incomplete = (
	q!SELECT apikey.create_key('N', 'custom', 'V'!,
	q!SELECT apikey.create_key('N', 'custom', 'V!,
	q!SELECT apikey.create_key('N', 'custom', $x$V)!);

my $file = PostgreSQL::Test::Utils::tempdir_short() . '/data';

sub fill_in
{
	my ($sql, $data) = @_;
	my ($value, $key, $name) = (value(), key(), "name-$serial");

	for ($sql, $data // ())
	{
		s/\bV\b/$value/g;
		s/\bK\b/$key/g;
		s/\bN\b/$name/g;
		s/\bF\b/$file/g;
	}
	unlink($file);
	append_to_file($file, $data) if defined $data;
	return $sql;
}

sub run_incomplete
{
	for my $sql (@incomplete)
	{
		IPC::Run::run([ 'psql', '-X', '-v', 'VERBOSITY=verbose', '-d', $node->connstr('postgres'), '-c', fill_in($sql) ],
			'>' => \my $out, '2>' => \my $err);
		like($err, qr/ERROR:  42601/, $sql);
		unlike($err, qr/LINE 1/, 'the client is shown no line of it');
	}
	return;
}

# As a user of the application, in one session; its statements are looked at by
# another session meanwhile.
my $seen_by_others = '';

sub run_statements
{
	# Not the option connstr, which the modules of PostgreSQL 15 and 17 ignore.
	my $session = new_session($node, 'postgres',
		extra_params => [ '-d', $node->connstr('postgres') . " user=$app" ]);
	my $observer = new_session($node);

	is(scalar(ask($session, 'SELECT session_user')), $app, 'the statements are those of an application');
	for my $case (@statements)
	{
		my ($sql, $wanted, $data) = @$case;
		my $title = $sql;

		ask($session, q{BEGIN; SELECT apikey.set_user_id('u1')});
		my (undef, $state, $messages) = ask($session, fill_in($sql, $data));
		$seen_by_others .= ask($observer,
			q{SELECT query FROM pg_stat_activity WHERE pid <> pg_backend_pid()});
		is($state, $wanted, $title) or diag($messages);
		unlike($messages, qr/LINE 1/, 'the client is shown no line of it')
		  if $wanted =~ /^(42|22007)/ && $title !~ /made_up|nowhere|^\\copy/;
		ask($session, 'ROLLBACK');
	}
	$session->quit;
	$observer->quit;
	return;
}

# Bound parameters, by the protocol: custom plans, which contain them, and errors.
sub run_bound
{
	my $script = PostgreSQL::Test::Utils::tempdir_short() . '/script.sql';

	append_to_file($script, qq{BEGIN;
SELECT apikey.set_user_id('u1');
SELECT apikey.create_key(:name, 'custom', :value);
SELECT store(:name || '2', :key);
SELECT apikey.create_key(:name, 'custom', :value, :value::timestamptz);
COMMIT;
});
	for my $mode ('extended', 'prepared')
	{
		my $status = IPC::Run::run(
			[
				'pgbench', '--no-vacuum', '--transactions=1', "--protocol=$mode",
				"--file=$script", "--username=$app",
				'--host=' . $node->host, '--port=' . $node->port,
				'--define=value=' . value(), '--define=key=' . key(), "--define=name=bound-$mode",
				'postgres'
			],
			'>' => \my $out,
			'2>' => \my $err);
		like($err, qr/timestamp/, "bound parameters, $mode");
	}
	return;
}

# Two sessions that wait for each other: each message shows both statements.
sub run_deadlock
{
	my @sessions = map { new_session($node) } 0, 1;
	my $call = q{SELECT apikey.create_key_for('u%d', 'dead', 'custom', '%s')};

	ask($sessions[$_], 'BEGIN; ' . sprintf($call, $_, value())) for 0, 1;
	$sessions[0]->query_until(qr/waiting/, "\\echo waiting\n" . sprintf($call, 1, value()) . ";\n");
	my $state = ask($sessions[1], sprintf($call, 0, value()));
	ok($state eq '40P01' || ask($sessions[0], 'SELECT 1') eq '40P01', 'a deadlock')
	  or diag($state);
	$_->quit for @sessions;
	return;
}

# A session that is killed while it waits: the postmaster logs what it was running.
sub run_crash
{
	my $holder = new_session($node);
	my $session = new_session($node);
	my $observer = new_session($node);

	ask($holder, 'BEGIN; LOCK TABLE apikey.api_keys');
	$session->query_until(qr/waiting/,
		"\\echo waiting\nSELECT apikey.create_key_for('u1', 'crash', 'custom', '" . value() . "');\n");
	is(ask_until($observer, q{SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'}, '1'),
		'1', 'a session waits');
	my $running = ask($observer, q{SELECT query FROM pg_stat_activity WHERE wait_event_type = 'Lock'});
	$seen_by_others .= $running;
	like($running, qr/create_key_for\('u1', 'crash', 'custom', '<redacted>'\)/, 'others see what it runs');

	kill 'SEGV', scalar ask($observer, q{SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'});
	$_->{run}->finish for $holder, $session, $observer;
	wait_until_up($node);
	return;
}

sub check_logs
{
	my ($libraries) = @_;
	my ($stderr, $csv, $json) = logs();

	has_no_marker($stderr, "nothing in the log, with $libraries");
	has_no_marker($csv, 'nor in the CSV log');
	has_no_marker($json, 'nor in the JSON log');
	has_no_marker($seen_by_others, 'nor in pg_stat_activity');
	return ($stderr, $csv, $json);
}

run_statements();
run_incomplete();
run_bound();
run_deadlock();
has_no_marker($node->safe_psql('postgres', 'SELECT query FROM pg_stat_statements'),
	'nothing in pg_stat_statements');
like($node->safe_psql('postgres', 'SELECT query FROM pg_stat_statements'),
	qr/DO .*create_key/, 'which has the statements');
run_crash();

my ($stderr, $csv, $json) = check_logs($before);

# What is left is useful.
shows($stderr, qr/ 00000 LOG:  00000: statement: SELECT apikey\.create_key\('name-\d+', 'custom', '<redacted>'\)/,
	'the statement');
shows($stderr, qr/duration: [\d.]+ ms/, 'its duration');
shows($stderr, qr/ 22007 ERROR:  22007: invalid input syntax for type timestamp with time zone: "<redacted>"\n(?:.*LOCATION:.*\n)?.* STATEMENT:  SELECT apikey\.create_key\('name-\d+', 'custom', '<redacted>', '<redacted>'\)/,
	'an error: its SQLSTATE and level, and the statement');
shows($stderr, qr/ERROR:  42883: function apikey\.creat_key\(unknown, unknown, unknown\) does not exist/,
	'a misspelled function');
shows($stderr, qr/LOCATION:  ParseFuncOrColumn, parse_func\.c/, 'the location');
shows($stderr, qr/DETAIL:  Process \d+ waits for .*create_key_for\('u\d', 'dead', 'custom', '<redacted>'\)/s,
	'the detail of a deadlock');
shows($stderr, qr/DETAIL:  Failed process was running: SELECT apikey\.create_key_for\('u1', 'crash', 'custom', '<redacted>'\)/,
	'what a crashed process was running');
SKIP:
{
	skip 'pgaudit is not installed', 1 if !$has_pgaudit;
	shows($stderr, qr/AUDIT: SESSION.*create_key\('name-\d+', 'custom', '<redacted>'\)/, 'the audit');
}
shows($stderr, qr/Output: apikey\.create_key\('name-\d+'::text, 'custom'::text, '<redacted>'::text/, 'plans');
shows($csv, qr/,ERROR,22P02,"invalid input syntax for type integer: ""<redacted>"""/, 'in the CSV log, too');
shows($json, qr/"error_severity":"ERROR","state_code":"22P02","message":"invalid input syntax for type integer: \\"<redacted>\\""/,
	'and in the JSON log');

# The same with the libraries in the other order.
$node->stop;
unlink(map { $node->data_dir . "/log/server.$_" } qw(log csv json));
$node->append_conf('postgresql.conf', "shared_preload_libraries = '$after'");
$node->start;
$seen_by_others = '';
run_statements();
run_incomplete();
run_bound();
check_logs($after);

# Nor is it in the data directory, with its logs, temporary files, WAL and statistics; in a
# base backup; or in dumps.
{
	my $session = new_session($node);

	ask($session, q{SET work_mem = '64kB'; BEGIN; DECLARE c CURSOR FOR SELECT k.*, t.*, g FROM apikey.api_keys k,
		apikey.audit_log t FULL JOIN generate_series(1, 20000) g ON g = t.pid ORDER BY k.hint, g; FETCH c});
	ok(glob($node->data_dir . '/base/pgsql_tmp/pgsql_tmp*'), 'there is a temporary file');
	$node->backup('base');
	my $dumps = PostgreSQL::Test::Utils::tempdir_short();
	command_ok([ 'pg_dumpall', "--file=$dumps/all.sql", '-d', $node->connstr('postgres') ], 'a dump');
	my ($found, $count) = search_files($node->data_dir, $node->backup_dir, $dumps);
	is_deeply($found, {}, 'nothing on disk') or diag(explain($found));
	cmp_ok($count, '>', 1800, "$count files were searched");
	$session->quit;
}

# The collector writes what it has been sent a little later.
sub wait_for_text
{
	my ($log, $start, $pattern) = @_;

	for (1 .. 6000)
	{
		last if slurp_file($log, $start) =~ $pattern;
		usleep(10_000);
	}
	return slurp_file($log, $start);
}

# A session with these settings logs only errors and what it is told to.
my @quiet = (
	'log_statement = none', 'log_duration = off', 'log_min_duration_statement = -1',
	'debug_print_parse = off', 'debug_print_rewritten = off', 'debug_print_plan = off',
	'auto_explain.log_min_duration = -1', ($has_pgaudit ? "pgaudit.log = 'none'" : ()));

# A text in which nothing was found is searched again once its session knows another
# prefix.  The session logs nothing else, which would take the place of the text.
{
	my $session = new_session($node);
	my $word = lc('zork_a1b2' . random_text(20));
	my $log = $node->data_dir . '/log/server.log';
	my $start = -s $log;

	my $logged = sub { return wait_for_text($log, $start, qr/STATEMENT:  SELECT .*\n/) };

	$session->query("SET $_") for @quiet;
	$session->query("SELECT $word") for 1 .. 2;
	shows($logged->(), qr/STATEMENT:  SELECT $word/, 'a word');
	$node->safe_psql('postgres', q{INSERT INTO apikey.custom_key_types (key_type, label, prefixes) VALUES ('zork', 'Zork', '{zork_}')});
	$session->query(q{SELECT count(*) FROM apikey.check_key('zork', 'x')});
	$start = -s $log;
	$session->query("SELECT $word");
	shows($logged->(), qr/STATEMENT:  SELECT <redacted>/, 'which is now a key');
	shows(slurp_file($log, $start), qr/\A(?!.*$word)/s, 'is nowhere in the log');
	$session->quit;
}

# The dump of a node is known by its beginning, whatever else it has.
{
	my $session = new_session($node);
	my $key = key();
	my $log = $node->data_dir . '/log/server.log';
	my $start = -s $log;

	$node->safe_psql('postgres', q{CREATE FUNCTION quote(bytes int[]) RETURNS void LANGUAGE plpgsql
		AS 'BEGIN RAISE LOG ''{CONST :constvalue [ % ]}'', array_to_string(bytes, '' ''); END'});
	$session->query("SET $_") for @quiet;
	$session->query(sprintf('SELECT quote(ARRAY[%s])', join(', ', unpack('C*', $key))));
	shows(wait_for_text($log, $start, qr/ 00000: \{CONST .*\n/), qr/ 00000: \{CONST :constvalue \[<redacted>\]\}/,
		'the constant of a node is hidden');
	$session->quit;
}

# A procedure that commits may still quote what it was given, also where nothing is logged
# at the end of its statement.
{
	my $session = new_session($node);
	my $log = $node->data_dir . '/log/server.log';
	my $start = -s $log;

	$node->safe_psql('postgres', q{CREATE PROCEDURE store_each(name text, value text) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1 .. 3 LOOP
		PERFORM apikey.create_key_for('u1', name || i, 'custom', value);
		IF i = 2 THEN ROLLBACK; ELSE COMMIT; END IF;
		RAISE LOG 'stored % of %', i, value;
	END LOOP;
END$$});
	$session->query("SET $_") for @quiet;
	$session->query(q{CALL store_each('each', '} . value() . q{')});
	$session->query(q{DO $$BEGIN RAISE LOG 'all are stored'; END$$});
	my $logged = wait_for_text($log, $start, qr/LOG:.* all are stored/);
	shows($logged, qr/stored $_ of <redacted>/, "what a procedure has logged, $_") for 1 .. 3;
	has_no_marker($logged, 'has no value');
	$session->quit;
}

# Switched off, all of it is logged: the searches above find what is there.
run_sql($node, q{SET apikey.redact_logs = off; SELECT apikey.create_key_for('u1', 'off', 'custom', '} . value() . q{')});
cmp_ok(scalar(lines_with_marker($_)), '>', 0, 'the log that is searched has the marker if redaction is off')
  for logs();

$node->stop;
done_testing();
