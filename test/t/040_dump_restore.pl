# Dump and restore into another cluster.  A database with everything that users
# and administrators can store in it is dumped in every format and restored, and
# then compared with the original: values, rows, key types, links and their
# triggers, grants, policies, the event trigger.  Without the right master key no
# value can be decrypted and nothing is written; with it, everything works.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use ApikeyTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my ($first_key, $other_key) = (random_key(), random_key());
my $dumps = PostgreSQL::Test::Utils::tempdir_short();
my $app_role = ApikeyTest::app_role;

sub key_file
{
	my (@keys) = @_;

	return put_master_keys(
		PostgreSQL::Test::Utils::tempdir_short() . '/master.key', @keys);
}

# What this test reveals does not change the last uses that it compares.
my $conf = "apikey.usage_interval = -1\n";
my ($source) =
  new_node('source', master_key => key_file($first_key), extension => 0, conf => $conf);
$source->safe_psql('postgres', 'CREATE DATABASE app');

# ----------------------------------------------------------------------
# The original
# ----------------------------------------------------------------------

ApikeyTest::install($source, 'app');
$source->safe_psql('app', $_)
  for q{
CREATE SCHEMA shop;
CREATE TABLE shop.users (id int PRIMARY KEY, name text);
INSERT INTO shop.users SELECT i, 'user ' || i FROM generate_series(1, 20) i;
CREATE TABLE orgs ("the id" uuid PRIMARY KEY);
INSERT INTO orgs VALUES ('00000000-0000-4000-8000-000000000001');
SELECT apikey.link_users('shop.users', 'id');
SELECT apikey.link_users('orgs', 'the id', on_delete => 'soft_delete', prefix => 'org:');
},
  q{
INSERT INTO apikey.custom_key_types (key_type, label, env_vars, pattern, prefixes, enforcement, docs_url)
	VALUES ('acme', 'Acme, "Inc."', '{ACME_API_KEY}', '^acme_[a-z]{6}$', '{acme_}', 'reject', 'https://acme.example/');
-- a built-in type with another enforcement
INSERT INTO apikey.custom_key_types (key_type, label, env_vars, pattern, prefixes, checksum, enforcement, docs_url)
	SELECT key_type, label, env_vars, pattern, prefixes, checksum, 'warn', docs_url
	FROM apikey.builtin_key_types WHERE key_type = 'groq';
},
  q{
-- several data keys, each with rows
SELECT apikey.create_key_for(i::text, 'early', 'custom', 'early-value-' || i) FROM generate_series(1, 20) i;
INSERT INTO apikey.key_usage SELECT user_id, id, '2020-01-01', 42 FROM apikey.api_keys;
SELECT apikey.rotate_data_key();
SELECT apikey.create_key_for(i::text, 'middle', 'acme', 'acme_abcde' || chr(96 + i), metadata => jsonb_build_object('i', i))
	FROM generate_series(1, 20) i;
SELECT apikey.rotate_data_key();
SELECT apikey.create_key_for('org:00000000-0000-4000-8000-000000000001', 'Schlüssel ''"\\$$', 'custom', 'org-value', env_var => 'ORG_API_KEY');
SELECT apikey.create_key_for('1', 'deleted', 'custom', 'deleted-value', deleted_at => '2025-01-01');
SELECT apikey.create_key_for('1', 'expired', 'custom', 'expired-value', expires_at => '2025-01-02', created_at => '2025-01-01');
SELECT apikey.create_key_for('1', 'later', 'custom', 'later-value', expires_at => '2100-01-01');
SELECT apikey.create_key_for('1', 'large', 'custom', repeat('x', 8192));
SELECT apikey.disable_key_for('1', apikey.create_key_for('1', 'disabled', 'custom', 'disabled-value'), 'to see');
},
  q{
SELECT apikey.rotate_data_key('column');
CREATE TABLE secrets (id int PRIMARY KEY, v apikey.encrypted);
INSERT INTO secrets SELECT i, apikey.encrypt('secret-' || i, 'secrets.' || i) FROM generate_series(1, 10) i;
SELECT apikey.rotate_data_key('column');
INSERT INTO secrets SELECT i, apikey.encrypt('secret-' || i, 'secrets.' || i) FROM generate_series(11, 20) i;
INSERT INTO secrets VALUES (21, NULL);
},
  qq{GRANT EXECUTE ON FUNCTION apikey.decrypt(apikey.encrypted, text) TO $app_role};

# ----------------------------------------------------------------------
# What is compared, regardless of the order of rows: name, SQL
# ----------------------------------------------------------------------

my @portrait = (
	'rows' =>
	  q{SELECT (SELECT count(*) FROM apikey.api_keys), (SELECT count(*) FROM apikey.data_keys),
		(SELECT count(*) FROM apikey.linked_users), (SELECT count(*) FROM apikey.custom_key_types),
		(SELECT count(*) FROM apikey.builtin_key_types)},
	'stored keys' => q{SELECT * FROM apikey.api_keys},
	'data keys' => q{SELECT * FROM apikey.data_keys},
	'last uses' => q{SELECT * FROM apikey.key_usage},
	'the view all_keys' => q{SELECT * FROM apikey.all_keys},
	'the view key_status' =>
	  q{SELECT id, purpose, state, created_at, rows, master_key FROM apikey.key_status},
	'key types' => q{SELECT * FROM apikey.key_types},
	'links' => q{SELECT * FROM apikey.linked_users},
	'rows that cannot be decrypted' => q{SELECT * FROM apikey.verify_keys()},
	'an encrypted column' =>
	  q{SELECT id, apikey.decrypt(v, 'secrets.' || id) FROM secrets},
	'status' => q{SELECT item, value, severity FROM apikey.status()
		WHERE item NOT IN ('preload', 'redaction', 'metrics', 'master key source')},
	'row-level security' =>
	  q{SELECT oid::regclass, relrowsecurity, relforcerowsecurity FROM pg_class
		WHERE relnamespace = 'apikey'::regnamespace AND relkind = 'r'},
	'policies' =>
	  q{SELECT tablename, policyname, permissive, roles, cmd, qual, with_check FROM pg_policies
		WHERE schemaname = 'apikey'},
	'triggers' =>
	  q{SELECT pg_get_triggerdef(oid), tgenabled FROM pg_trigger WHERE NOT tgisinternal},
	'event triggers' =>
	  q{SELECT evtname, evtevent, evtenabled, evttags, evtfoid::regprocedure FROM pg_event_trigger},
	'grants on tables and views' =>
	  q{SELECT c.oid::regclass, relowner::regrole, grantee::regrole, privilege_type, is_grantable
		FROM pg_class c, aclexplode(relacl) WHERE relnamespace = 'apikey'::regnamespace},
	'grants on functions' =>
	  q{SELECT p.oid::regprocedure, proowner::regrole, grantee::regrole, privilege_type, is_grantable
		FROM pg_proc p, aclexplode(proacl) WHERE pronamespace = 'apikey'::regnamespace},
	'grants on the schema' =>
	  q{SELECT grantee::regrole, privilege_type, is_grantable
		FROM pg_namespace, aclexplode(nspacl) WHERE nspname = 'apikey'},
	'statistics targets' =>
	  q{SELECT attname, attstattarget FROM pg_attribute
		WHERE attrelid = 'apikey.api_keys'::regclass AND attnum > 0},
	'members' =>
	  q{SELECT pg_describe_object(classid, objid, objsubid) FROM pg_depend
		WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
			AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'apikey')},
	'comments' =>
	  q{SELECT classoid::regclass, pg_describe_object(classoid, objoid, objsubid), description
		FROM pg_description, pg_identify_object(classoid, objoid, objsubid) i
		WHERE i.schema = 'apikey' OR i.identity LIKE 'apikey%'});

# What users 1 to 20 and the organisation see, through the application's role.
sub values_of
{
	my ($node, $database) = @_;

	return (
		run_sql(
			$node,
			join('',
				map { qq{
BEGIN;
SELECT apikey.set_user_id('$_');
SELECT name, apikey.reveal_key(id) FROM apikey.keys
	WHERE is_active AND coalesce(expires_at, 'infinity') > now() ORDER BY name;
SELECT apikey.reveal_env();
SELECT name FROM apikey.deleted_keys;
COMMIT;}
				} 1 .. 20, 'org:00000000-0000-4000-8000-000000000001'),
			db => $database,
			user => $app_role))[0];
}

sub sorted_lines
{
	return join("\n", sort split(/\n/, $_[0]));
}

my %original;
for (my $i = 0; $i < @portrait; $i += 2)
{
	$original{ $portrait[$i] } =
	  sorted_lines($source->safe_psql('app', $portrait[ $i + 1 ]));
}
my $original_values = values_of($source, 'app');
is($original{'rows'} =~ s/\|\d+$//r, '46|5|2|2', 'the original has rows');
is($original{'rows that cannot be decrypted'}, '', 'all of which can be decrypted');
like($original_values, qr/\Q$_\E/, "the original shows $_")
  for 'early|early-value-20', 'middle|acme_abcdea', 'later|later-value',
  q{Schlüssel '"\\$$|org-value}, '"ORG_API_KEY": "org-value"', "\ndeleted\n";

sub same
{
	my ($node, $database, $title) = @_;

	for (my $i = 0; $i < @portrait; $i += 2)
	{
		my ($got, undef, $stderr) =
		  run_sql($node, $portrait[ $i + 1 ], db => $database);

		is(sorted_lines($got), $original{ $portrait[$i] }, "$title: $portrait[$i]")
		  or diag($stderr);
	}
	is(values_of($node, $database),
		$original_values, "$title: every user's values");
}

# A restored database works, with its guard and links, as before.
sub alive
{
	my ($node, $database, $title) = @_;
	my %options = (db => $database);
	my $count = "SELECT count(*) FROM apikey.api_keys WHERE user_id = '20'";

	is( (run_as(
				$node, '20',
				q{SELECT apikey.create_key('new', 'acme', 'acme_qwerty'); SELECT apikey.reveal_key('new')},
				%options))[0] =~ s/.*\n//r,
		'acme_qwerty',
		"$title: a new key");
	is( (run_as(
				$node, '20',
				q{SELECT apikey.create_key('n', 'acme', 'no acme')},
				%options))[1],
		'KA008',
		"$title: a custom type validates");
	like(
		(run_as(
				$node, '21',
				q{SELECT apikey.create_key('n', 'custom', 'some-value')},
				%options))[2],
		qr/ERROR/,
		"$title: an unknown user is refused");
	is((run_sql($node, 'DROP EXTENSION apikey CASCADE', %options))[1],
		'2BP01', "$title: the extension cannot be dropped");
	is((run_sql($node, $count, %options))[0],
		'3', "$title: a user has keys");
	run_sql($node, 'DELETE FROM shop.users WHERE id = 20', %options);
	is((run_sql($node, $count, %options))[0],
		'0', "$title: which are deleted with the user");
	return;
}

# ----------------------------------------------------------------------
# Dumping
# ----------------------------------------------------------------------

sub dumped
{
	my ($title, @options) = @_;

	command_ok([ 'pg_dump', @options, $source->connstr('app') ],
		"dumped: $title");
}

dumped('plain', "--file=$dumps/plain.sql");
dumped('custom', '--format=custom', "--file=$dumps/custom.dump");
dumped('directory, in parallel',
	'--format=directory', '--jobs=2', "--file=$dumps/directory");
command_ok(
	[
		'pg_dumpall', '--no-sync', "--file=$dumps/all.sql",
		'--dbname', $source->connstr('postgres')
	],
	'dumped: the cluster');

my $plain = slurp_file("$dumps/plain.sql");
is(join("\n", $plain =~ /^REVOKE.*/mg),
	'', 'the dump revokes no privileges');
like(
	$plain,
	qr/^GRANT ALL ON FUNCTION apikey\.decrypt\(.*\) TO \Q$app_role\E;$/m,
	'and grants what the administrator granted');
unlike($plain, qr/early-value/, 'it contains no values in clear text');

# A role that is subject to row-level security dumps nothing, rather than a part.
$source->safe_psql('app',
	q{CREATE ROLE regress_apikey_dumper LOGIN IN ROLE pg_read_all_data});
for my $role ('regress_apikey_dumper', $app_role)
{
	command_fails_like(
		[
			'pg_dump', "--username=$role",
			"--file=$dumps/partial.sql", $source->connstr('app')
		],
		$role eq $app_role
		? qr/permission denied/
		: qr/row-level security policy for table "api_keys"/,
		"no dump by $role");
}

# ----------------------------------------------------------------------
# Another cluster, not preloaded, without the extension's roles.
# ----------------------------------------------------------------------

my $target_key = key_file($first_key);
my ($target) = new_node(
	'target',
	master_key => $target_key,
	extension => 0,
	conf => $conf,
	preload => 0);
$target->safe_psql('postgres', "CREATE ROLE $app_role LOGIN");
$target->safe_psql('postgres', "CREATE DATABASE $_")
  for 'plain', 'custom', 'parallel', 'directory';

command_ok(
	[
		'psql', '--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1',
		"--file=$dumps/plain.sql", $target->connstr('plain')
	],
	'plain: restored');
is( $target->safe_psql('plain',
		q{SELECT string_agg(rolname, ' ' ORDER BY rolname) FROM pg_roles WHERE rolname LIKE 'apikey%' AND NOT rolcanlogin}
	),
	'apikey_admin apikey_auditor apikey_maintenance apikey_monitor apikey_owner apikey_reveal apikey_user',
	'plain: the roles were created');
$target->safe_psql('plain', "GRANT apikey_reveal TO $app_role");
same($target, 'plain', 'plain');
alive($target, 'plain', 'plain');

for my $restore (
	[ 'custom', 'custom.dump' ],
	[ 'parallel', 'custom.dump', '--jobs=2' ],
	[ 'directory', 'directory', '--jobs=2' ])
{
	my ($database, $file, @options) = @$restore;

	command_ok(
		[
			'pg_restore', '--exit-on-error', @options, '--dbname',
			$target->connstr($database), "$dumps/$file"
		],
		"$database: restored");
	same($target, $database, $database);
}
alive($target, 'directory', 'directory');

# ----------------------------------------------------------------------
# --clean
# ----------------------------------------------------------------------

my @clean = (
	'pg_restore', '--clean', '--if-exists', '--dbname',
	$target->connstr('custom'), "$dumps/custom.dump");

$target->safe_psql('custom',
	q{SELECT apikey.create_key_for('1', 'since then', 'custom', 'some-value')});
command_fails_like(
	[@clean],
	qr/cannot drop extension apikey|DROP EXTENSION/,
	'clean: the guard stops it');
is( $target->safe_psql('custom',
		q{SELECT count(*) FROM apikey.api_keys}),
	'47',
	'clean: no key is lost');
{
	local $ENV{PGOPTIONS} = '-c apikey.allow_drop=on';

	command_ok([ @clean, '--exit-on-error' ], 'clean: allowed');
}
same($target, 'custom', 'clean');

# ----------------------------------------------------------------------
# Another master key
# ----------------------------------------------------------------------

my %query = @portrait;
my $fingerprint = $target->safe_psql('parallel',
	'SELECT DISTINCT master_key FROM apikey.key_status');

# A restore needs no master key.
put_master_keys($target_key, $other_key);
$target->reload;
$target->safe_psql('postgres', 'CREATE DATABASE later');
command_ok(
	[
		'pg_restore', '--exit-on-error', '--dbname',
		$target->connstr('later'), "$dumps/custom.dump"
	],
	'another master key: restored anyway');
for my $database ('parallel', 'later')
{
	my $title = "another master key, $database";
	my $refused = sub {
		my ($sql, undef, $state, $messages) = @_;

		is($state, 'KA002', "$title: $sql");
		like($messages, qr/ERROR: .*\Q$fingerprint\E/,
			'which names the fingerprint');
	};

	for my $sql (
		q{SELECT apikey.create_key('n', 'custom', 'some-value')},
		q{SELECT apikey.set_key('early', 'custom', 'some-value')},
		q{SELECT apikey.reveal_key('early')},
		q{SELECT apikey.update_key('early', new_name => 'late')})
	{
		$refused->($sql, run_as($target, '1', $sql, db => $database));
	}
	for my $sql (
		'SELECT apikey.rotate_data_key()',
		'SELECT apikey.rewrap_data_keys()',
		'CALL apikey.reencrypt_keys()')
	{
		$refused->($sql, run_sql($target, $sql, db => $database));
	}
	for my $table ('stored keys', 'data keys')
	{
		is(sorted_lines($target->safe_psql($database, $query{$table})),
			$original{$table}, "$title: nothing was written: $table");
	}
	is( (run_as($target, '1', 'SELECT count(*) FROM apikey.keys', db => $database))[0],
		'6',
		"$title: keys are listed");
}

put_master_keys($target_key, $first_key);
$target->reload;
for my $database ('parallel', 'later')
{
	my $title = "the right key again, $database";

	same($target, $database, $title);

	# And everything can be rotated.
	$target->safe_psql($database, $_)
	  for 'SELECT apikey.rotate_data_key()', 'CALL apikey.reencrypt_keys()';
	is( $target->safe_psql($database,
			q{SELECT count(apikey.retire_data_key(id)) FROM apikey.key_status WHERE purpose = 'value' AND state = 'inactive'}),
		'3',
		"$title: the data keys of the dump are retired");
	is(values_of($target, $database), $original_values, "$title: every user's values, with a new data key");
	is($target->safe_psql($database, 'SELECT count(*) FROM apikey.verify_keys()'),
		'0', "$title: all of them can be decrypted");
}
$target->stop;

# ----------------------------------------------------------------------
# A whole cluster
# ----------------------------------------------------------------------

my ($copy) =
  new_node('copy', master_key => key_file($first_key), extension => 0, conf => $conf);
my (undef, $errors) = run_command(
	[
		'psql', '--no-psqlrc', '--quiet',
		"--file=$dumps/all.sql", $copy->connstr('postgres')
	]);
is( join("\n",
		grep { /ERROR/ && !/role ".*" already exists/ } split(/\n/, $errors)),
	'',
	'pg_dumpall: restored');
same($copy, 'app', 'pg_dumpall');
alive($copy, 'app', 'pg_dumpall');
$copy->stop;
$source->stop;

done_testing();
