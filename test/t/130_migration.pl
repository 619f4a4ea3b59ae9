# Migrating from Fernet, with the application in examples/fernet-app: filled with
# 1,000 keys, moved to the extension by its Alembic revision, compared, used, and
# moved back, with the changes that users have made since.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use ApikeyTest;
use File::Copy qw(copy);
use MIME::Base64 qw(encode_base64);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $python = '/usr/bin/python3';
my $count = 1000;

if (system("$python -c 'import cryptography.fernet, sqlalchemy, asyncpg, alembic' 2>/dev/null") != 0)
{
	plan skip_all => 'needs python3-cryptography, python3-sqlalchemy, python3-asyncpg and alembic';
}

my $example = "$FindBin::RealBin/../../examples/fernet-app";
my $guide = slurp_file("$FindBin::RealBin/../../doc/migrating-from-fernet.md");
my $dir = PostgreSQL::Test::Utils::tempdir_short();

# A copy of the example, since a revision is generated in it.
for my $path ('', qw(app migrations migrations/versions))
{
	mkdir("$dir/$path");
	for my $file (glob("$example/$path/*"))
	{
		copy($file, "$dir/$path/") or die "could not copy $file: $!" if -f $file;
	}
}

my $key = encode_base64(random_bytes(32), '') =~ tr{+/}{-_}r;
my $key_file = put_master_keys("$dir/fernet.key", $key);
my ($node) = new_node(
	'migration',
	extension => 0,
	conf => "apikey.fernet_key_source = 'file:$key_file'\nlog_statement = none\n");
$node->safe_psql('postgres', 'CREATE DATABASE app');

sub sql
{
	return $node->safe_psql('app', $_[0]);
}

# Run a Python program of the application as one of its roles.  Returns whether it
# succeeded, and all of its output.
sub run_program
{
	my ($role, @arguments) = @_;
	my $output = '';
	local $ENV{FERNET_KEY} = $key;
	local $ENV{PYTHONDONTWRITEBYTECODE} = 1;
	local $ENV{DATABASE_URL} = sprintf('postgresql://%s@/app?host=%s&port=%d',
		$role, $node->host, $node->port);

	@arguments = map { $_ eq 'URL' ? $ENV{DATABASE_URL} : $_ } @arguments;
	my $ok = IPC::Run::run([ $python, @arguments ], '&>', \$output,
		init => sub { chdir($dir) or die "could not chdir: $!" });
	return ($ok, $output);
}

sub run_ok
{
	my ($title, @arguments) = @_;
	my ($ok, $output) = run_program(@arguments);

	ok($ok, $title) or diag($output);
	return $output;
}

sub alembic
{
	my ($title, @arguments) = @_;

	return run_ok($title, 'app_owner', '-m', 'alembic.config', @arguments);
}

sub export
{
	my ($which) = @_;

	return run_ok("every value is read, $which", 'app', '-m', 'app.export', 'URL', $which);
}

# Run a script of the example, altered or not, as the owner of the tables and in
# one transaction.  Returns the SQLSTATE and all messages.
sub run_script
{
	my ($script, $end) = @_;
	my (undef, $state, $messages) = run_sql($node, "BEGIN;\n$script\n;$end", db => 'app', user => 'app_owner');

	return ($state, $messages);
}

sub schema
{
	my ($dump) = run_command([ 'pg_dump', '--schema-only', '-t', 'api_keys', $node->connstr('app') ]);

	# pg_dump's \restrict key, which is random.
	return $dump =~ s/^\\(?:un)?restrict .*\n//mgr;
}

sub lines
{
	my ($text) = @_;

	return scalar(() = $text =~ /\n/g);
}

# ----------------------------------------------------------------------
# Before the move
# ----------------------------------------------------------------------

$node->safe_psql('app', slurp_file("$dir/setup.sql"));
alembic('the tables are created', 'upgrade', '0001');
run_ok("$count keys are stored in them", 'app', '-m', 'app.fill', 'URL', $count);
is( sql('SELECT count(*), count(DISTINCT user_id), count(*) FILTER (WHERE NOT is_active) > 50 FROM api_keys'),
	"$count|200|t", 'of 200 users, some of them removed');
cmp_ok(sql('SELECT count(DISTINCT name) FROM users'), '<', 200, 'some users have one name');
like(run_ok('the application works', 'app', '-m', 'app.use', 'URL', 'before'), qr/works/, 'with the old table');
my $before = export('before');
is(lines($before), $count + 2, 'all keys are read');

# ----------------------------------------------------------------------
# Rows that cannot be moved: all are reported, and nothing is moved
# ----------------------------------------------------------------------

sql(q{
INSERT INTO api_keys (id, user_id, name, key_type, encrypted_value, created_at, updated_at, is_active)
	SELECT n, 1, 'bad ' || n, 'groq', CASE n
		WHEN 9001 THEN 'never encrypted'
		WHEN 9002 THEN left(encrypted_value, -4)
		WHEN 9003 THEN overlay(encrypted_value PLACING 'x_x' FROM 60)
		WHEN 9004 THEN apikey.fernet_encrypt(E'not\\na key')
		ELSE encrypted_value END, now(), now(), true
	FROM generate_series(9001, 9005) n, (SELECT encrypted_value FROM api_keys WHERE id = 5) k;
UPDATE api_keys SET name = 'default' WHERE id = 9005;
});
my $rows = sql('SELECT md5(string_agg(k::text, $$,$$ ORDER BY id)) FROM api_keys k');
my ($ok, $output) =
  run_program('app_owner', '-m', 'alembic.config', 'upgrade', 'head');
ok(!$ok, 'a table with rows that cannot be moved is not moved');
like($output, qr/5 of @{[ $count + 7 ]} rows of api_keys cannot be moved/, 'with the number of rows');
like($output, qr/api_keys\.id $_: /, "row $_ is named") for 9001 .. 9005;
like($output, qr/api_keys\.id 9001: value is not a Fernet token/, 'with its reason: not a token');
like($output, qr/api_keys\.id 9003: could not decrypt Fernet token/, 'or no matching key');
unlike($output, qr/gAAAAA/, 'and no token is shown');
is(sql('SELECT md5(string_agg(k::text, $$,$$ ORDER BY id)) FROM api_keys k'), $rows, 'everything is unchanged');
is(sql('SELECT (SELECT count(*) FROM apikey.all_keys), (SELECT count(*) FROM apikey.linked_users), (SELECT version_num FROM alembic_version)'),
	'0|0|0001', 'and nothing is in the extension');

# Set aside, as the guide says.
my ($aside) = $guide =~ /```sql\n(.*?)```/s;
is((run_script($aside, 'COMMIT'))[0], '', 'rows are set aside');
is(sql('SELECT string_agg(id::text, $$ $$ ORDER BY id) FROM api_keys_aside'), '9001 9003', 'those named');
sql('DELETE FROM api_keys WHERE id > 9000; DROP TABLE api_keys_aside');

# ----------------------------------------------------------------------
# The move, after a trial that is rolled back; with keys that already exist
# ----------------------------------------------------------------------

my $move = slurp_file("$dir/migrations/move_to_apikey.sql");
my $schema = schema();
my ($state, $messages);
sql(q{
CREATE TABLE copy AS TABLE api_keys;
SELECT apikey.create_key_for('5', 'default', 'custom', 'here-before-the-move', metadata => '{"old_id": 5}');
});
($state, $messages) = run_script($move, 'COMMIT');
is($state, 'P0001', 'a name that the user already has in apikey is not moved');
like($messages, qr/ 1 of @{[ $count + 2 ]} rows .*\nDETAIL:  api_keys\.id 5: name "default" is already in use\n/, 'and the row is named');
is(sql('SELECT count(*) FROM apikey.all_keys'), '1', 'and no row is moved');
sql(q{BEGIN; SELECT apikey.set_user_id('5'); SELECT apikey.update_key('default', new_name => 'here before'); COMMIT});

command_checks_all(
	[
		'psql', '-X', '-v', 'ON_ERROR_STOP=1', '-c', 'BEGIN',
		'-f', "$dir/migrations/move_to_apikey.sql", '-c', 'ROLLBACK',
		$node->connstr('app') . ' user=app_owner'
	],
	0,
	[qr/ROLLBACK/],
	[qr/NOTICE:  @{[ $count + 2 ]} rows moved, 2 of them in a format that their type no longer has/],
	'a trial reports what would be moved');
is(sql(q{SELECT count(*), (SELECT count(*) FROM apikey.all_keys) FROM api_keys}),
	$count + 2 . '|1', 'and moves nothing');
sql(q{SELECT apikey.purge_user('5')});

# Under another isolation level a row could be missed: nothing is moved.
for my $script ($move, slurp_file("$dir/migrations/move_back.sql"))
{
	($state, $messages) = run_script("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; $script", 'COMMIT');
	like($messages, qr/ERROR:  P0001: keys can be moved only under READ COMMITTED/, 'REPEATABLE READ is refused');
}

# An id that is too long for the new format is not truncated.
($state, $messages) = run_script(
	"ALTER TABLE api_keys ALTER id TYPE bigint; UPDATE api_keys SET id = 1234567890123 WHERE id = 1; $move", 'ROLLBACK');
is($state, '22P02', 'an id of 13 digits is refused');

# If the comparison finds a difference, nothing is moved.
for my $change (
	[ 'another value', 'secret := ', q{secret := 'x' || } ],
	[ 'another user', 'user_id => old.user_id::text', q{user_id => (old.user_id % 200 + 1)::text} ],
	[ 'another name', 'name => old.name', q{name => old.name || 'x'} ],
	[ 'another time', 'created_at => old.created_at', q{created_at => old.created_at - interval '1 us'} ],
	[ 'another state', 'CASE WHEN NOT old.is_active', q{CASE WHEN NOT old.is_active OR old.id = 1} ])
{
	my ($title, $from, $to) = @$change;

	($state, $messages) = run_script($move =~ s/\Q$from\E/$to/r, 'COMMIT');
	like($messages, qr/ERROR:  P0001: moved keys differ from the rows of api_keys\nDETAIL:  api_keys\.id 1\b.*\nHINT:  Nothing was moved/, "$title is detected");
}
is(sql(q{SELECT count(*), (SELECT count(*) FROM apikey.all_keys) FROM api_keys}),
	$count + 2 . '|0', 'and nothing is moved');

alembic('the keys are moved', 'upgrade', 'head');
is(sql(q{SELECT to_regclass('api_keys') IS NULL, (SELECT count(*) FROM apikey.all_keys)}),
	't|' . ($count + 2), 'each of them, and the old table is gone');
my $after = export('after');
ok($after eq $before, 'user, id, name, type, times, state and value of each are the same')
  or diag(substr($before, 0, 500) . "\n...\n" . substr($after, 0, 500));
is(sql('SELECT count(*) FROM apikey.verify_keys()'), '0', 'each can be decrypted');
is(sql(q{SELECT count(*) FROM apikey.all_keys WHERE key_type = 'custom' AND metadata ->> 'old_key_type' = 'gateway'}),
	sql(q{SELECT count(*) FROM apikey.all_keys WHERE key_type = 'custom'}),
	'a type that the extension does not know became custom');
is(sql(q{SELECT count(*) FROM apikey.all_keys WHERE name = 'old format'}), '2', 'values in an old format are kept');
like(run_ok('the application works', 'app', '-m', 'app.use', 'URL', 'after'), qr/works/, 'with the extension');

# Once more, from a copy: nothing is duplicated.
my $table = q{CREATE TABLE api_keys AS TABLE copy};
sql('GRANT SELECT ON copy TO app_owner');
($state, $messages) = run_script("$table;$move", 'COMMIT');
like($messages, qr/ERROR:  P0001: @{[ $count + 2 ]} of @{[ $count + 2 ]} rows of api_keys cannot be moved\nDETAIL:  api_keys\.id 1: (?:id|name "default") is already in use\n/,
	'what was moved is not moved twice');

# A second table with the same columns and users; none of its keys is mistaken for
# one of the first table when moving back.
($state, $messages) = run_script(
	"$table; UPDATE api_keys SET name = 'of a team ' || name; ALTER TABLE api_keys RENAME TO team_keys;"
	  . ($move =~ s/api_keys/team_keys/gr) =~ s/00000001-/00000002-/gr
	  . ';' . slurp_file("$dir/migrations/move_back.sql"),
	'ROLLBACK');
is($state, '', 'another table is moved as well');
like($messages, qr/NOTICE:  00000: @{[ $count + 2 ]} rows moved/, 'completely');
like($messages, qr/NOTICE:  00000: @{[ $count + 4 ]} keys moved back/, 'and stays when the first one is moved back');
like($messages, qr/NOTICE:  00000: @{[ $count + 2 ]} keys stay in apikey: 0 cannot be decrypted, @{[ $count + 2 ]} are of other users or another table/, 'which is reported');
sql('DROP TABLE copy');

# Alembic sees nothing to do.
alembic('a revision is generated', 'revision', '--autogenerate', '-m', 'nothing', '--rev-id', '0003');
my ($generated) = glob("$dir/migrations/versions/0003_*.py");
like(slurp_file($generated), qr/def upgrade\(\):\n(?:\s*#.*\n)*\s*pass\n/, 'which is empty');
unlink($generated);

# The new model, through SQLAlchemy.
append_to_file("$dir/app/look.py", <<'END');
import asyncio
import sys
from sqlalchemy import event, func, select
from . import after

async def error_of(task):
    try:
        await task
    except Exception as error:
        return error

async def look():
    engine = after.make_engine(sys.argv[1])
    async with after.UserSession(engine, 3) as session, session.begin():
        key = await after.Keys(engine, 3).find(session, "default")
        print(key.user_id, after.old_id(key), key.hint[-7:-4])
    statements = []
    @event.listens_for(engine.sync_engine, "before_cursor_execute")
    def note(connection, cursor, statement, *rest):
        statements.append(statement)
    keys = after.Keys(engine, 3)
    print(len(await keys.list()) > 3, len(statements), "reveal" in str(statements))
    print("ANTHROPIC_API_KEY" in await keys.environment(), len(statements))
    async with after.AsyncSession(engine) as session:
        error = await error_of(session.execute(select(after.ApiKey)))
    print(error.orig.sqlstate)
    error = await error_of(after.Keys(engine, 1).add("other", "anthropic", "sk-plain-and-not-to-be-shown"))
    print("not-to-be-shown" in str(error), error.orig.sqlstate, error.orig.__cause__.column_name)
    error = await error_of(after.Keys(engine, 100000).add("other", "custom", "of-nobody-at-all"))
    print(error.orig.sqlstate)
    async with after.UserSession(engine, 1) as session:
        error = await error_of(session.scalar(select(func.apikey.misspelled("not-to-be-logged"))))
    print("not-to-be-logged" in str(error), error.orig.sqlstate)
    await engine.dispose()

asyncio.run(look())
END
is( run_ok('the model', 'app', '-m', 'app.look', 'URL'),
	"3 3 ...\nTrue 2 False\nTrue 4\nKA007\nFalse KA008 value\n22023\nFalse 42883\n",
	'shows one user\'s keys, reads no more than is requested, and errors are clear and show no value');

# Keys are linked to their users.
sql('DELETE FROM users WHERE id = 200');
is(sql(q{SELECT count(*) FROM apikey.all_keys WHERE user_id = '200'}), '0', 'a deleted user\'s keys are gone');

# ----------------------------------------------------------------------
# Back, and the move again
# ----------------------------------------------------------------------

# Changes that users make in between, to keys that were moved.
sub as_user
{
	my ($user, $call) = @_;
	my (undef, $failed, $why) = run_sql($node,
		"BEGIN; SELECT apikey.set_user_id('$user'); SELECT apikey.$call; COMMIT", db => 'app', user => 'app');

	is($failed, '', "$call as user $user") or diag($why);
	return;
}

my $of_custom = sql(q{SELECT min(user_id::int) FROM apikey.all_keys
	WHERE name = 'default' AND key_type = 'custom' AND is_active AND user_id::int > 30});
my $of_deleted = sql(q{SELECT min(user_id::int) FROM apikey.all_keys
	WHERE deleted_at IS NOT NULL AND user_id::int > 30});

# Metadata that looks like that of moved keys is not trusted.
as_user(10, q{update_key('default', new_metadata => '{"old_id": 1}')});
as_user(10, q{create_key('new', 'custom', 'a-value-of-today', metadata => '{"old_id": "99999999999"}')});
as_user(10, q{create_key('newer', 'custom', 'a-value-of-today', metadata => '{"old_id": [], "old_key_type": null}')});
as_user(11, q{update_key('default', new_name => 'renamed')});
as_user($of_custom, q{update_key('default', new_value => 'a-value-of-today')});
as_user($of_deleted, qq{restore_key(id, 'restored') FROM apikey.deleted_keys LIMIT 1});
as_user(12, q{delete_key('default')});
as_user(13, q{purge_key(apikey.delete_key('default'))});
$after = export('after');
is(lines($after), sql('SELECT count(*) FROM apikey.all_keys'), 'all current keys are read');

# Keys that can no longer be used, one that cannot be decrypted, one of another
# table, and an id that exists twice.
as_user(20, q{disable_key('default')});
sql(q{
SELECT apikey.create_key_for('20', 'expired', 'custom', 'a-value-of-no-use',
	expires_at => now() - interval '1 day', created_at => now() - interval '2 days');
SELECT apikey.create_key_for('20', 'expires', 'custom', 'a-value-of-no-use', expires_at => now() + interval '1 day');
SELECT apikey.create_key_for('20', 'twice', 'custom', 'a-value-of-no-use', id => '00000001-0000-8000-8000-000000000001');
SELECT apikey.create_key_for('21', 'of a team', 'custom', 'a-value-of-no-use', id => '00000002-0000-8000-8000-000000000007');
UPDATE apikey.api_keys SET encrypted_value = (SELECT encrypted_value FROM apikey.api_keys WHERE user_id = '20' AND name = 'twice')
	WHERE user_id = '21' AND name = 'default';
});
my $total = sql('SELECT count(*) FROM apikey.all_keys') - 2;
like(alembic('the keys are moved back', 'downgrade', '0001'),
	qr/NOTICE:  $total keys moved back\n.*NOTICE:  2 keys stay in apikey: 1 cannot be decrypted, 1 are of other users or another table\n/,
	'and those that stay are reported');
is(sql(q{SELECT string_agg(name, ', ' ORDER BY name) FROM apikey.all_keys}), 'default, of a team', 'they are still there');
is(sql(q{SELECT users FROM apikey.linked_users}), 'users', 'and still linked to their users');
is(schema(), $schema, 'the table is as it was');
is(sql(q{SELECT string_agg(name || ': ' || is_active, ', ' ORDER BY name) FROM api_keys
		WHERE user_id = 20 AND name IN ('default', 'expired', 'expires')}),
	'default: false, expired: false, expires: true', 'what was disabled or expired is not active');
is(sql(q{SELECT name FROM api_keys WHERE id = 1}), 'default', 'an id of two keys: the older key gets it');
is(sql(q{SELECT max(id) = nextval('api_keys_id_seq') - 1 FROM api_keys}), 't', 'new rows get higher ids');

# Except for users 20 and 21, everything is the same; newer keys have new ids.
sub rows_of
{
	my ($text, $known) = @_;
	my @rows = grep { !/"user_id": 2[01]\b/ } split(/^/m, $text);

	s/"id": (\d+)/exists $known->{$1} ? $& : '"id": null'/e for @rows;
	return join('', sort(@rows));
}

my %known = map { $_ => 1 } $after =~ /"id": (\d+)/g;
my $back = export('before');
is(lines($back), $total, 'Python decrypts each value');
is(rows_of($back, \%known), rows_of($after, \%known), 'old ids and all changes by users are kept');
unlike($back, qr/"id": null/, 'each has an id');
like(run_ok('the application works', 'app', '-m', 'app.use', 'URL', 'before'), qr/works/, 'as it did before');

sql(q{SELECT apikey.purge_user('21')});
$back = export('before');
alembic('the keys are moved a second time', 'upgrade', 'head');
ok(export('after') eq $back, 'with the same result');

$node->stop;
my $log = slurp_file($node->logfile);
like($log, qr/STATEMENT:  SELECT apikey\.misspelled\(\$1/, 'a statement that is logged has no parameters in its text');
ok(index($log, $key) < 0, 'the Fernet key is not in the log');
is(scalar(grep { index($log, $_) >= 0 } $back =~ /"value": "([^"]+)"/g), 0, 'nor is any value');
done_testing();
