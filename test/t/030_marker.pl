# No value reaches the disk in clear text.  Values that all contain one random
# marker are stored, read, changed, and refused in every way; then each file of
# the data directory (tables, TOAST, indexes, WAL, statistics), a base backup,
# a dump and the server log are searched for the marker, as text and in hex,
# base64 and base64url.  Finally the marker is stored in an ordinary table in
# each of these forms, to verify that the search finds it there.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use ApikeyMarker;
use ApikeyTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $marker = marker();

# ----------------------------------------------------------------------
# The server: default logging, and all WAL kept
# ----------------------------------------------------------------------

my ($node) = new_node(
	'main',
	init => [ allows_streaming => 1 ],
	conf => q{
log_statement = none
wal_keep_size = 1GB
max_wal_size = 1GB
});
my $seen_by_client = '';

# Values: the marker surrounded by other text.
my $serial = 0;

sub value
{
	$serial++;
	return ('a' x ($serial % 3)) . $marker . "-$serial";
}

sub groq_value
{
	return 'gsk_' . $marker . random_text(20);
}

# Runs a statement as user u1, and checks the SQLSTATE that it ends with.
sub does
{
	my ($sql, $wanted, $title, %options) = @_;
	my ($stdout, $state, $stderr) = run_as($node, 'u1', $sql, %options);

	$seen_by_client .= $stderr;
	is($state, $wanted, $title) or diag($stderr =~ s/\Q$marker\E/MARKER/gr);
	return $stdout;
}

my $good = groq_value();

# ----------------------------------------------------------------------
# Literals
# ----------------------------------------------------------------------

my $value = value();
does(qq{SELECT apikey.create_key('one', 'custom', '$value')}, '', 'create');
is(does(q{SELECT apikey.reveal_key('one')}, '', 'reveal'),
	$value, 'the stored value is returned');
does(qq{SELECT apikey.create_key('groq', 'groq', '  $good ')},
	'', 'create, trimmed');
does(qq{SELECT apikey.create_key('large', 'custom', '} . value() . ('x' x 8000) . q{')},
	'', 'create, large enough for TOAST');
does(q{SELECT apikey.set_key('two', 'custom', '} . value() . q{')},
	'', 'set, a new one');
does(q{SELECT apikey.set_key('two', 'custom', '} . value() . q{')},
	'', 'set, an existing one');
does(q{SELECT apikey.update_key('one', new_value => '} . value() . q{')},
	'', 'update');
does(q{SELECT apikey.update_key('one', new_name => 'uno')}, '', 'rename');
does(q{SELECT apikey.disable_key('uno', 'testing'), apikey.enable_key('uno')},
	'', 'disable and enable');
does(q{SELECT apikey.restore_key(apikey.delete_key('uno'), 'one')},
	'', 'delete and restore under another name');
does(q{SELECT apikey.purge_key(apikey.delete_key('two'))}, '', 'purge');
like(does(q{SELECT apikey.reveal_env()}, '', 'reveal_env'),
	qr/\Q$good\E/, 'which returns the value');
does(q{SELECT * FROM apikey.check_key('groq', '} . value() . q{')},
	'', 'check_key');
does(q{SELECT * FROM apikey.detect_key_type('} . groq_value() . q{')},
	'', 'detect_key_type');
does(
	q{SELECT apikey.create_key('undone', 'custom', '}
	  . value()
	  . q{'); ROLLBACK; BEGIN},
	'', 'create, rolled back');

# ----------------------------------------------------------------------
# Refused
# ----------------------------------------------------------------------

my %refused = (
	'wrong format' => [ 'KA008', "'n', 'groq', '" . value() . q{'} ],
	"another provider's" => [ 'KA008', "'n', 'openai', '$good'" ],
	'inner white space' =>
	  [ 'KA008', "'n', 'custom', '" . value() . ' ' . value() . q{'} ],
	'control characters' =>
	  [ 'KA008', "'n', 'custom', E'" . value() . q{\\x01'} ],
	'too long' =>
	  [ 'KA008', "'n', 'custom', '" . value() . ('x' x 8192) . q{'} ],
	'name in use' => [ '23505', "'one', 'custom', '" . value() . q{'} ],
	'unknown type' => [ '22023', "'n', 'nonesuch', '" . value() . q{'} ],
	'value as type' => [ '22023', "'n', '" . value() . "', 'abcdefgh'" ],
	'value as name' => [ '22023', "'$good', 'custom', '" . value() . q{'} ],
	'past expiry' =>
	  [ '22023', "'n', 'custom', '" . value() . "', '2001-01-01'" ],
	'bad metadata' =>
	  [ '22023', "'n', 'custom', '" . value() . "', NULL, '[]'" ],
	'value in metadata' => [
		'22023',
		"'n', 'custom', '" . value() . qq{', NULL, '{"key": "$good"}'} ],
	'bad variable' =>
	  [ '22023', "'n', 'custom', '" . value() . "', NULL, NULL, 'PATH'" ],
	'value as variable' => [
		'22023', "'n', 'custom', '" . value() . "', NULL, NULL, '$good'"
	]);
for my $what (sort keys %refused)
{
	my ($state, $arguments) = @{ $refused{$what} };

	does("SELECT apikey.create_key($arguments)", $state, "create: $what");
}
does(q{SELECT apikey.set_key('one', 'groq', '} . groq_value() . q{')},
	'22023', 'set: another type');
does(q{SELECT apikey.update_key('groq', new_value => '} . value() . q{')},
	'KA008', 'update: wrong format');
does(qq{SELECT apikey.update_key('one', new_name => '$good')},
	'22023', 'rename: value as name');
does(qq{SELECT apikey.reveal_key('$good')},
	'KA005', 'reveal: value as name');
does(qq{SELECT apikey.reveal_env(ARRAY['$good'])},
	'KA005', 'reveal_env: value as name');
does(qq{SELECT apikey.delete_key('$good')},
	'KA005', 'delete: value as name');
does(qq{SELECT apikey.restore_key('$good')},
	'22023', 'restore: value as id');
does(qq{SELECT apikey.disable_key('one', '$good' || repeat('x', 200))},
	'22023', 'disable: value as reason');

# Without an identity.
(undef, my $state, my $stderr) = run_sql(
	$node,
	q{SELECT apikey.create_key('n', 'custom', '} . value() . q{')},
	user => ApikeyTest::app_role);
$seen_by_client .= $stderr;
is($state, 'KA007', 'create: no identity');

# ----------------------------------------------------------------------
# DO blocks, PL/pgSQL, prepared statements, cursors
# ----------------------------------------------------------------------

does(
	q{DO $$ BEGIN PERFORM apikey.create_key('do', 'custom', '}
	  . value()
	  . q{'); END $$},
	'', 'DO: create');
does(
	q{DO $$ BEGIN PERFORM apikey.create_key('do', 'groq', '}
	  . value()
	  . q{'); END $$},
	'KA008', 'DO: wrong format');
does(
	q{DO $$ DECLARE v text; BEGIN
		v := apikey.reveal_key('do');
		PERFORM apikey.update_key('do', new_value => v || '2');
		PERFORM apikey.create_key('do', 'groq', v);
	EXCEPTION WHEN SQLSTATE 'KA008' THEN
		PERFORM apikey.set_key('do', 'custom', v || '3');
	END $$}, '', 'DO: an error that is caught');
$node->safe_psql('postgres',
	q{CREATE FUNCTION store(name text, key_type text, value text) RETURNS uuid LANGUAGE plpgsql AS
	  'BEGIN RETURN apikey.create_key(name, key_type, value); END'}
);
does(q{SELECT store('function', 'custom', '} . value() . q{')},
	'', 'PL/pgSQL: create');
does(q{SELECT store('function', 'custom', '} . value() . q{')},
	'23505', 'PL/pgSQL: name in use');
does(
	q{PREPARE make AS SELECT apikey.create_key($1, $2, $3); EXECUTE make('prepared', 'custom', '}
	  . value()
	  . q{')},
	'', 'EXECUTE: create');
does(
	q{PREPARE make AS SELECT apikey.create_key($1, $2, $3); EXECUTE make('prepared', 'groq', '}
	  . value()
	  . q{')},
	'KA008', 'EXECUTE: wrong format');
does(
	q{DECLARE c CURSOR FOR SELECT apikey.reveal_key(id) FROM apikey.keys; FETCH ALL FROM c},
	'', 'a cursor over all values');

# Bound parameters, by the protocol.
for my $mode ('extended', 'prepared')
{
	my $script = PostgreSQL::Test::Utils::tempdir_short() . '/script.sql';
	my @pgbench = (
		'pgbench', '--no-vacuum', '--transactions=1', "--protocol=$mode",
		"--file=$script", '--username=' . ApikeyTest::app_role,
		'--host=' . $node->host, '--port=' . $node->port);

	for my $type ('custom', 'groq')
	{
		append_to_file("$script.$type", qq{BEGIN;
SELECT apikey.set_user_id('u1');
SELECT apikey.create_key('$mode $type', '$type', :value);
SELECT apikey.update_key('$mode $type', new_value => :value || 'new');
COMMIT;
});
		rename("$script.$type", $script) or die "could not rename: $!";
		my $status = IPC::Run::run(
			[ @pgbench, '--define=value=' . value(), 'postgres' ],
			'>' => \my $out,
			'2>' => \my $err);
		$seen_by_client .= $err;
		is($status ? 'done' : 'failed',
			$type eq 'custom' ? 'done' : 'failed',
			"bound parameters, $mode: $type") or diag($err);
	}
}

# ----------------------------------------------------------------------
# The type's input, and columns of other tables
# ----------------------------------------------------------------------

$node->safe_psql('postgres', 'CREATE TABLE secrets (id int, v apikey.encrypted)');

sub admin_does
{
	my ($sql, $wanted, $title) = @_;
	my ($stdout, $state, $stderr) = run_sql($node, $sql);

	$seen_by_client .= $stderr;
	is($state, $wanted, $title) or diag($stderr =~ s/\Q$marker\E/MARKER/gr);
}

admin_does(q{INSERT INTO secrets VALUES (1, '} . value() . q{')},
	'22P02', 'text into the type');
admin_does(q{INSERT INTO secrets VALUES (1, 'ak1.} . value() . q{')},
	'22P02', 'text with an envelope\'s beginning into the type');
admin_does(q{SELECT '} . value() . q{'::text::apikey.encrypted},
	'22P02', 'text cast to the type');
admin_does("COPY secrets FROM STDIN;\n1\t" . value() . "\n\\.\n",
	'22P02', 'text by COPY into the type');
my $data = PostgreSQL::Test::Utils::tempdir_short() . '/data';
append_to_file($data,
		"PGCOPY\n\xff\r\n\0"
	  . pack('NN n NN N/a* n', 0, 0, 2, 4, 1, value(), 0xffff));
admin_does("\\copy secrets from '$data' binary",
	'22P03', 'text by binary COPY into the type');

admin_does(
	q{SELECT apikey.encrypt('} . value() . q{', 'secrets.1')},
	'55000', 'encrypt without a data key');
admin_does(q{SELECT apikey.rotate_data_key('column')}, '', 'a data key');
admin_does(
	q{INSERT INTO secrets VALUES (1, apikey.encrypt('} . value() . q{', 'secrets.1'))},
	'', 'encrypt');
admin_does(q{SELECT apikey.decrypt(v, 'secrets.1') FROM secrets},
	'', 'decrypt');
admin_does(qq{SELECT apikey.decrypt(v, '$good') FROM secrets},
	'KA003', 'decrypt with another context');
admin_does(qq{SELECT count(*) FROM apikey.find_keys('$good')},
	'', 'find_keys');
admin_does(
	q{SELECT apikey.create_key_for('u2', 'n', 'groq', '}
	  . value()
	  . q{', check_format => false, deleted_at => now())},
	'', 'create_key_for');
admin_does(
	q{SELECT apikey.create_key_for('u2', 'n', 'groq', '} . value() . q{')},
	'KA008', 'create_key_for: wrong format');
admin_does('SELECT * FROM apikey.verify_keys()', '', 'verify_keys');
admin_does('SELECT apikey.rotate_data_key()', '', 'rotate_data_key');
does(q{SELECT apikey.update_key('one', new_name => 'eins')},
	'', 'rename after a rotation');

unlike($seen_by_client, qr/\Q$marker\E/, 'no message shows a value');

# ----------------------------------------------------------------------
# The search
# ----------------------------------------------------------------------

$node->safe_psql('postgres', $_)
  for 'VACUUM ANALYZE', 'CHECKPOINT', 'SELECT pg_switch_wal()',
  'VACUUM FULL apikey.api_keys', 'CHECKPOINT';
$node->backup('base');
my $dumps = PostgreSQL::Test::Utils::tempdir_short();
command_ok(
	[ 'pg_dump', "--file=$dumps/plain.sql", $node->connstr('postgres') ],
	'a plain dump');
command_ok(
	[
		'pg_dump', '--format=custom', '--compress=0',
		"--file=$dumps/custom.dump", $node->connstr('postgres')
	],
	'a custom dump');
like(slurp_file("$dumps/plain.sql"), qr/\tak1\./, 'the dump has envelopes');
$node->stop;

my $base = $node->backup_dir . '/base';
my %places = (
	'the data directory' => [ 900, $node->data_dir ],
	'the base backup' => [ 900, $base ],
	'the dumps' => [ 2, $dumps ],
	'the server log' => [ 1, $node->logfile ]);
for my $place (sort keys %places)
{
	my ($least, $root) = @{ $places{$place} };
	my ($found, $count) = search_files($root);

	is_deeply($found, {}, "nothing in $place") or diag(explain($found));
	cmp_ok($count, '>=', $least, "$count files were searched");
}
ok(-d $node->data_dir . '/pg_stat' && glob($node->data_dir . '/pg_stat/*'),
	'including the statistics, which the server wrote when it stopped');
like(slurp_file($node->logfile), qr/ERROR:  .*groq/i,
	'the log has the errors');

# ----------------------------------------------------------------------
# The search finds what is there.  Several rows of each, since one may extend
# across two pages of WAL.
# ----------------------------------------------------------------------

$node->start;
my %planted = planted_forms();
$node->safe_psql('postgres', 'CREATE TABLE planted (v text)');
$node->safe_psql('postgres',
	join(';',
		map { "INSERT INTO planted SELECT '$_' FROM generate_series(1, 5)" }
		  values %planted));
my $path = $node->safe_psql('postgres', q{SELECT pg_relation_filepath('planted')});
$node->stop;

my ($found) = search_files($node->data_dir);
for my $form (sort keys %planted)
{
	my @files = @{ $found->{$form} // [] };

	ok((grep { m{/\Q$path\E$} } @files), "as $form it is found in the table");
	ok((grep { m{/pg_wal/} } @files), "as $form it is found in WAL");
}

done_testing();
