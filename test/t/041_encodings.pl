# Databases of different encodings: what is sealed in one opens in another, as
# values and the texts that they are bound to are sealed in UTF-8.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use ApikeyTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my ($node) = new_node('encodings', extension => 0);
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

# True for each: opens, is found, verifies, and the column's value opens.
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
	check($database, "in $encoding");
}

for (['from_latin1', 'UTF8'], ['from_utf8', 'LATIN1'])
{
	my ($from, $encoding) = @$_;
	my $to = "${from}_in_" . lc($encoding);

	set_up($to, $encoding);
	$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, $node->connstr($from) ], "$from is dumped");
	$node->command_ok([ 'pg_restore', '-d', $node->connstr($to), $dump ], "... and restored into $encoding");
	check($to, "... where all opens");
}

# A character that the other encoding lacks is refused as such, and not shown.
$node->safe_psql('from_utf8', qq{SELECT apikey.create_key_for('u', 'euro', 'letters', U&'\\20ac\\20ac\\20ac\\20ac\\20ac\\20ac\\20ac\\20ac')});
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, $node->connstr('from_utf8') ], 'with a character that LATIN1 lacks');
set_up('without_euro', 'LATIN1');
$node->command_ok([ 'pg_restore', '-d', $node->connstr('without_euro'), $dump ], '... restored there');
my (undef, $state, $messages) = run_sql(
	$node, q{BEGIN; SELECT apikey.set_user_id('u') \gset x_
SELECT apikey.reveal_key('euro')}, db => 'without_euro');
is($state, '22P05', '... it does not open there');
unlike($messages, qr/20ac|e2 ?82 ?ac/i, '... and is not shown');

$node->stop;
done_testing();
