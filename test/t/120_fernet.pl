# Fernet tokens, compared with Python's cryptography: 10,000 values of 0 to 4096
# bytes in each direction, three keys, rotation, ages, altered tokens, the
# specification's vectors; errors; and the sources of keys.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use ApikeyTest;
use MIME::Base64 qw(encode_base64);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $python = '/usr/bin/python3';
my $helper = "$FindBin::RealBin/../python/fernet.py";
my $count = 10_000;

if (system("$python -c 'import cryptography.fernet' 2>/dev/null") != 0)
{
	plan skip_all => 'python3-cryptography is not installed';
}

my $dir = PostgreSQL::Test::Utils::tempdir_short();

sub fernet_key
{
	return encode_base64(random_bytes(32), '') =~ tr{+/}{-_}r;
}

sub run_python
{
	my @command = ($python, '-B', $helper, @_);
	my ($output, $errors);

	IPC::Run::run(\@command, '>', \$output, '2>', \$errors)
	  or diag("@command[0 .. 3]: $errors");
	chomp $output;
	return $output;
}

my @keys = map { fernet_key() } 1 .. 3;
my $key_file = put_master_keys("$dir/fernet.key", @keys);
$ENV{APIKEY_TEST_FERNET} = $keys[2];
my ($node) = new_node('fernet', conf => "log_statement = none\n");

# The output of a statement.
sub value_of
{
	return (run_sql($node, $_[0]))[0];
}

sub set_source
{
	my ($source) = @_;

	$node->safe_psql('postgres',
		"ALTER SYSTEM SET apikey.fernet_key_source = '$source'");
	$node->reload;
	$node->poll_query_until('postgres',
		"SELECT current_setting('apikey.fernet_key_source') = '$source'")
	  or die "the setting did not take effect";
	return;
}

# ----------------------------------------------------------------------
# Without a key, and without the privilege
# ----------------------------------------------------------------------

my @answer = run_sql($node, q{SELECT apikey.fernet_encrypt('some value')});
is($answer[1], 'KA001', 'no key configured: KA001');
like($answer[2], qr/no Fernet key is available.*apikey\.fernet_key_source is not set/s,
	'which says what is missing');
is(value_of(q{SELECT count(*) FROM apikey.status() WHERE item LIKE 'Fernet%'}),
	'0', 'status() does not show what is not used');

set_source("file:$key_file");
for my $call ("encrypt('x')", "decrypt('x')", "rotate('x')")
{
	is( (run_sql($node, "SELECT apikey.fernet_$call", user => app_role))[1],
		'42501', "fernet_$call is granted to nobody");
}
$node->safe_psql('postgres', 'GRANT EXECUTE ON FUNCTION apikey.fernet_decrypt(text, interval) TO ' . app_role);
is( (run_sql($node, "SELECT apikey.fernet_decrypt('x')", user => app_role))[1],
	'KA004', 'until an administrator grants it');

# ----------------------------------------------------------------------
# Both directions
# ----------------------------------------------------------------------

run_python('make', $dir, $count, @keys);
my ($status) = run_sql($node, qq{
CREATE TABLE vals (id int, hex text, token text);
CREATE TABLE bytes (LIKE vals);
CREATE TABLE altered (id int, token text, valid boolean);
CREATE TABLE aged (age int, token text);
\\copy vals FROM '$dir/values.tsv'
\\copy bytes FROM '$dir/bytes.tsv'
\\copy altered FROM '$dir/altered.tsv'
\\copy aged FROM '$dir/aged.tsv'
SELECT count(*), min(length(hex) / 2), max(length(hex) / 2) FROM vals;
});
is($status, "$count|0|4096", "$count values of 0 to 4096 bytes from Python");

is( value_of(q{SELECT count(*) FROM vals
		WHERE apikey.fernet_decrypt(token) = convert_from(decode(hex, 'hex'), 'UTF8')}),
	$count, 'each token from Python can be decrypted, with any of three keys');
run_sql($node, qq{
CREATE TABLE made AS SELECT id, apikey.fernet_encrypt(convert_from(decode(hex, 'hex'), 'UTF8')) AS token FROM vals;
CREATE TABLE rotated AS SELECT 'values.tsv' AS name, id, apikey.fernet_rotate(token) AS token FROM vals
	UNION ALL SELECT 'bytes.tsv', id, apikey.fernet_rotate(token) FROM bytes;
\\copy made TO '$dir/made.tsv'
\\copy rotated TO '$dir/rotated.tsv'
});
is(run_python('check', $dir, @keys), 2 * $count + 100,
	'Python decrypts each token made here, and each rotated one, with its timestamp');
is( value_of(q{SELECT count(DISTINCT m.token) FROM (SELECT token FROM made UNION ALL SELECT token FROM rotated) m}),
	2 * $count + 100, 'no two tokens are the same');
is( value_of(q{SELECT count(*) FROM rotated JOIN vals USING (id) WHERE name = 'values.tsv'
		AND apikey.fernet_decrypt(rotated.token) = convert_from(decode(hex, 'hex'), 'UTF8')}),
	$count, 'and rotated tokens can be decrypted here');

# The outcome of each call, as its SQLSTATE.
$node->safe_psql('postgres', q{
CREATE FUNCTION outcome(token text, max_age interval) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM apikey.fernet_decrypt(token, max_age);
	RETURN 'valid';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$});
is( value_of(q{SELECT DISTINCT outcome(token, NULL) FROM bytes}),
	'22021', 'a value that is not text has a separate error');
is( value_of(q{SELECT count(*) FROM altered
		WHERE valid <> (outcome(convert_from(decode(token, 'hex'), 'UTF8'), NULL) = 'valid')}),
	'0', "of $count altered tokens, those are decrypted that Python decrypts");
is( value_of(q{SELECT string_agg(DISTINCT outcome, ' ' ORDER BY outcome)
		FROM (SELECT outcome(convert_from(decode(token, 'hex'), 'UTF8'), NULL) FROM altered) o}),
	'KA003 KA004 valid', 'some of them; the others have two errors');

# ----------------------------------------------------------------------
# Ages: without max_age any timestamp is accepted, as in Python
# ----------------------------------------------------------------------

is( value_of(q{SELECT string_agg(outcome(token, NULL), ' ' ORDER BY age) FROM aged}),
	'valid valid valid valid valid', 'without max_age tokens of any age are decrypted');
is( value_of(q{SELECT string_agg(outcome(token, '10 minutes'), ' ' ORDER BY age) FROM aged}),
	'KA006 valid valid KA006 KA006', 'max_age, and a clock that is ahead');
is( value_of(q{SELECT string_agg(outcome(token, '30 days'), ' ' ORDER BY age) FROM aged}),
	'KA006 valid valid valid KA006', 'max_age in days');
is( value_of(q{SELECT string_agg(outcome(token, '0'), ' ' ORDER BY age) FROM aged WHERE age NOT IN (-55, 0)}),
	'KA006 KA006 KA006', 'max_age 0: none that is older than this second');
is( value_of(q{SELECT string_agg(outcome(token, '1 minute'), ' ' ORDER BY age) FROM aged WHERE age <> 0}),
	'KA006 valid KA006 KA006', 'a clock may be 60 seconds ahead');
is( value_of(q{SELECT bool_or(outcome(apikey.fernet_encrypt('new'), '0.9 s') = 'valid') FROM generate_series(1, 1000)}),
	't', 'a token made within this second is decrypted');
is( value_of(q{SELECT string_agg(outcome(token, '1 day -84900 s'), ' ' ORDER BY age) FROM aged}),
	'KA006 valid valid valid KA006', 'max_age of mixed signs');
is( value_of(qq{SELECT DISTINCT outcome(token, '$_') FROM aged}),
	'22023', "a negative max_age is refused: $_") for '-1 s', '-0.1 s', '-1 month 29 days';
like( (run_sql($node, q{SELECT apikey.fernet_decrypt(token, '10 s') FROM aged WHERE age = 1000}))[2],
	qr/KA006: Fernet token has expired\nDETAIL:  It is 1\d\d\d seconds old; the maximum age is 10 seconds/,
	'an error that says how old it is');
like( (run_sql($node, q{SELECT apikey.fernet_decrypt(token, '10 s') FROM aged WHERE age = -3600}))[2],
	qr/KA006: Fernet token is from the future/, 'or that it is from the future');

# ----------------------------------------------------------------------
# Errors, and reloads
# ----------------------------------------------------------------------

is(value_of(q{SELECT apikey.fernet_encrypt(NULL) IS NULL, apikey.fernet_decrypt(NULL) IS NULL, apikey.fernet_rotate(NULL) IS NULL}),
	't|t|t', 'NULL stays NULL');
for my $token ('', 'gAAAAA', 'not a token', "gAAAAA\xc3\xa9", 'ak1.AQEA', 'gAAAAA' . 'A' x 94)
{
	@answer = run_sql($node, "SELECT apikey.fernet_decrypt('$token')");
	like($answer[2], qr/KA004: value is not a Fernet token\nHINT:  A Fernet token is base64url and begins with "gAAAAA"\.\n/,
		'not a token: KA004 for ' . length($token) . ' characters');
	unlike($answer[2], qr/\Q$token\E(?!")/, 'and it is not echoed') if length($token) > 4;
}

my ($fingerprints) = run_sql($node, q{SELECT value FROM apikey.status() WHERE item = 'Fernet key fingerprint'});
is($fingerprints, run_python('fingerprints', @keys), 'status() shows the fingerprints');
is( value_of(q{SELECT string_agg(item || '=' || value, ' ') FROM apikey.status() WHERE item IN ('Fernet key', 'Fernet key source')}),
	"Fernet key source=file:$key_file Fernet key=3 available", 'and the source and number of keys');

my $session = new_session($node);
is(ask($session, q{SELECT apikey.fernet_decrypt(token) FROM aged WHERE age = 0}), 'aged', 'a session decrypts tokens');
my @others = (fernet_key(), $keys[2]);
put_master_keys($key_file, @others);
$node->reload;
is(ask_until($session, q{SELECT apikey.fernet_decrypt(token) FROM aged WHERE age = 0}, 'KA003'),
	'KA003', 'after a reload without their key it does not: KA003');
my $token = value_of('SELECT token FROM aged WHERE age = 0');
$fingerprints = run_python('fingerprints', @others);
for my $function ('decrypt', 'rotate')
{
	@answer = ask($session, "SELECT apikey.fernet_$function('$token')");
	like($answer[2], qr/KA003: could not decrypt Fernet token\nDETAIL:  .* \Q$fingerprints\E\.\n/,
		"fernet_$function() names the fingerprints of the keys that were tried");
	unlike($answer[2], qr/gAAAAA/, 'but not the token');
}
unlink($key_file);
$node->reload;
is(ask_until($session, q{SELECT apikey.fernet_decrypt(token) FROM aged WHERE age = 0}, 'KA001'),
	'KA001', 'and without any key: KA001');
@answer = run_sql($node, q{SELECT value, severity FROM apikey.status() WHERE item = 'Fernet key'});
like($answer[0], qr/does not exist.*\|error/, 'which status() reports as an error');
put_master_keys($key_file, $keys[0]);
is(ask($session, q{SELECT apikey.fernet_decrypt(token) FROM aged WHERE age = 0}), 'aged',
	'putting the key back is enough');
$session->quit;

# The vectors of the specification, with the current time; fernet_test.c tests them
# with their own times.
SKIP:
{
	skip 'python3-cryptography-vectors is not installed', 2
	  if system("$python -c 'import cryptography_vectors' 2>/dev/null") != 0;
	put_master_keys($key_file, run_python('vectors', $dir));
	$node->reload;
	run_sql($node, qq{
CREATE TABLE vectors (title text, hex text, token text);
\\copy vectors FROM '$dir/vectors.tsv'
});
	is( value_of(q{SELECT count(*) FROM vectors
			WHERE title = 'valid' AND apikey.fernet_decrypt(token) = convert_from(decode(hex, 'hex'), 'UTF8')}),
		'2', 'valid tokens are decrypted');
	is( value_of(q{SELECT string_agg(format('%s: %s, %s', title, outcome(token, NULL), outcome(token, '60 s')), E'\n' ORDER BY title COLLATE "C")
			FROM vectors WHERE title <> 'valid'}),
		join("\n",
			'expired TTL: valid, KA006',
			'far-future TS (unacceptable clock skew): valid, KA006',
			'incorrect IV (causes padding error): KA003, KA003',
			'incorrect mac: KA003, KA003',
			'invalid base64: KA004, KA004',
			'payload padding error: KA003, KA003',
			'payload size not multiple of block size: KA004, KA004',
			'too short: KA004, KA004'),
		'and invalid ones are not');
}

# A malformed setting, which may be a key by mistake, is not echoed.
@answer = run_sql($node,
	"SET log_min_error_statement = panic; ALTER SYSTEM SET apikey.fernet_key_source = '$keys[1]'");
is($answer[1], '22023', 'a malformed source is refused');
unlike($answer[2], qr/\Q$keys[1]\E/, 'and not echoed');

# ----------------------------------------------------------------------
# A key from the environment, which is removed from it
# ----------------------------------------------------------------------

$node->safe_psql('postgres', q{ALTER SYSTEM SET apikey.fernet_key_source = 'env:APIKEY_TEST_FERNET'});
$node->restart;
is( value_of(q{SELECT string_agg(DISTINCT format('%s: %s', id % 3, outcome(token, NULL)), ', ' ORDER BY format('%s: %s', id % 3, outcome(token, NULL))) FROM vals}),
	'0: KA003, 1: KA003, 2: valid', 'a key from the environment decrypts its own tokens');
my ($postmaster) = run_sql($node, q{SELECT split_part(pg_read_file('postmaster.pid'), E'\n', 1)});
unlike(slurp_file("/proc/$postmaster/environ"), qr/\Q$keys[2]\E/,
	'is removed from the environment');

$node->stop;
my $log = slurp_file($node->logfile);
unlike($log, qr/\Q$_\E/, 'no key is in the log') for @keys;
unlike($log, qr/gAAAAA[\w-]/, 'nor is a token');
done_testing();
