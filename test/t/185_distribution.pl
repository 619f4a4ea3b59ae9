# What holds if the rows of api_keys are on another server, as with Citus, shown with
# two ordinary servers.  On the one that clients connect to (the coordinator), api_keys
# is replaced by a foreign table; each of the extension's statements reaches the other
# one (the worker) over a connection of the internal role that runs it, where no session
# has an identity.
#
# Each server has a database with data keys of its own; that of the worker must have
# none.  The setup is that of doc/scaling.md.  Citus itself is not run.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use ApikeyTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $app_role = app_role;
my $guide = slurp_file("$FindBin::RealBin/../../doc/scaling.md");
my ($everywhere) = $guide =~ /^(apikey\.distributed = on)$/m;
my ($on_workers) = $guide =~ /^(apikey\.create_data_keys = off)$/m;
my ($roles, $policy) = $guide =~ /^(ALTER ROLE apikey_owner LOGIN;.*?)^(CREATE POLICY owner_all .*?;)$/ms;

ok($everywhere && $on_workers && $policy, 'doc/scaling.md has the settings and statements');

my ($worker) = new_node('worker',
	conf => "$everywhere\n$on_workers\napikey.master_key_source = ''\nlog_statement = all\nlog_line_prefix = '%u '\n");
my ($coordinator) = new_node('coordinator', conf => "$everywhere\n");
my ($host, $port) = ($worker->host, $worker->port);

$_->safe_psql('postgres', $roles) for $worker, $coordinator;

$coordinator->safe_psql('postgres', qq{
CREATE EXTENSION postgres_fdw;
CREATE SERVER worker FOREIGN DATA WRAPPER postgres_fdw
	OPTIONS (host '$host', port '$port', dbname 'postgres', extensions 'apikey');
CREATE USER MAPPING FOR CURRENT_USER SERVER worker;
CREATE USER MAPPING FOR apikey_owner SERVER worker OPTIONS (user 'apikey_owner', password_required 'false');
CREATE USER MAPPING FOR apikey_maintenance SERVER worker OPTIONS (user 'apikey_maintenance', password_required 'false');
ALTER EXTENSION apikey DROP TABLE apikey.api_keys;
ALTER TABLE apikey.api_keys RENAME TO local_keys;
IMPORT FOREIGN SCHEMA apikey LIMIT TO (api_keys) FROM SERVER worker INTO apikey;
ALTER FOREIGN TABLE apikey.api_keys OWNER TO apikey_owner;
GRANT SELECT, DELETE, UPDATE (encrypted_value, fingerprint) ON apikey.api_keys TO apikey_maintenance;
});

# ----------------------------------------------------------------------
# Helpers
# ----------------------------------------------------------------------

# The output or the SQLSTATE of a user's statement on the coordinator.
sub as_user
{
	my ($user, $sql, @on) = @_;
	my ($out, $state, $messages) = run_as($on[0] // $coordinator, $user, $sql);

	note($messages) if $messages ne '';
	return $state || $out;
}

sub as_admin
{
	my ($sql, $server) = @_;
	my ($out, $state, $messages) = run_sql($server // $coordinator, $sql);

	note($messages) if $messages ne '';
	return $state || $out;
}

# ----------------------------------------------------------------------
# A client that connects to the worker directly
# ----------------------------------------------------------------------

my ($out, $state, $messages) = run_as($worker, 'alice', q{SELECT apikey.create_key('k', 'custom', 'a-value-of-alice')});

is($state, '55000', 'worker: a key is not stored there');
like($messages, qr/no data key can be created on this server.*HINT:.*coordinator/s, 'worker: which says why');
unlike($messages, qr/a-value-of-alice/, 'worker: without the value');
is(as_admin('SELECT apikey.rotate_data_key()', $worker), '55000', 'worker: nor is a data key');
is(as_admin(q{SELECT value FROM apikey.status() WHERE item = 'new data keys'}, $worker),
	'not created on this server', 'worker: as status() says');

# ----------------------------------------------------------------------
# Without the policy, the worker shows and takes nothing
# ----------------------------------------------------------------------

is(as_user('alice', q{SELECT apikey.create_key('k', 'custom', 'value-of-alice')}),
	'42501', 'without the policy, nothing is stored');
$worker->safe_psql('postgres', $policy);

# ----------------------------------------------------------------------
# Two users, with keys of the same name
# ----------------------------------------------------------------------

for my $user ('alice', 'bob')
{
	is(as_user($user, "SELECT apikey.create_key('k', 'custom', 'value-of-$user') IS NOT NULL"), 't', "$user: create_key");
	is(as_user($user, q{SELECT apikey.create_key('k', 'custom', 'another-value')}), '23505', "$user: a name that is in use");
	is(as_user($user, "SELECT apikey.set_key('s', 'custom', 'set-by-$user') IS NOT NULL"), 't', "$user: set_key, new");
	is(as_user($user, "SELECT apikey.set_key('s', 'custom', 'set-again-by-$user') IS NOT NULL"), 't', "$user: set_key, known");
}
for my $user ('alice', 'bob')
{
	is(as_user($user, q{SELECT apikey.reveal_key('k')}), "value-of-$user", "$user: reveal_key");
	is(as_user($user, q{SELECT apikey.reveal_key('s')}), "set-again-by-$user", "$user: the other key");
	is(as_user($user, qq{SELECT apikey.update_key('k', new_env_var => 'THE_KEY') IS NOT NULL}), 't', "$user: update_key");
	is(as_user($user, q{SELECT apikey.reveal_env()}), qq({"THE_KEY": "value-of-$user"}), "$user: reveal_env");
}
is(as_user('carol', q{SELECT apikey.reveal_key('k')}), 'KA005', 'carol has no key');
is(as_user('carol', q{SELECT apikey.reveal_env()}), '{}', 'and no environment');

is(as_user('alice', q{SELECT apikey.disable_key('k', 'why') IS NOT NULL}), 't', 'disable_key');
is(as_user('alice', q{SELECT apikey.disable_key('k') IS NOT NULL}), 't', 'once more');
is(as_user('alice', q{SELECT apikey.reveal_key('k')}), 'KA006', 'it is disabled');
is(as_user('bob', q{SELECT apikey.reveal_key('k')}), 'value-of-bob', q{and bob's is not});
is(as_user('alice', q{SELECT apikey.enable_key('k') IS NOT NULL}), 't', 'enable_key');
my $id = as_user('alice', q{SELECT apikey.delete_key('k')});
like($id, qr/^[0-9a-f-]{36}$/, 'delete_key');
is(as_user('alice', q{SELECT apikey.reveal_key('k')}), 'KA005', 'it is deleted');
is(as_user('alice', "SELECT apikey.restore_key('$id'::uuid)"), $id, 'restore_key');
is(as_user('alice', q{SELECT apikey.reveal_key('k')}), 'value-of-alice', 'it is restored');
is(as_user('bob', q{SELECT apikey.purge_key(apikey.delete_key('s')) IS NOT NULL}), 't', 'purge_key');
is(as_user('alice', q{SELECT apikey.reveal_key('s')}), 'set-again-by-alice', q{alice's is still there});

is( $worker->safe_psql('postgres', 'SELECT user_id, name FROM apikey.api_keys ORDER BY 1, 2'),
	"alice|k\nalice|s\nbob|k", 'the rows are on the worker');
is($worker->safe_psql('postgres', 'SELECT count(*) FROM apikey.data_keys'), '0', 'and no data key is');
is($coordinator->safe_psql('postgres', 'SELECT (SELECT count(*) FROM apikey.local_keys), count(*) FROM apikey.data_keys'),
	'0|1', 'that is on the coordinator, and no row');

# ----------------------------------------------------------------------
# Across users
# ----------------------------------------------------------------------

is(as_admin(q{SELECT user_id, name FROM apikey.find_keys('value-of-bob')}), 'bob|k', 'find_keys');
is(as_admin('SELECT * FROM apikey.verify_keys()'), '', 'verify_keys');
is(as_admin(q{SELECT value FROM apikey.status() WHERE item = 'keys'}), '3 active, 0 disabled, 0 deleted; 0 expired', 'status: keys');
like(as_admin(q{SELECT value FROM apikey.status() WHERE item = 'distribution'}),
	qr/^on; can log in: apikey_maintenance, apikey_owner/, 'status: distribution');
isnt(as_admin('SELECT apikey.rotate_data_key()'), '', 'rotate_data_key');
is(as_admin('CALL apikey.reencrypt_keys(2)'), '', 'reencrypt_keys');
is(as_admin('SELECT state, rows_done, rows_left, rows_failed FROM apikey.rotation_progress'), 'finished|3|0|0', 'all of them');
is(as_admin(q{SELECT count(apikey.retire_data_key(id)) FROM apikey.data_keys WHERE deactivated_at IS NOT NULL}), '1', 'retire_data_key');
is(as_user('alice', q{SELECT apikey.reveal_key('k')}), 'value-of-alice', 'with the new data key');

# ----------------------------------------------------------------------
# What keeps the users apart
# ----------------------------------------------------------------------

# The statements that the worker has run as a role, without those of transactions and
# cursors.
sub statements_of
{
	my ($role) = @_;
	my $log = slurp_file($worker->logfile);

	return grep { /api_keys/ && !/^(?:FETCH|CLOSE|EXPLAIN)/ } $log =~ /^$role LOG:  (?:statement|execute [^:]*): (.*(?:\n\t.*)*)/mg;
}

my @of_owner = statements_of('apikey_owner');
my @of_maintenance = statements_of('apikey_maintenance');

# An inserted row names its user.  Where the wrapper changes a row by its place, it has
# found and locked it with the condition.
sub is_of_one_user
{
	my ($statement) = @_;

	return $statement =~ /WHERE .*\(\(?user_id = (?:\$\d+::text|'\w+')/
	  || $statement =~ /^INSERT INTO apikey\.api_keys\((?:id, )?user_id,/
	  || $statement =~ /^(?:UPDATE|DELETE) .* WHERE ctid = \$1$/;
}

cmp_ok(scalar @of_owner, '>', 40, 'the worker has run statements of apikey_owner: ' . @of_owner);
is(join("\n", grep { !is_of_one_user($_) } @of_owner), '', 'each of them is about one user');
cmp_ok(scalar(grep { !is_of_one_user($_) } @of_maintenance), '>', 5, 'unlike those across users');

# The same in the source: what a statement about keys has, or is marked as.
my $top = "$FindBin::RealBin/../..";
my $of_one_user = qr/user_id OPERATOR\(pg_catalog\.=\) \$1|APIKEY_KEY_ROW_WHERE|SELECT_KEY|INSERT INTO/;
my (@unmarked, @boundless, @with_time);
my $found = 0;

for my $file (glob("$top/src/*/*.c"))
{
	my $text = slurp_file($file);

	while ($text =~ /^static ApikeyStatement (\w+)[^=\n]* = \{\n(.*?)^\};/msg)
	{
		my ($name, $body) = ($1, $2);

		next if $body !~ /apikey\.(?:api|all)_keys|SELECT_KEY/;
		$found++;
		push(@with_time, $name) if $body =~ /COALESCE\([a-z]\w*, pg_catalog\.now/;
		next if $body =~ $of_one_user;
		push(@boundless, $name) if $body !~ /APIKEY_AS_MAINTENANCE/;
		push(@unmarked, $name) if $body =~ /arg_count/ && $body !~ /across_users = true/;
	}
}
cmp_ok($found, '>', 25, "the source has statements about keys: $found");
is("@boundless", '', 'those of apikey_owner are about one user');
# Citus refuses the first of these anyway; the other one is for tables that it has not distributed.
is("@unmarked", 'find_by_fingerprint write_rows', 'those across users are planned for their arguments');
is("@with_time", '', 'none has now() beside a column, which Citus cannot evaluate');

# A row that gets into another user's hands cannot be decrypted.
$worker->safe_psql('postgres', q{UPDATE apikey.api_keys SET user_id = 'bob' WHERE user_id = 'alice' AND name = 's'});
is(as_user('bob', q{SELECT apikey.reveal_key('s')}), 'KA003', q{a stolen row cannot be decrypted});
$worker->safe_psql('postgres', q{UPDATE apikey.api_keys SET user_id = 'alice' WHERE name = 's'});
is(as_user('alice', q{SELECT apikey.reveal_key('s')}), 'set-again-by-alice', 'its owner can');

# A role that was granted the table sees nothing there.
$worker->safe_psql('postgres', "GRANT USAGE ON SCHEMA apikey TO $app_role; GRANT SELECT ON apikey.api_keys TO $app_role");
is((run_sql($worker, 'SELECT count(*) FROM apikey.api_keys', user => $app_role))[0], '0', 'the policy is for apikey_owner only');

# ----------------------------------------------------------------------
# What apikey.create_data_keys prevents: a worker with a data key of its own
# ----------------------------------------------------------------------

my $own_key = put_master_keys(PostgreSQL::Test::Utils::tempdir_short() . '/master.key', random_key());
$worker->append_conf('postgresql.conf', "apikey.master_key_source = 'file:$own_key'\napikey.create_data_keys = on");
$worker->reload;
ok( $worker->poll_query_until('postgres', q{SELECT current_setting('apikey.create_data_keys') = 'on'}),
	'the worker may create a data key');
is(as_user('dave', q{SELECT apikey.create_key('k', 'custom', 'value-of-dave') IS NOT NULL}, $worker), 't', 'it does');
is(as_user('dave', q{SELECT apikey.reveal_key('k')}, $worker), 'value-of-dave', 'and can decrypt the value');
is(as_user('dave', q{SELECT apikey.reveal_key('k')}), 'KA003', 'the coordinator cannot');
is(as_admin(q{SELECT user_id FROM apikey.verify_keys()}), 'dave', 'as it reports');

# ----------------------------------------------------------------------
# Another database, while the internal roles can log in
# ----------------------------------------------------------------------

$coordinator->safe_psql('postgres', 'CREATE DATABASE another');
is((run_sql($coordinator, 'SET apikey.distributed = off; CREATE EXTENSION apikey', db => 'another'))[1],
	'55000', 'without the setting, the extension is not created');
is((run_sql($coordinator, 'CREATE EXTENSION apikey', db => 'another'))[1], '', 'with it, it is');

$_->stop for $coordinator, $worker;
done_testing();
