# Databases with different encodings: a value encrypted in one can be decrypted in
# another, since values and the texts that they are bound to are encrypted as UTF-8.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use ApikeyTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $fernet_key = random_key();
my $fernet_file = put_master_keys(PostgreSQL::Test::Utils::tempdir_short() . '/fernet.key', $fernet_key);
my ($node) = new_node('encodings', extension => 0,
	conf => "apikey.fernet_key_source = 'file:$fernet_file'\n");
my $dump = PostgreSQL::Test::Utils::tempdir . '/dump';

# Text is written with escapes, so that this file is plain ASCII.
my $user = q{U&'zo\00e9'};
my $name = q{U&'cl\00e9'};
my $value = q{U&'p\00e4ssw\00f6rd-of-many-letters'};

sub set_up
{
	my ($database, $encoding) = @_;

	$node->safe_psql('postgres',
		"CREATE DATABASE $database TEMPLATE template0 ENCODING '$encoding' LC_COLLATE 'C' LC_CTYPE 'C'");
	return;
}

sub fill
{
	my ($database) = @_;

	$node->safe_psql($database, qq{
CREATE EXTENSION apikey;
INSERT INTO apikey.custom_key_types (key_type, label, pattern, prefixes, env_vars, enforcement)
	VALUES ('letters', 'Letters', '^.{8,}\$', '{}', '{}', 'reject');
SELECT apikey.create_key_for($user, $name, 'letters', $value);
SELECT apikey.rotate_data_key('column');
CREATE TABLE secrets AS SELECT apikey.encrypt($value, $name) AS secret;});
	return;
}

# The key is revealed, found and verified, and the column's value is decrypted.
sub check
{
	my ($database, $title) = @_;
	my ($out, $state, $messages) = run_sql(
		$node, qq{BEGIN; SELECT apikey.set_user_id($user) \\gset x_
SELECT apikey.reveal_key($name) = $value,
	(SELECT count(*) FROM apikey.find_keys($value)),
	(SELECT count(*) FROM apikey.verify_keys()),
	(SELECT apikey.decrypt(secret, $name) = $value FROM secrets),
	(SELECT hint FROM apikey.keys);
COMMIT}, db => $database);

	is("$state $out", ' t|1|0|t|...ters', $title) or diag($messages);
	return;
}

# Characters that cannot be seen are recognized in any encoding that has them, and
# one that is not ASCII is pointed out in a value.
sub check_odd_characters
{
	my ($database) = @_;
	my @odd = (q{U&'zo\00a0'}, q{U&'\00a0zo'}, q{U&'z\00ado'}, q{'zo '}, q{U&'z\0085o'});

	for my $text (@odd)
	{
		for my $call ("apikey.create_key_for('u', $text, 'custom', 'a-made-up-value')",
			"apikey.create_key_for($text, 'n', 'custom', 'a-made-up-value')", "apikey.set_user_id($text)")
		{
			my ($out, $state, $messages) = run_sql($node, "SELECT $call", db => $database);

			is($state, '22023', "$database: $call");
		}
	}
	my ($out) = run_sql($node, q{SELECT message FROM apikey.check_key('groq', U&'gsk_\00e9abc')}, db => $database);
	like($out, qr/not ASCII \(character 5/, "$database: a character in a value");
	return;
}

# Masks made of the bullets and ellipses that an encoding has are refused, a key's own
# hint too, and other letters are not taken for them.
sub check_masks
{
	my ($database, $bullet, $dash, $letters) = @_;

	for my $type ('custom', 'custom_multiline')
	{
		for my $mask ("$bullet || $bullet || $bullet", "'sk-a' || $bullet || $bullet || $bullet || 'wxyz'", "$bullet || chr(10) || $bullet")
		{
			next if $type eq 'custom' && $mask =~ /chr/;
			is((run_sql($node, "SELECT code FROM apikey.check_key('$type', $mask)", db => $database))[0],
				'mask', "$database: $type $mask");
		}
	}
	is((run_sql($node, "SELECT code FROM apikey.check_key('custom_multiline', 'pass phrase ' || $letters)", db => $database))[0],
		'', "$database: letters");
	is( (run_sql($node, "SET apikey.identity = 'session'; SET apikey.user_id = 'masks';
SELECT apikey.set_key('k', 'custom', 'correct-horse-battery') IS NOT NULL;
SELECT apikey.set_key('k', 'custom', $dash || 'tery', check_format => false)", db => $database))[1],
		'KA008', "$database: the hint with another mask");
	is( (run_sql($node, "SET apikey.identity = 'session'; SET apikey.user_id = 'masks';
SELECT apikey.set_key('l', 'custom_multiline', 'pass phrase ' || $letters) IS NOT NULL,
	apikey.reveal_key('l') = 'pass phrase ' || $letters, apikey.purge_own_keys()", db => $database))[0],
		"t|t|2", "$database: the letters are stored");
	return;
}

for my $encoding ('UTF8', 'LATIN1', 'SQL_ASCII')
{
	my $database = 'from_' . lc($encoding);
	if ($encoding eq 'SQL_ASCII')
	{
		# U&'' has no meaning there; plain bytes are kept as they are.
		set_up($database, $encoding);
		is( $node->safe_psql($database, q{CREATE EXTENSION apikey;
SET apikey.identity = 'session'; SET apikey.user_id = 'u';
SELECT apikey.create_key(E'n\\351', 'custom', 'plain-value-1') IS NOT NULL;
SELECT apikey.reveal_key(E'n\\351')}), "t\nplain-value-1", 'in SQL_ASCII, any bytes');
		next;
	}
	set_up($database, $encoding);
	fill($database);
	check_odd_characters($database);
	check_masks($database, q{U&'\00b7'}, q{U&'\00d7\00d7'}, q{U&'\00e4\00f6\00fc'});
	check($database, "in $encoding");
}

for (['from_latin1', 'UTF8'], ['from_utf8', 'LATIN1'])
{
	my ($from, $encoding) = @$_;
	my $to = "${from}_in_" . lc($encoding);

	set_up($to, $encoding);
	$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, $node->connstr($from) ], "$from is dumped");
	$node->command_ok([ 'pg_restore', '-d', $node->connstr($to), $dump ], "... and restored into $encoding");
	check($to, "... where everything can be decrypted");
}

# Links, model views, moved keys and reveal_env with such texts: user ids, names and
# values.
for my $database ('from_utf8', 'from_latin1')
{
	my ($out, $state, $messages) = run_sql(
		$node, qq{CREATE TABLE people (id text PRIMARY KEY);
INSERT INTO people VALUES ($user), ('other');
SELECT apikey.link_users('people', 'id');
SELECT apikey.create_model_view('model', 'people');
BEGIN;
SELECT apikey.set_user_id($user) \\gset x_
INSERT INTO model (name, key_type, value, env_var) VALUES ($name || '2', 'letters', $value, 'MY_KEY')
	RETURNING user_id = $user, name = $name || '2', value IS NULL;
SELECT count(*) FROM model JOIN people ON people.id = model.user_id;
SELECT apikey.reveal_env(ARRAY[$name || '2']) ->> 'MY_KEY' = $value, apikey.reveal_env() ->> 'MY_KEY' = $value;
COMMIT;
SELECT apikey.create_key_for('other', $name, 'letters', $value) IS NOT NULL;
SELECT apikey.move_keys($user, 'other', ' ' || $name);
BEGIN;
SELECT apikey.set_user_id('other') \\gset x_
SELECT count(*) FROM model WHERE apikey.reveal_key(name) = $value AND name IN ($name, $name || '2', $name || ' ' || $name);
COMMIT;
SELECT count(*) FROM apikey.verify_keys();
DROP VIEW model;
SELECT apikey.unlink_users('people');
DROP TABLE people;
SELECT apikey.purge_user('other')}, db => $database);

	is("$state $out", " people\nmodel\nt|t|t\n2\nt|t\nt\n2\n3\n0\nt\n3", "links, model views and moved keys in $database") or diag($messages);
}

# A character that the other encoding lacks causes an error that does not show it.
$node->safe_psql('from_utf8', qq{SELECT apikey.create_key_for('u', 'euro', 'letters', U&'\\20ac\\20ac\\20ac\\20ac\\20ac\\20ac\\20ac\\20ac')});
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, $node->connstr('from_utf8') ], 'dumped with a character that LATIN1 lacks');
set_up('without_euro', 'LATIN1');
$node->command_ok([ 'pg_restore', '-d', $node->connstr('without_euro'), $dump ], '... and restored into LATIN1');
my (undef, $state, $messages) = run_sql(
	$node, q{BEGIN; SELECT apikey.set_user_id('u') \gset x_
SELECT apikey.reveal_key('euro')}, db => 'without_euro');
is($state, '22P05', '... where the value cannot be returned');
unlike($messages, qr/20ac|e2 ?82 ?ac/i, '... and is not shown');

# In the claims of a token, an escape that the encoding lacks gives no identity:
# a policy must not fail because of what a client sends.
for (
	[ 'u', 'u' ], [ 'zo\u00e9', 'zo\351' ], [ '\\\\u20ac', '\\\\u20ac' ],
	[ '\u20ac', '' ], [ '\ud83d\ude00', '' ], [ '\ud83d', '' ])
{
	my ($sub, $identity) = @$_;

	(my $out, $state) = run_sql($node, qq{BEGIN; SET LOCAL apikey.identity = 'claims';
SELECT set_config('request.jwt.claims', '{"sub": "$sub"}', true) \\gset x_
SELECT encode(convert_to(apikey.current_user_id(), 'LATIN1'), 'escape') FROM (SELECT count(*) FROM apikey.api_keys) k},
		db => 'from_latin1');
	is("$state:$out", ":$identity", "in LATIN1, the claim $sub");
}

# ----------------------------------------------------------------------
# Fernet tokens: Python's text is UTF-8, whatever the database's encoding.
# ----------------------------------------------------------------------

# Texts as hexadecimal digits of UTF-8, and as SQL.
my %texts = (
	latin => [ '70c3a4737377c3b67264', q{U&'p\00e4ssw\00f6rd'} ],
	kana => [ 'e38193e38293', q{U&'\3053\3093'} ],
	euro => [ 'e282ac', q{U&'\20ac'} ]);

sub fernet
{
	my ($command, $argument) = @_;

	# In the form that Python accepts.
	return (run_command([ '/usr/bin/python3', '-B', "$FindBin::RealBin/../python/fernet.py",
			$command, $fernet_key =~ tr{+/}{-_}r, $argument ]))[0];
}

sub ask_fernet
{
	my ($database, $sql) = @_;

	return run_sql($node, "SET client_encoding = 'SQL_ASCII'; SELECT $sql", db => $database);
}

SKIP:
{
	skip 'python3-cryptography is not installed', 1
	  if system('/usr/bin/python3 -c "import cryptography.fernet" 2>/dev/null') != 0;

	set_up('in_euc_jp', 'EUC_JP');
	$node->safe_psql('in_euc_jp', 'CREATE EXTENSION apikey');
	my %has = (
		from_utf8 => [qw(euro kana latin)], from_latin1 => ['latin'],
		in_euc_jp => [qw(kana latin)]);
	for my $database (sort keys %has)
	{
		for my $name (sort keys %texts)
		{
			my ($hex, $text) = @{ $texts{$name} };
			my $decrypt = sprintf("apikey.fernet_decrypt('%s')", fernet('encrypt', $hex));

			if (!grep { $_ eq $name } @{ $has{$database} })
			{
				(undef, $state, $messages) = ask_fernet($database, $decrypt);
				is($state, '22P05', "$name: a token from Python is refused in $database");
				like($messages, qr/value contains characters that cannot be represented in the database encoding/, '... and not shown');
				next;
			}
			is((ask_fernet($database, "$decrypt = $text"))[0], 't', "$name: a token from Python is decrypted in $database");
			is(fernet('decrypt', (ask_fernet($database, "apikey.fernet_encrypt($text)"))[0]),
				$hex, '... and Python decrypts a token made there');
		}
	}

	my ($hex) = @{ $texts{latin} };
	is( (ask_fernet('from_sql_ascii', "encode(apikey.fernet_decrypt('" . fernet('encrypt', $hex) . "')::bytea, 'hex')"))[0],
		$hex, 'in SQL_ASCII the bytes are kept');
	is( fernet('decrypt', (ask_fernet('from_sql_ascii', "apikey.fernet_encrypt(convert_from('\\x$hex', 'SQL_ASCII'))"))[0]),
		$hex, '... in both directions');

	# Text has no zero bytes; only in SQL_ASCII may it be invalid UTF-8.
	for my $database ('from_sql_ascii', sort keys %has)
	{
		for my $bytes ('610062', $database eq 'from_sql_ascii' ? () : ('61ff', 'eda080'))
		{
			(undef, $state, $messages) = ask_fernet($database, "apikey.fernet_decrypt('" . fernet('encrypt', $bytes) . "')");
			is($state, '22021', "bytes $bytes are not text in $database");
			like($messages, qr/value of Fernet token is not valid text in encoding/, '... and not shown');
		}
	}
}

# Encodings that are neither Unicode nor a part of it.
set_up('masks_in_euc_jp', 'EUC_JP');
$node->safe_psql('masks_in_euc_jp', 'CREATE EXTENSION apikey');
check_masks('masks_in_euc_jp', q{U&'\25cf'}, q{U&'\2015'}, q{U&'\3053\3093'});
for my $name (q{U&'\3000n'}, q{U&'n\3000'})
{
	is((run_sql($node, "SELECT apikey.create_key_for('u', $name, 'custom', 'a-made-up-value')", db => 'masks_in_euc_jp'))[1],
		'22023', "in EUC_JP, $name");
}
# A character that cannot be represented in UTF-8 is not shown either.
set_up('in_win1252', 'WIN1252');
$node->safe_psql('in_win1252', "CREATE EXTENSION apikey; SELECT apikey.rotate_data_key('column')");
check_masks('in_win1252', q{U&'\2022'}, q{U&'\2026'}, q{U&'\0152\20ac'});
is((run_sql($node, q{SELECT code FROM apikey.check_key('custom_multiline', 'x y' || chr(129) || '***')}, db => 'in_win1252'))[0],
	'mask', 'beside a character that cannot be represented in UTF-8');
for my $call ("fernet_encrypt(chr(129))", "encrypt(chr(129), 'context')")
{
	(undef, $state, $messages) = run_sql($node, "SELECT apikey.$call", db => 'in_win1252');
	is($state, '22P05', "$call is refused");
	like($messages, qr/text contains characters that cannot be represented in UTF-8/, '... and the character is not shown');
}

# The limit applies to the number of bytes in UTF-8.
is((run_sql($node, 'SELECT apikey.fernet_encrypt(repeat(chr(228), (1 << 25) + 1))', db => 'from_latin1'))[1],
	'54000', 'a value that is too long as UTF-8');

$node->stop;
done_testing();
