# Behind pgbouncer in transaction mode, where one server connection serves the
# transactions of many clients: no client ever gets the identity of another.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use ApikeyPooler;
use MIME::Base64 qw(encode_base64);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $dir = PostgreSQL::Test::Utils::tempdir_short();

sub write_file
{
	my ($name, $text) = @_;

	open(my $file, '>', $name) or die "could not write $name: $!";
	chmod(0600, $name) or die "could not chmod $name: $!";
	print $file $text;
	close($file) or die "could not write $name: $!";
}

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
write_file("$dir/master.key", encode_base64(pack('C*', 1 .. 32)));
$node->append_conf(
	'postgresql.conf', qq{
shared_preload_libraries = 'apikey'
apikey.master_key_source = 'file:$dir/master.key'
apikey.empty_without_identity = on
});
$node->start;
$node->safe_psql(
	'postgres', q{
CREATE EXTENSION apikey;
CREATE ROLE regress_apikey_app LOGIN IN ROLE apikey_reveal;
SELECT apikey.create_key_for(n::text, 'k', 'custom', 'value-of-' || n) FROM generate_series(1, 4) n;
});

my $through = start_pooler($node, 'regress_apikey_app') . ' user=regress_apikey_app';

sub new_client
{
	my $client = $node->background_psql(
		'postgres',
		on_error_stop => 0,
		extra_params => [ '-d', $through ]);

	$client->set_query_timer_restart;
	return $client;
}

# The output of a statement, or its error; the session continues after it.
sub ask
{
	my ($client, $sql) = @_;

	$client->{stderr} = '';
	my $answer = $client->query($sql);
	$answer .= $client->{stderr};
	$client->{stderr} = '';
	return $answer;
}

my $who =
  q{SELECT coalesce(apikey.current_user_id(), 'nobody') || ' ' || count(*) FROM apikey.keys};
my $reveal = q{SELECT apikey.reveal_key('k')};
my $first = new_client();
my $second = new_client();
ask($_, '\set VERBOSITY sqlstate') for $first, $second;

my $backend = ask($first, 'SELECT pg_backend_pid()');
is(ask($second, 'SELECT pg_backend_pid()'),
	$backend, 'two clients, one server connection');

# ----------------------------------------------------------------------
# Correct use: the identity first in each transaction
# ----------------------------------------------------------------------

is( ask($first, "BEGIN; SELECT apikey.set_user_id('1'); $who; $reveal; COMMIT;"),
	"1\n1 1\nvalue-of-1", 'the identity of the first client');
is(ask($second, $who), 'nobody 0', 'is not that of the second');
like(
	ask($second, 'BEGIN; SET LOCAL apikey.empty_without_identity = off; SELECT count(*) FROM apikey.keys; ROLLBACK;'),
	qr/KA007/,
	'who is told so by default');
like(ask($second, $reveal), qr/KA007/, 'which reveals nothing');
is( ask($second, "BEGIN; $who; ROLLBACK;"),
	'nobody 0', 'not even in its own transaction');
is(ask($first, $who), 'nobody 0', 'nor is it the first one\'s afterwards');
is( ask($second, "BEGIN; SELECT apikey.set_user_id('2'); $who; $reveal; COMMIT;"),
	"2\n2 1\nvalue-of-2", 'the second has its own');
is( ask($first, "BEGIN; SET LOCAL apikey.user_id = '3'; $who; COMMIT;"),
	'3 1', 'SET LOCAL works too');
is(ask($second, $who), 'nobody 0', 'and ends with the transaction');

# Transactions that end in other ways.
ask($first, "BEGIN; SELECT apikey.set_user_id('1'); ROLLBACK;");
is(ask($second, $who), 'nobody 0', 'after ROLLBACK');
ask($first, "BEGIN; SELECT apikey.set_user_id('1'); SELECT 1 / 0; COMMIT;");
is(ask($second, $who), 'nobody 0', 'after an error');
ask($first, "SELECT apikey.set_user_id('1')");
is(ask($second, $who), 'nobody 0', 'after a single statement');
my $leaver = new_client();
ask($leaver, "BEGIN; SELECT apikey.set_user_id('1');");
$leaver->quit;
for (1 .. 1800)
{
	last if ask($second, 'SELECT 1') eq '1';
	usleep(100_000);
}
is(ask($second, $who), 'nobody 0', 'after a client disconnected in the middle of a transaction');

# ----------------------------------------------------------------------
# Wrong use: settings of the session
# ----------------------------------------------------------------------

$backend = ask($second, 'SELECT pg_backend_pid()');
is(ask($first, "SET apikey.user_id = '1'; SHOW apikey.user_id"),
	'1', 'a plain SET of the first client');
is(ask($second, 'SHOW apikey.user_id'), '1', 'is visible to the second');
is(ask($second, 'SELECT pg_backend_pid()'),
	$backend, 'on the same connection');
is(ask($second, $who), 'nobody 0', 'but is not an identity');
like(ask($second, $reveal), qr/KA007/, 'and reveals nothing');
is( ask($second,
		"BEGIN; $who; SAVEPOINT a; SELECT apikey.set_user_id('2'); ROLLBACK TO a; $who; COMMIT;"
	),
	"nobody 0\n2\nnobody 0",
	'not even after a savepoint');
like(ask($first, $reveal), qr/KA007/, 'nor is it one for the first client');
is( ask($second, "BEGIN; SELECT apikey.set_user_id('2'); $who; $reveal; COMMIT;"),
	"2\n2 1\nvalue-of-2", 'the second client can set its own in spite of it');
is(ask($first, 'SHOW apikey.user_id'), '1', 'and leaves it unchanged');
is(ask($second, "SELECT set_config('apikey.user_id', '4', false)"),
	'4', 'set_config() for the session');
is(ask($first, $who), 'nobody 0', 'is not an identity either');
like(ask($first, q{SET apikey.identity = 'session'}),
	qr/42501/, 'no client can change the mode');
ask($first, 'RESET ALL');

# ----------------------------------------------------------------------
# What remains in a server connection: plans, temporary objects, cursors
# ----------------------------------------------------------------------

ask($first,
	"BEGIN; SELECT apikey.set_user_id('1'); PREPARE mine AS SELECT user_id FROM apikey.keys; PREPARE value AS $reveal; EXECUTE mine; EXECUTE value; COMMIT;"
);
is(ask($second, 'EXECUTE mine'), '', 'a plan of the first client: no rows');
like(ask($second, 'EXECUTE value'), qr/KA007/, 'and no value');
is( ask($second,
		"BEGIN; SELECT apikey.set_user_id('2'); EXECUTE mine; EXECUTE value; COMMIT;"
	),
	"2\n2\nvalue-of-2",
	'uses the identity of the second');
ask($first,
	"BEGIN; SET LOCAL plan_cache_mode = force_generic_plan; SELECT apikey.set_user_id('3'); EXECUTE mine; COMMIT;"
);
is( ask($second,
		"BEGIN; SET LOCAL plan_cache_mode = force_generic_plan; SELECT apikey.set_user_id('4'); EXECUTE mine; COMMIT;"
	),
	"4\n4",
	'as a generic plan does');
ask($first, 'DEALLOCATE ALL');
$_->quit for $first, $second;

# ----------------------------------------------------------------------
# Many clients at once, with each protocol: each checks that it
# sees its own rows, or none; some leave settings behind.
# ----------------------------------------------------------------------

write_file(
	"$dir/own.sql", q{
\set u random(1, 4)
BEGIN;
SELECT apikey.set_user_id(:u);
SELECT 1 / (CASE WHEN apikey.reveal_key('k') = 'value-of-' || :u
	AND (SELECT string_agg(user_id, ',') FROM apikey.keys) = (:u)::text THEN 1 ELSE 0 END);
COMMIT;
});
write_file(
	"$dir/none.sql", q{
SELECT 1 / (CASE WHEN apikey.current_user_id() IS NULL AND NOT EXISTS (SELECT FROM apikey.keys) THEN 1 ELSE 0 END);
});
write_file("$dir/leave.sql", q{
\set u random(1, 4)
SELECT set_config('apikey.user_id', (:u)::text, false);
});

for my $protocol (qw(simple extended))
{
	$node->command_ok(
		[
			'pgbench', '--no-vacuum', '--client=6', '--transactions=50',
			"--protocol=$protocol", '--file', "$dir/own.sql\@5",
			'--file', "$dir/none.sql\@3", '--file', "$dir/leave.sql\@1",
			$through
		],
		"many clients, $protocol protocol");
}

$node->stop;
done_testing();
