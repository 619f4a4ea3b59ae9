# Linked users tables: 100,000 users with keys are linked in bounded memory; links
# follow a renamed column through dump and restore; and after a dump without the
# extension's rows, the users table works and status() says how to link it again.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use ApikeyTest;
use PostgreSQL::Test::Utils;
use Test::More;

my ($node) = new_node('main', extension => 0, conf => "fsync = off\njit = off\n");
my $dumps = PostgreSQL::Test::Utils::tempdir_short();

sub create_database
{
	my ($name, $extension) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $name");
	$node->safe_psql($name, 'CREATE EXTENSION apikey') if $extension;
	return;
}

# ----------------------------------------------------------------------
# Many users
# ----------------------------------------------------------------------

create_database('large', 1);
$node->safe_psql(
	'large', q{
CREATE TABLE users (id int8 PRIMARY KEY);
INSERT INTO users SELECT generate_series(1, 100002);
SELECT apikey.create_key_for('1', 'one', 'custom', 'a-value-of-no-use');
INSERT INTO apikey.api_keys (id, user_id, name, key_type, encrypted_value, hint, fingerprint)
	SELECT gen_random_uuid(), i::text, name, key_type, encrypted_value, hint, fingerprint
	FROM apikey.api_keys, generate_series(2, 100001) i});
is( $node->safe_psql('large', q{SELECT value FROM apikey.status() WHERE item = 'keys'}),
	'more than 100000, not counted',
	'more keys than status() counts');
is($node->safe_psql('large', q{SELECT rows, rows_exact FROM apikey.key_status}),
	'100000|f', 'nor does key_status');
# Nor is more than that read.
my $read = q{SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_all_tables WHERE relid = 'apikey.api_keys'::regclass};
$node->safe_psql('large', q{INSERT INTO apikey.api_keys (id, user_id, name, key_type, encrypted_value, hint, fingerprint)
	SELECT gen_random_uuid(), 'more', 'n' || i, key_type, encrypted_value, hint, fingerprint
	FROM apikey.api_keys, generate_series(1, 5000) i WHERE user_id = '1'});
$node->safe_psql('large', 'ANALYZE apikey.api_keys');
for ('SELECT FROM apikey.status()', 'SELECT FROM apikey.key_status WHERE rows > 0',
	'SELECT apikey.rotate_data_key(); SELECT FROM apikey.key_status WHERE rows >= 0')
{
	my ($rows) = $node->safe_psql('large', "BEGIN; $_; $read; ROLLBACK") =~ /(\d+)$/;

	cmp_ok($rows, '<=', 100_010, "$_ reads a bounded number of keys");
}
$node->safe_psql('large', q{DELETE FROM apikey.api_keys WHERE user_id IN ('100001', 'more')});
is( $node->safe_psql('large', q{SELECT value FROM apikey.status() WHERE item = 'keys'}),
	'100000 active, 0 disabled, 0 deleted; 0 expired',
	'fewer are counted');
is($node->safe_psql('large', q{SELECT rows, rows_exact FROM apikey.key_status}),
	'100000|t', 'by key_status, too');

SKIP:
{
	skip 'the memory of a process is known only with /proc', 1
	  unless -r '/proc/self/status';
	my $peak = q{SELECT (regexp_match(pg_read_file('/proc/self/status'), 'VmPeak:\s+(\d+)'))[1]};
	my ($before, undef, $after) = split(/\n/,
		$node->safe_psql('large', "$peak; SELECT apikey.link_users('users', 'id'); $peak"));

	cmp_ok($after - $before, '<', 20_000,
		'link_users() of 100,000 users takes less than 20 MB');

	# 1,000 values of 8 KiB, each decrypted once: about 24 MB, since PostgreSQL 18 33 MB;
	# 8 MB more if twice.  What reading the rows takes is not counted: the first call
	# reads all of them, by a statement.
	my $most = $node->pg_version >= 18 ? 37 : 28;
	create_database('values', 1);
	$node->safe_psql('values', q{SELECT count(apikey.create_key_for('u', 'k' || i, 'custom',
			(SELECT left(string_agg(md5(i || ' ' || n), ''), 8192) FROM generate_series(1, 256) n), env_var => 'KEY_' || i))
		FROM generate_series(1, 1000) i});
	($before, $after) = $node->safe_psql('values', qq{SET apikey.identity = 'session'; SET apikey.user_id = 'u';
		SET apikey.direct_lookup = off; SELECT FROM apikey.reveal_env('{k1}'); $peak; SELECT FROM apikey.reveal_env(); $peak}) =~ /^(\d+)\n+(\d+)$/;
	note($after - $before);
	cmp_ok($after - $before, '<', $most * 1000, "reveal_env() of 8 MB takes less than $most MB");
}
$node->safe_psql('large',
	q{SELECT apikey.unlink_users('users'); DELETE FROM users WHERE id IN (77, 99999)});
like(
	(run_sql($node, q{SELECT apikey.link_users('users', 'id')}, db => 'large'))[2],
	qr/DETAIL: .*2 user ids .*for example "77"/,
	'and finds each user who is missing');
$node->safe_psql('postgres', 'ANALYZE');
$node->safe_psql('large',
	q{INSERT INTO apikey.api_keys (id, user_id, name, key_type, encrypted_value, hint, fingerprint)
	SELECT gen_random_uuid(), user_id, 'two', key_type, encrypted_value, hint, fingerprint FROM apikey.api_keys LIMIT 1000;
ANALYZE apikey.api_keys});
is( $node->safe_psql('large', q{SELECT value FROM apikey.status() WHERE item = 'keys'}),
	q{about 101000, estimated from the planner's statistics},
	'status() has an estimate after ANALYZE');
$node->safe_psql('postgres', 'DROP DATABASE large');

# ----------------------------------------------------------------------
# The original: columns that were dropped and renamed
# ----------------------------------------------------------------------

create_database('app', 1);
$node->safe_psql(
	'app', q{
CREATE TABLE users (gone int, id int PRIMARY KEY, email text);
INSERT INTO users SELECT i, i, 'user' || i FROM generate_series(1, 3) i;
CREATE TABLE "the orgs" (gone int, id text PRIMARY KEY);
INSERT INTO "the orgs" VALUES (1, 'a'), (2, 'b');
SELECT apikey.link_users('users', 'id');
SELECT apikey.link_users('"the orgs"', 'id', 'soft_delete', 'org:');
ALTER TABLE users DROP gone;
ALTER TABLE users RENAME id TO "number 1";
ALTER TABLE "the orgs" DROP gone;
SELECT apikey.create_key_for(i, 'one', 'custom', 'a-value-of-no-use') FROM unnest('{1,2,3,org:a,org:b}'::text[]) i});

my $links = q{SELECT users, id_column, on_delete, prefix FROM apikey.linked_users ORDER BY prefix};
my $linked = qq{users|number 1|purge|\n"the orgs"|id|soft_delete|org:};
my $held = q{SELECT string_agg(user_id, ' ' ORDER BY user_id) FROM apikey.all_keys WHERE deleted_at IS NULL};

# What a link does, in a database where it works.
sub links_work
{
	my ($database, $title) = @_;
	my %options = (db => $database);

	is($node->safe_psql($database, $links), $linked, "$title: linked");
	$node->safe_psql($database,
		q{INSERT INTO users VALUES (4); SELECT apikey.create_key_for('4', 'one', 'custom', 'a-value-of-no-use')});
	is( (run_sql($node, q{SELECT apikey.create_key_for('5', 'one', 'custom', 'a-value-of-no-use')}, %options))[1],
		'22023',
		"$title: an unknown user is refused");
	is((run_sql($node, q{UPDATE users SET "number 1" = 6 WHERE "number 1" = 4}, %options))[1],
		'23503', "$title: an id with keys cannot be changed");
	is((run_sql($node, q{TRUNCATE users}, %options))[1],
		'23503', "$title: nor the table truncated");
	$node->safe_psql($database, q{DELETE FROM users WHERE "number 1" = 4});
	is( $node->safe_psql($database, q{SELECT count(*) FROM apikey.all_keys WHERE user_id = '4'}),
		'0',
		"$title: the keys of a deleted user are deleted");
	return;
}

links_work('app', 'after a column was renamed');

sub dump_app
{
	my ($name, @options) = @_;

	command_ok([ 'pg_dump', '-Fc', @options, '-f', "$dumps/$name", $node->connstr('app') ],
		"$name: dumped");
	return;
}

sub restore
{
	my ($name, @options) = @_;

	command_ok([ 'pg_restore', @options, '--exit-on-error', '-d', $node->connstr($name), "$dumps/$name" ],
		"$name: restored");
	return;
}

dump_app('whole');
create_database('whole', 0);
restore('whole');
is($node->safe_psql('whole', $held), '1 2 3 org:a org:b', 'whole: keys');
links_work('whole', 'whole');

# ----------------------------------------------------------------------
# Dumps without the extension's rows
# ----------------------------------------------------------------------

dump_app('schema', '-s');
create_database('schema', 0);
restore('schema');
dump_app('no_keys', '--exclude-table-data=apikey.*');
create_database('no_keys', 0);
restore('no_keys');
dump_app('public', '-n', 'public');
create_database('public', 1);
# schema public exists there
$node->safe_psql('public', 'DROP SCHEMA public');
restore('public');

for my $database ('schema', 'no_keys', 'public')
{
	is($node->safe_psql($database, $links), '', "$database: nothing is linked");
	$node->safe_psql($database,
		q{INSERT INTO users VALUES (11), (12); INSERT INTO "the orgs" VALUES ('x')});
	$node->safe_psql($database, $_)
	  for q{DELETE FROM users WHERE "number 1" = 11},
	  q{UPDATE users SET "number 1" = 13 WHERE "number 1" = 12},
	  q{TRUNCATE users},
	  q{DELETE FROM "the orgs"},
	  q{TRUNCATE "the orgs"};
	pass("$database: rows are deleted and changed, and tables truncated");

	my @advice = split(/\n/,
		$node->safe_psql($database,
			q{SELECT value, severity, advice FROM apikey.status() WHERE item = 'users not linked'}));
	# (qualified where the extension's roles may not use the schema)
	is(join(' ', map { /^(?:public\.)?(.*)\|warning\|/ } @advice),
		'"the orgs" users', "$database: status() lists the tables");

	# One statement of the advice links a table, the other drops its triggers.
	for (@advice)
	{
		my ($link) = /To link it again, run (.*?\))\.  /;
		my ($unlink) = /To leave it unlinked, run (.*)\.$/;

		$node->safe_psql($database, $unlink);
		$node->safe_psql($database, $link);
	}
	is( $node->safe_psql($database, q{SELECT count(*) FROM apikey.status() WHERE item = 'users not linked'}),
		'0',
		"$database: which is followed");
	links_work($database, $database);
}

# Where the extension is not installed, only the triggers are missing.
create_database('bare', 0);
$node->safe_psql('bare', 'DROP SCHEMA public');
my ($output, $errors) =
  run_command([ 'pg_restore', '-d', $node->connstr('bare'), "$dumps/public" ]);
is(scalar(() = $errors =~ /^pg_restore: error: /mg),
	6, 'without the extension: an error for each trigger');
unlike($errors, qr/error: (?!could not execute query: ERROR:  schema "apikey" does not exist)/,
	'without the extension: and for nothing else');
$node->safe_psql('bare', q{DELETE FROM users WHERE "number 1" = 1; TRUNCATE users});
$node->stop;

done_testing();
