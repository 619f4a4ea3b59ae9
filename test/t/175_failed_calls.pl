# Each call that can fail, made to fail once, in the functions that handle secrets:
# without memory, with a failure of libcrypto, without random bytes.  The library of
# this server is linked with test/failures/fail_calls.c.
#
# Each call fails in a session in which the statement has run before; and each in a
# session of its own, in which nothing has been read yet.  Most of the latter come from
# a few places in the code, since tables are read.
#
# That takes long, so it is done with APIKEY_FAIL_EVERY=1, as in make test-long; by
# default every second call of the former fails, and of the latter only the first one
# from a place, in one place of each APIKEY_FAIL_EVERY (12).
#
# The statement fails with an expected error, or succeeds with the right answer; the
# session goes on; nothing is half-written; the memory of the session has neither the
# master key nor a value that it has not returned; and the same statement then
# succeeds.  At the end, the server log has no value.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use ApikeyTest;
use Cwd qw(getcwd);
use File::Copy qw(copy);
use IPC::Run;
use MIME::Base64 qw(encode_base64);
use PostgreSQL::Test::Utils;
use Test::More;

my $every = $ENV{APIKEY_FAIL_EVERY} // 12;
my $top = "$FindBin::RealBin/../..";
my $build = PostgreSQL::Test::Utils::tempdir_short();
my $dir = PostgreSQL::Test::Utils::tempdir_short();

# ----------------------------------------------------------------------
# A copy of the server, with the library whose calls fail
# ----------------------------------------------------------------------

sub output_of
{
	my (@command) = @_;
	my ($output, $errors);

	local $ENV{PG_CONFIG} = 'pg_config';
	IPC::Run::run(\@command, '>', \$output, '2>', \$errors) or die "@command: $errors";
	chomp $output;
	return $output;
}

# CC is that of the environment, if there is one.
output_of('make', '--silent', '-C', "$top/test/failures", "BUILD=$build", 'OBJECTS=' . getcwd(), 'PG_CONFIG=pg_config',
	map { "$_=$ENV{$_}" } grep { defined $ENV{$_} } 'CC');
my $pg_config = output_of("$top/scripts/private-postgres", "$dir/pg");
copy("$build/failing.so", output_of($pg_config, '--pkglibdir') . '/apikey.so')
  or die "could not install the library: $!";

my $master = random_bytes(32);
my $older = random_bytes(32);
my $fernet = encode_base64(random_bytes(32), '') =~ tr{+/}{-_}r;

put_master_keys("$dir/masters", encode_base64($older, ''));
put_master_keys("$dir/fernet", $fernet);

my ($node) = new_node(
	'failing',
	master_key => "$dir/masters",
	cluster => [ install_path => $pg_config =~ s{/bin/pg_config$}{}r ],
	conf => qq{
apikey.fernet_key_source = 'file:$dir/fernet'
apikey.identity = session
apikey.audit = wal
apikey.usage_interval = 0
log_statement = none
log_min_duration_statement = -1
log_error_verbosity = verbose
});
my $calls = q{
CREATE FUNCTION fail_call(int) RETURNS void LANGUAGE c STRICT AS '$libdir/apikey';
CREATE FUNCTION failed_call() RETURNS text LANGUAGE c AS '$libdir/apikey';
CREATE FUNCTION call_count() RETURNS int LANGUAGE c AS '$libdir/apikey';
CREATE FUNCTION first_calls() RETURNS int[] LANGUAGE c AS '$libdir/apikey';
CREATE FUNCTION memory_contains(bytea[]) RETURNS text LANGUAGE c STRICT AS '$libdir/apikey';
};

# ----------------------------------------------------------------------
# What there is to read and to change
# ----------------------------------------------------------------------

# Values that are stored beforehand: no statement of a test contains them.
my %value = map { $_ => random_text(40) } qw(stored column token other);
# Values that are stored by the tests.
my $new = random_text(40);
my $groq = 'gsk_' . random_text(52);

# In the encoding LATIN1, some values are converted, so that they must have such a character.
sub prepare
{
	my ($database, $suffix) = @_;

	$node->safe_psql($database, $calls . qq{
SELECT apikey.rotate_data_key('column');
CREATE TABLE tokens AS SELECT apikey.encrypt('$value{column}$suffix', 'c') AS column_value,
	apikey.fernet_encrypt('$value{token}$suffix') AS token;
SET apikey.user_id = 'ann';
SELECT apikey.create_key('k', 'custom', '$value{stored}$suffix', env_var => 'KEY_K', check_format => false);
SELECT apikey.create_key('groq', 'groq', '$groq');
SET apikey.user_id = 'bob';
SELECT apikey.create_key('b', 'custom', '$value{other}$suffix', check_format => false);
CREATE TABLE saved AS SELECT * FROM apikey.api_keys;
CREATE TABLE saved_data_keys AS SELECT id, wrapped_key FROM apikey.data_keys;
SELECT apikey.create_model_view('public.key_model')});
	return;
}

$node->safe_psql('postgres', q{CREATE DATABASE latin TEMPLATE template0 ENCODING LATIN1 LOCALE 'C'});
$node->safe_psql('postgres', q{CREATE DATABASE empty TEMPLATE template0});
$node->safe_psql($_, 'CREATE EXTENSION apikey') for qw(latin empty);
prepare('postgres', '');
# U&'' is an expression of the server, in any encoding of the client.
prepare('latin', q{' || chr(233) || '});
$node->safe_psql('empty', $calls);

# From now on, data keys are wrapped with an older master key.
put_master_keys("$dir/masters", encode_base64($master, ''), encode_base64($older, ''));
$node->restart;

# ----------------------------------------------------------------------
# The statements.  Each returns a column "answer" that is true, unless it is a
# procedure, which cannot run within a transaction.  "state" is a query of what it
# changes, "undo" takes that back; "before" runs first, in the same session.
# ----------------------------------------------------------------------

my $names = q{SELECT string_agg(user_id || '/' || name, ',' ORDER BY user_id, name) FROM apikey.api_keys};
my $envelopes = q{SELECT count(*) FROM apikey.api_keys k JOIN saved s USING (id)
	WHERE k.encrypted_value::text = s.encrypted_value::text AND k.fingerprint = s.fingerprint AND k.user_id = s.user_id};
my $restore = q{UPDATE apikey.api_keys k SET encrypted_value = s.encrypted_value, fingerprint = s.fingerprint,
	name = s.name, hint = s.hint, user_id = s.user_id FROM saved s WHERE s.id = k.id};
my $forget_new = q{DELETE FROM apikey.api_keys WHERE name = 'new'};
my $forget_data_keys = q{DELETE FROM apikey.data_keys WHERE id NOT IN (SELECT id FROM saved_data_keys)};

my @statements = (
	{
		name => 'create_key',
		sql => qq{SELECT apikey.create_key('new', 'custom', '$new') IS NOT NULL AS answer},
		state => $names,
		undo => $forget_new
	},
	{
		name => 'create_key with a format',
		sql => qq{SELECT apikey.create_key('new', 'groq', '$groq', env_var => 'OTHER', metadata => '{"a": 1}') IS NOT NULL AS answer},
		state => $names,
		undo => $forget_new
	},
	{
		name => 'create_key, the first',
		database => 'empty',
		sql => qq{SELECT apikey.create_key('new', 'custom', '$new') IS NOT NULL AS answer},
		state => q{SELECT (SELECT count(*) FROM apikey.api_keys) || ' ' || (SELECT count(*) FROM apikey.data_keys)},
		undo => 'DELETE FROM apikey.api_keys; DELETE FROM apikey.data_keys'
	},
	{
		name => 'set_key',
		sql => qq{SELECT apikey.set_key('k', 'custom', '$new') IS NOT NULL AS answer},
		state => $envelopes,
		undo => $restore
	},
	{
		name => 'update_key, a value',
		sql => qq{SELECT apikey.update_key('k', new_value => '$new') IS NOT NULL AS answer},
		state => $envelopes,
		undo => $restore
	},
	{
		name => 'update_key, a name',
		sql => q{SELECT apikey.update_key('k', new_name => 'k2') IS NOT NULL AS answer},
		state => $names . q{ WHERE apikey.data_key_id(encrypted_value) IS NOT NULL},
		undo => $restore
	},
	{
		name => 'reveal_key',
		sql => q{SELECT length(apikey.reveal_key('k')) = 40 AS answer},
	},
	{
		name => 'reveal_key by a statement',
		settings => 'SET apikey.direct_lookup = off',
		sql => q{SELECT length(apikey.reveal_key('k')) = 40 AS answer},
	},
	{
		name => 'reveal_env',
		sql => q{SELECT length(apikey.reveal_env() ->> 'KEY_K') = 40 AS answer},
	},
	{
		name => 'find_keys',
		sql => qq{SELECT string_agg(name, ',') = 'groq' AS answer FROM apikey.find_keys('$groq')},
	},
	{
		name => 'verify_keys',
		sql => q{SELECT count(*) = 0 AS answer FROM apikey.verify_keys()},
	},
	{
		name => 'encrypt',
		sql => qq{SELECT apikey.encrypt('$new', 'c') IS NOT NULL AS answer},
	},
	{
		name => 'decrypt',
		sql => q{SELECT length(apikey.decrypt(column_value, 'c')) = 40 AS answer FROM tokens},
	},
	{
		name => 'fernet_encrypt',
		sql => qq{SELECT apikey.fernet_encrypt('$new') LIKE 'gAAAAA%' AS answer},
	},
	{
		name => 'fernet_decrypt',
		sql => q{SELECT length(apikey.fernet_decrypt(token, '1 day')) = 40 AS answer FROM tokens},
	},
	{
		name => 'fernet_rotate',
		sql => q{SELECT apikey.fernet_rotate(token) LIKE 'gAAAAA%' AS answer FROM tokens},
	},
	{
		name => 'check_key',
		sql => qq{SELECT string_agg(code, ',') = 'duplicate' AS answer FROM apikey.check_key('groq', '$groq')},
	},
	{
		name => 'detect_key_type',
		sql => qq{SELECT string_agg(t, ',') LIKE '%groq%' AS answer FROM apikey.detect_key_type('$groq') t},
	},
	{
		name => 'rotate_data_key',
		sql => q{SELECT apikey.rotate_data_key() IS NOT NULL AS answer},
		state => q{SELECT count(*) || ' ' || count(*) FILTER (WHERE deactivated_at IS NULL) FROM apikey.data_keys},
		undo => $forget_data_keys
	},
	{
		name => 'rewrap_data_keys',
		sql => q{SELECT apikey.rewrap_data_keys() = 2 AS answer},
		state => q{SELECT count(*) FROM apikey.data_keys JOIN saved_data_keys USING (id, wrapped_key)},
		undo => q{UPDATE apikey.data_keys d SET wrapped_key = s.wrapped_key FROM saved_data_keys s WHERE s.id = d.id}
	},
	{
		name => 'reencrypt_keys',
		procedure => 1,
		before => q{SELECT apikey.rotate_data_key()},
		sql => q{CALL apikey.reencrypt_keys()},
		state => $envelopes,
		undo => "$restore; $forget_data_keys"
	},
	{
		name => 'move_keys',
		sql => q{SELECT apikey.move_keys('bob', 'ann') = 1 AS answer},
		state => $names,
		undo => $restore
	},
	{
		name => 'a model view',
		sql => qq{INSERT INTO key_model (name, key_type, value) VALUES ('new', 'groq', '$groq') RETURNING true AS answer},
		state => $names,
		undo => $forget_new
	},
	(
		map {
			{ %$_, database => 'latin', name => "$_->{name}, converted" }
		} (
			{
				name => 'create_key',
				sql => qq{SELECT apikey.create_key('new', 'custom', '$new' || chr(233), check_format => false) IS NOT NULL AS answer},
				state => $names,
				undo => $forget_new
			},
			{
				name => 'update_key, a name',
				sql => q{SELECT apikey.update_key('k', new_name => 'k2') IS NOT NULL AS answer},
				state => $names,
				undo => $restore
			},
			{
				name => 'reveal_key',
				sql => q{SELECT length(apikey.reveal_key('k')) = 41 AS answer},
			},
			{
				name => 'reveal_env',
				sql => q{SELECT length(apikey.reveal_env() ->> 'KEY_K') = 41 AS answer},
			},
			{
				name => 'decrypt',
				sql => q{SELECT length(apikey.decrypt(column_value, 'c')) = 41 AS answer FROM tokens},
			},
			{
				name => 'fernet_decrypt',
				sql => q{SELECT length(apikey.fernet_decrypt(token)) = 41 AS answer FROM tokens},
			},
			{
				name => 'encrypt',
				sql => qq{SELECT apikey.encrypt('$new' || chr(233), 'c') IS NOT NULL AS answer},
			})));

# ----------------------------------------------------------------------
# Running them, in psql, which writes two lines for each attempt
# ----------------------------------------------------------------------

# A query of where in memory one of the byte strings is.
sub search_memory
{
	my ($variable, @strings) = @_;
	my $list = join(', ', map { q{'\x} . unpack('H*', ~$_) . q{'} } @strings);

	return "SELECT coalesce(memory_contains(ARRAY[$list]::bytea[]), 'clean') AS $variable \\gset\n";
}

my @keys = ($master, $older, map { encode_base64($_, '') } $master, $older);

# The forms in which the extension copies a value: UTF-8, and wide characters.
my @copies = (
	(map { pack('L*', unpack('C*', $_)) } $new, $groq),
	substr($new, 20) . "\xc3\xa9",
	substr($value{stored}, 20) . "\xc3\xa9");
my $search = search_memory('keys_in_memory', @keys, @copies) .
  search_memory('values_in_memory', @value{qw(stored column token other)});
my $no_search = "\\set keys_in_memory clean\n\\set values_in_memory clean\n";

# Run the statement with its call number n failing, or with n = 0 none.
sub run_once
{
	my ($statement, $n) = @_;

	return "\\set answer t\nSELECT fail_call($n) \\gset ignored_\n$statement->{sql}" .
	  ($statement->{procedure} ? ";\n" : " \\gset\n") . "\\set sqlstate :SQLSTATE\n\\set failed :ERROR\n";
}

sub read_state
{
	my ($statement, $variable) = @_;
	my $query = $statement->{state} // 'SELECT 0';

	return "SELECT ($query) AS $variable \\gset\n";
}

# End the transaction, or what the statement has committed.
sub undo
{
	my ($statement, $in_transaction) = @_;

	return $in_transaction ? "ROLLBACK;\n" : ($statement->{undo} // '') . ";\n";
}

# The line about an attempt: what happened, and what it left.
sub report
{
	my ($statement, $n, $is_new) = @_;

	return "SELECT coalesce(failed_call(), '-') AS call \\gset\n" .
	  # It takes its time, so only a sample is searched where the statement has run before.
	  ($is_new || $n % 3 == 0 ? $search : $no_search) .
	  read_state($statement, 'after') . q{SELECT pg_backend_pid() = :pid AS lives \gset
\echo attempt } . "$n :call :sqlstate :answer :lives |:before|:after|:keys_in_memory|:values_in_memory\n";
}

# Attempt number n: alone, or in a transaction that goes on.
sub attempt
{
	my ($statement, $n, $in_transaction, $is_new) = @_;
	my $script = $in_transaction ? "BEGIN;\n" : '';

	$script .= read_state($statement, 'before') . "SELECT pg_backend_pid() AS pid \\gset\n";
	$script .= "SAVEPOINT s;\n" if $in_transaction;
	$script .= run_once($statement, $n);
	$script .= "\\if :failed\nROLLBACK TO s;\n\\endif\n" if $in_transaction;
	$script .= report($statement, $n, $is_new);
	$script .= $in_transaction ? "ROLLBACK TO s;\n" : undo($statement, 0) . ($statement->{before} // '') . ";\n";
	$script .= run_once($statement, 0) . read_state($statement, 'after');
	return $script . "\\echo again :sqlstate :answer |:after\n" . undo($statement, $in_transaction);
}

# In a session in which nothing has run; what "before" has read, another one has.
sub start_session
{
	my ($statement) = @_;

	return ($statement->{before} // '') . ";\n\\c\nSET apikey.user_id = 'ann';\n" . ($statement->{settings} // '') . ";\n";
}

# psql's output, and all messages.
sub run_script
{
	my ($statement, $script) = @_;
	my ($stdout, $stderr);

	$node->psql($statement->{database} // 'postgres', "\\set QUIET 1\n$script",
		stdout => \$stdout, stderr => \$stderr, on_error_stop => 0);
	return ($stdout, $stderr);
}

# The number of calls that the statement makes, and of the first from each place.
sub count_calls
{
	my ($statement, $first) = @_;
	my ($stdout, $stderr) = run_script($statement,
		start_session($statement) . $first . run_once($statement, 1_000_000) .
		  q{SELECT call_count() AS calls, array_to_string(first_calls(), ' ') AS places \gset
\echo calls :sqlstate :answer :calls :places
} . undo($statement, 0));

	return split(/ /, $1) if $stdout =~ /^calls 00000 t (.*)$/m;
	diag("$statement->{name} does not work: $stdout\n$stderr");
	return (0);
}

# ----------------------------------------------------------------------
# What is expected
# ----------------------------------------------------------------------

# Out of memory; a failure of libcrypto, or no random bytes.  When the last step of a
# decryption fails, the value was altered.
my %expected = map { $_ => 1 } qw(53200 XX000);

# What is wrong with an attempt; '' if nothing is.
sub problem
{
	my ($statement, $attempt, $again, $is_new) = @_;
	my ($n, $call, $sqlstate, $answer, $lives, $before, $after, $keys, $values) =
	  $attempt =~ /^attempt (\d+) (\S+) (\S+) (\S+) (\S+) \|(.*)\|(.*)\|(.*)\|(.*)$/
	  or return "no result: $attempt";
	my ($again_state, $again_answer, $changed) = $again =~ /^again (\S+) (\S+) \|(.*)$/
	  or return "no second result: $again";
	my $failed = $sqlstate ne '00000';

	return "the session has ended" if $lives ne 't';
	return "SQLSTATE $sqlstate"
	  if $failed && !$expected{$sqlstate} && !($call eq 'EVP_CipherFinal_ex' && $sqlstate eq 'KA003');
	return "wrong answer" if !$failed && $answer ne 't' && $call ne 'EVP_CipherFinal_ex';
	return "half-written: $before, $after"
	  if $after ne ($failed ? $before : $changed) && !($statement->{procedure} && $after eq $changed);
	return "a master key or a copy in memory: $keys" if $keys ne 'clean';
	return "a value in memory: $values" if $is_new && $failed && $values ne 'clean';
	return "then SQLSTATE $again_state" if $again_state ne '00000' || $again_answer ne 't';
	return '';
}

# Check the lines of attempts; returns how many calls failed.
sub check_attempts
{
	my ($statement, $how, $stdout, $stderr, $wanted, $is_new) = @_;
	my @attempts = $stdout =~ /^((?:attempt|again) .*)$/mg;
	my $count = @attempts / 2;
	my %problems;

	while (my ($attempt, $again) = splice(@attempts, 0, 2))
	{
		my $problem = problem($statement, $attempt, $again, $is_new) or next;
		push @{ $problems{$problem} }, join(' ', (split(/ /, $attempt))[1, 2]);
	}
	ok($count == $wanted && !%problems, "$statement->{name}: $wanted calls fail, $how");
	diag("$count attempts of $wanted:\n" . substr($stdout, -1000) . substr($stderr, -2000)) if $count != $wanted;
	diag("$_: " . join(', ', @{ $problems{$_} })) for sort keys %problems;
	return;
}

# Every call in a session in which the statement has run.
sub test_warm
{
	my ($statement) = @_;
	my $first = attempt($statement, 0, 0) . ($statement->{before} // '') . ";\n";
	my ($calls) = count_calls($statement, $first);
	my @numbers = grep { $every == 1 || $_ % 2 } 1 .. $calls;
	my $script = start_session($statement) . attempt($statement, 0, 0);

	$script .= ($statement->{before} // '') . ";\n" . attempt($statement, $_, $_ % 4 > 1 && !$statement->{procedure})
	  for @numbers;
	my ($stdout, $stderr) = run_script($statement, $script);
	check_attempts($statement, "of $calls after it has run", $stdout, $stderr, @numbers + 1);
	return;
}

# Each in a session of its own.
sub test_cold
{
	my ($statement) = @_;
	my ($calls, @places) = count_calls($statement, '');
	my @numbers = $every == 1 ? 1 .. $calls : @places[ grep { ($_ + length($statement->{sql})) % $every == 0 } 0 .. $#places ];
	my $script = '';

	$script .= start_session($statement) . attempt($statement, $_, $_ % 2 && !$statement->{procedure}, 1)
	  for @numbers;
	my ($stdout, $stderr) = run_script($statement, $script);
	check_attempts($statement, "of $calls in a new session", $stdout, $stderr, scalar(@numbers), 1);
	return;
}

for my $statement (@statements)
{
	next if $ENV{APIKEY_FAIL_ONLY} && $statement->{name} !~ /$ENV{APIKEY_FAIL_ONLY}/;
	test_warm($statement);
	test_cold($statement);
}

my $log = slurp_file($node->logfile);
like($log, qr/out of memory/, 'the log has the failures');
unlike($log, qr/TRAP|PANIC|terminated by signal/, 'no process of the server has crashed');
my @shown = grep { index($log, $_) >= 0 } values(%value), $new, $groq, $fernet, @keys;
is(scalar(@shown), 0, 'the server log has no value and no key');

$node->stop;
done_testing();
