# Coming over from Fernet, with the application in examples/fernet-app: filled
# with 1,000 keys, moved to the extension by its Alembic revision, compared,
# used, and moved back.

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

if (system("$python -c 'import cryptography.fernet, sqlalchemy, psycopg2, alembic' 2>/dev/null") != 0)
{
	plan skip_all => 'needs python3-cryptography, python3-sqlalchemy, python3-psycopg2 and alembic';
}

my $example = "$FindBin::RealBin/../../examples/fernet-app";
my $dir = PostgreSQL::Test::Utils::tempdir_short();

# A copy, since a revision is generated in it.
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

# Run a Python program of the application's as one of its roles; what comes
# back is whether it went well, and all that it printed.
sub run_program
{
	my ($role, @arguments) = @_;
	my $output = '';
	local $ENV{FERNET_KEY} = $key;
	local $ENV{PYTHONDONTWRITEBYTECODE} = 1;
	local $ENV{DATABASE_URL} = sprintf('postgresql+psycopg2://%s@/app?host=%s&port=%d',
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

sub lines
{
	my ($text) = @_;

	return scalar(() = $text =~ /\n/g);
}

# ----------------------------------------------------------------------
# Before.
# ----------------------------------------------------------------------

$node->safe_psql('app', slurp_file("$dir/setup.sql"));
alembic('the tables are made', 'upgrade', '0001');
run_ok("$count keys are put into them", 'app', '-m', 'app.fill', 'URL', $count);
is( sql('SELECT count(*), count(DISTINCT user_id), count(*) FILTER (WHERE NOT is_active) > 50 FROM api_keys'),
	"$count|200|t", 'of 200 users, some of them removed');
cmp_ok(sql('SELECT count(DISTINCT name) FROM users'), '<', 200, 'some users have one name');
like(run_ok('the application works', 'app', '-m', 'app.use', 'URL', 'before'), qr/works/, 'as it did');
my $before = export('before');
is(lines($before), $count + 2, 'all keys are read');

# ----------------------------------------------------------------------
# Rows that cannot be moved: all are told, and nothing is moved.
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
like($output, qr/5 of @{[ $count + 7 ]} rows of api_keys cannot be moved/, 'for each that there is');
like($output, qr/api_keys\.id $_: /, "row $_ is named") for 9001 .. 9005;
like($output, qr/api_keys\.id 9001: the value is not a Fernet token/, 'with its reason: no token');
like($output, qr/api_keys\.id 9003: no Fernet key opens the token/, 'or no key');
is(sql('SELECT md5(string_agg(k::text, $$,$$ ORDER BY id)) FROM api_keys k'), $rows, 'all is as it was');
is(sql('SELECT (SELECT count(*) FROM apikey.all_keys), (SELECT count(*) FROM apikey.linked_users), (SELECT version_num FROM alembic_version)'),
	'0|0|0001', 'and nothing is in the extension');
sql('DELETE FROM api_keys WHERE id > 9000');

# ----------------------------------------------------------------------
# Over, after a try that is rolled back.
# ----------------------------------------------------------------------

command_checks_all(
	[
		'psql', '-X', '-v', 'ON_ERROR_STOP=1', '-c', 'BEGIN',
		'-f', "$dir/migrations/move_to_apikey.sql", '-c', 'ROLLBACK',
		$node->connstr('app') . ' user=app_owner'
	],
	0,
	[qr/ROLLBACK/],
	[qr/NOTICE:  @{[ $count + 2 ]} rows moved, 2 of them of a form that their type has no more/],
	'a try tells what would be moved');
is(sql(q{SELECT count(*), (SELECT count(*) FROM apikey.all_keys) FROM api_keys}),
	$count + 2 . '|0', 'and moves nothing');
alembic('the keys are moved', 'upgrade', 'head');
is(sql(q{SELECT to_regclass('api_keys') IS NULL, (SELECT count(*) FROM apikey.all_keys)}),
	't|' . ($count + 2), 'each of them, and the old table is gone');
my $after = export('after');
ok($after eq $before, 'user, id, name, type, times, state and value of each are the same')
  or diag(substr($before, 0, 500) . "\n...\n" . substr($after, 0, 500));
is(sql('SELECT count(*) FROM apikey.verify_keys()'), '0', 'each opens');
is(sql(q{SELECT count(*) FROM apikey.all_keys WHERE key_type = 'custom' AND metadata ->> 'old_key_type' = 'gateway'}),
	sql(q{SELECT count(*) FROM apikey.all_keys WHERE key_type = 'custom'}),
	'a type that the extension does not know became custom');
is(sql(q{SELECT count(*) FROM apikey.all_keys WHERE name = 'of old'}), '2', 'values of an old form are kept');
like(run_ok('the application works', 'app', '-m', 'app.use', 'URL', 'after'), qr/works/, 'on the extension');

# Alembic sees nothing to do.
alembic('a revision is generated', 'revision', '--autogenerate', '-m', 'nothing', '--rev-id', '0003');
my ($generated) = glob("$dir/migrations/versions/0003_*.py");
like(slurp_file($generated), qr/def upgrade\(\):\n(?:\s*#.*\n)*\s*pass\n/, 'which has nothing in it');
unlink($generated);

# The model beside the old one, through SQLAlchemy.
append_to_file("$dir/app/look.py", <<'END');
import sys
from sqlalchemy import func, select
from . import after
engine = after.make_engine(sys.argv[1])
with after.UserSession(engine, 3) as session, session.begin():
    key = session.execute(select(after.ApiKey).filter_by(name="default")).scalar_one()
    print(key.user.id, key.user_id, key.extra["old_key_type"] != "", key.hint[-7:-4])
with after.Session(engine) as session, session.begin():
    print(session.execute(select(after.ApiKey)).all())
try:
    after.Keys(engine, 1).add("other", "anthropic", "sk-plain-and-not-to-be-shown")
except Exception as error:
    print("not-to-be-shown" in str(error), error.orig.pgcode, error.orig.diag.column_name)
try:
    after.Keys(engine, 100000).add("other", "custom", "of-nobody-at-all")
except Exception as error:
    print(error.orig.pgcode)
END
is( run_ok('the model', 'app', '-m', 'app.look', 'URL'),
	"3 3 True ...\n[]\nFalse KA008 value\n22023\n",
	'is one user\'s, and errors are clear and show no value');

# Users and their keys are tied.
sql('DELETE FROM users WHERE id = 200');
is(sql(q{SELECT count(*) FROM apikey.all_keys WHERE user_id = '200'}), '0', 'a deleted user\'s keys are gone');

# ----------------------------------------------------------------------
# Back, and over again.
# ----------------------------------------------------------------------

# What has a new id, and what is about to change, is left out of comparisons.
sub old_rows
{
	my ($text) = @_;

	return join('', grep { !/"id": null/ && !/"user_id": 4[,}]/ } split(/^/m, $text));
}

$after = export('after');
is(lines($after), sql('SELECT count(*) FROM apikey.all_keys'), 'all keys of today are read');
sql(q{
SELECT apikey.disable_key_for(user_id, id) FROM apikey.all_keys WHERE user_id = '4' AND name = 'default';
SELECT apikey.create_key_for('4', 'expired', 'custom', 'a-value-of-no-use',
	expires_at => now() - interval '1 day', created_at => now() - interval '2 days');
});
alembic('the keys are moved back', 'downgrade', '0001');
is(sql(q{SELECT (SELECT count(*) FROM apikey.all_keys), (SELECT count(*) FROM apikey.linked_users)}),
	'0|0', 'and the extension has none left');
is(sql(q{SELECT name, is_active FROM api_keys WHERE user_id = 4 AND name IN ('default', 'expired') ORDER BY name}),
	"default|f\nexpired|t", 'one that was disabled is not active, one that was expired is there');
my $back = export('before');
my $expected = old_rows($after);
my %is_back = map { $_ => 1 } split(/^/m, $back);
is(lines($back), lines($after) + 1, 'Python opens each value');
is(scalar(grep { !$is_back{$_} } split(/^/m, $expected)), 0, 'old ids, and all the rest, are as they were')
  or diag($expected);
like(run_ok('the application works', 'app', '-m', 'app.use', 'URL', 'before'), qr/works/, 'as it did before');

$back = export('before');
alembic('the keys are moved a second time', 'upgrade', 'head');
ok(export('after') eq $back, 'and are the same again');

$node->stop;
my $log = slurp_file($node->logfile);
ok(index($log, $key) < 0, 'the Fernet key is not in the log');
is(scalar(grep { index($log, $_) >= 0 } $back =~ /"value": "([^"]+)"/g), 0, 'nor is any value');
done_testing();
