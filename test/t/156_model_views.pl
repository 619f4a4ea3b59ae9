# Views made by create_model_view(): models of SQLAlchemy and Django on one, which
# work as models on tables do; and a dump with such views, restored.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use ApikeyTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $python = '/usr/bin/python3';
my $dir = PostgreSQL::Test::Utils::tempdir_short();
my ($node) = new_node('model_views', conf => "log_statement = none\n");
my $app_role = app_role;

# The view is created by the role of migrations, which is no superuser.
$node->safe_psql(
	'postgres', qq{
CREATE TABLE users (id bigserial PRIMARY KEY, name text);
INSERT INTO users (name) VALUES ('user 1'), ('user 2');
CREATE TABLE orgs (id uuid PRIMARY KEY);
INSERT INTO orgs VALUES ('00000000-0000-4000-8000-000000000001');
SELECT apikey.link_users('users', 'id'), apikey.link_users('orgs', 'id', prefix => 'org:');
CREATE ROLE regress_apikey_migrations IN ROLE apikey_user;
GRANT CREATE ON SCHEMA public TO regress_apikey_migrations;
GRANT SELECT ON users, orgs TO $app_role, regress_apikey_migrations;
SET ROLE regress_apikey_migrations;
SELECT apikey.create_model_view('api_keys', 'users'), apikey.create_model_view('"Org keys"', 'orgs');
GRANT SELECT, INSERT, UPDATE, DELETE ON api_keys, "Org keys" TO $app_role;
});

# Run a Python program; returns its output, with that of a failure.
sub run_program
{
	my ($program, @arguments) = @_;
	my $output = '';
	local $ENV{PYTHONDONTWRITEBYTECODE} = 1;

	IPC::Run::run([ $python, "$FindBin::RealBin/../python/$program", @arguments ],
		'>', \$output, '2>&1');
	return $output;
}

sub value_of
{
	my ($user, $name) = @_;

	return (run_as($node, $user, "SELECT apikey.reveal_key('$name')"))[0];
}

# ----------------------------------------------------------------------
# SQLAlchemy and Django
# ----------------------------------------------------------------------

my $value = random_text(32);

SKIP:
{
	skip 'python3-sqlalchemy and python3-psycopg2 are not installed', 2
	  if system("$python -c 'import sqlalchemy.orm, psycopg2' 2>/dev/null") != 0;
	is( run_program(
			'model_sqlalchemy.py',
			sprintf('postgresql+psycopg2://%s@/postgres?host=%s&port=%d',
				$app_role, $node->host, $node->port),
			$value),
		q{add True 1 True True True {}
read default None user 1 ['default', 'other']
change renamed False False True
change again True True None
list [('renamed', 'user 1')]
count [(1, 1), (2, 0)]
of another user [] 0
for another user 22023 user_id
without an identity KA007
},
		'SQLAlchemy: add, flush, change, delete, relationships and counts');
	is(value_of(1, 'renamed'), "${value}3", 'and the value is stored');
}

SKIP:
{
	skip 'python3-django and python3-psycopg2 are not installed', 2
	  if system("$python -c 'import django, psycopg2' 2>/dev/null") != 0;
	$node->safe_psql('postgres', q{SELECT apikey.purge_user('1')});
	is( run_program('model_django.py', $node->host, $node->port, $app_role, $value),
		q{read django None user 1 True True
filter ['other']
count [(1, 2), (2, 0)]
save renamed False 401
save again True None None
update 1
delete 1 ['renamed']
of another user (0, [])
for another user 22023 user_id
without an identity KA007
},
		'Django: save, delete, select_related, Count and a ForeignKey');
	is(value_of(1, 'renamed'), "${value}3", 'and the value is stored');
}

unlike(slurp_file($node->logfile), qr/\Q$value/, 'no value is in the server log');

# ----------------------------------------------------------------------
# Dump and restore
# ----------------------------------------------------------------------

run_as($node, 1, q{INSERT INTO api_keys (name, key_type, value) VALUES ('kept', 'custom', 'a-value-of-no-use')});
run_as($node, 'org:00000000-0000-4000-8000-000000000001',
	q{INSERT INTO "Org keys" (name, key_type, value) VALUES ('kept', 'custom', 'a-value-of-no-use')});
$node->safe_psql('postgres', 'ALTER TABLE users RENAME TO accounts');

# Restore a dump with these options into a new database, and use its views.
sub restored
{
	my ($database, @options) = @_;

	$node->run_log([ 'pg_dump', '-d', $node->connstr('postgres'), '-f', "$dir/$database.sql", @options ]);
	$node->safe_psql('postgres', "CREATE DATABASE $database TEMPLATE template0");
	command_ok([ 'psql', '-XAqt1', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($database), '-f', "$dir/$database.sql" ],
		"$database: restored in one transaction");
	return;
}

restored('whole');
is( (run_as($node, 1, q{UPDATE api_keys SET name = 'changed' WHERE name = 'kept' RETURNING user_id, name}, db => 'whole'))[0],
	'1|changed', 'whole: a key is changed through the view');
is( (run_as($node, 1, q{SELECT apikey.reveal_key('changed')}, db => 'whole'))[0],
	'a-value-of-no-use', 'whole: and still has its value');
is( (run_as($node, 'org:00000000-0000-4000-8000-000000000001', q{SELECT user_id, name FROM "Org keys"}, db => 'whole'))[0],
	'00000000-0000-4000-8000-000000000001|kept', 'whole: the prefix is known');
is( $node->safe_psql('whole', q{SELECT relowner::regrole || ' ' || reloptions::text FROM pg_class WHERE relname = 'api_keys' AND relkind = 'v' AND relnamespace = 'public'::regnamespace}),
	'regress_apikey_migrations {security_invoker=true}', 'whole: the view is the same');

# Without any row: no link either.
restored('structure', '--schema-only');
is( (run_as($node, 1, q{SELECT count(*) FROM api_keys}, db => 'structure'))[0], '0', 'structure: the view can be read');
is( (run_as($node, 1, q{INSERT INTO api_keys (name, key_type, value) VALUES ('new', 'custom', 'a-value-of-no-use') RETURNING user_id}, db => 'structure'))[0],
	'1', 'structure: and written');

# The extension cannot be dropped from under a view.
is((run_sql($node, 'DROP EXTENSION apikey', db => 'structure'))[1], '2BP01',
	'the extension cannot be dropped without the views');

done_testing();
