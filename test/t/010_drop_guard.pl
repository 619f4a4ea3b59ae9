# The drop guard in cases that SQL tests cannot cover: sessions that have not used
# the extension, settings in connection options, pg_restore --clean, and dropping
# the whole database.  A linked users table is restored with the keys.

use strict;
use warnings;

use MIME::Base64 qw(encode_base64);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $refused = qr/cannot drop extension "apikey" because it contains keys/;
my $allow = '-c apikey.allow_drop=on';
my $intact = 'u:1 k, u:2 k; 0 problems; people u:';

my $dir = PostgreSQL::Test::Utils::tempdir_short();
my $node = PostgreSQL::Test::Cluster->new('main');

open(my $random, '<:raw', '/dev/urandom') or die "could not open /dev/urandom: $!";
read($random, my $key, 32) == 32 or die "could not read /dev/urandom: $!";
close($random);
open(my $file, '>', "$dir/key") or die "could not write the key: $!";
print $file encode_base64($key);
close($file);
chmod(0600, "$dir/key") or die "could not protect the key: $!";

$node->init;
$node->append_conf('postgresql.conf', "apikey.master_key_source = 'file:$dir/key'");
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE app');
$node->safe_psql('app', <<'END');
SET client_min_messages = warning;
CREATE EXTENSION apikey;
CREATE TABLE people (id int PRIMARY KEY);
INSERT INTO people VALUES (1), (2);
SELECT apikey.link_users('people', 'id', 'purge', 'u:');
SELECT apikey.create_key_for('u:' || i, 'k', 'custom', 'value-of-user-' || i, env_var => 'SOME_KEY')
	FROM generate_series(1, 2) i;
END

# Run one statement in a new session, with the given connection options;
# returns psql's exit code and errors.
sub run_sql
{
	my ($sql, $options) = @_;

	local $ENV{PGOPTIONS} = $options // '';
	my ($code, $out, $err) = $node->psql('app', $sql);
	return ($code, $err);
}

# What is stored, and whether each value can be decrypted.
sub stored
{
	return $node->safe_psql('app', <<'END');
SELECT string_agg(user_id || ' ' || name, ', ' ORDER BY user_id) || '; '
	|| (SELECT count(*) FROM apikey.verify_keys()) || ' problems; '
	|| (SELECT string_agg(users::text || ' ' || prefix, ', ') FROM apikey.linked_users)
	FROM apikey.all_keys
END
}

sub refuses
{
	my ($name, $sql, $options) = @_;
	my ($code, $err) = run_sql($sql, $options);

	isnt($code, 0, "$name: fails");
	like($err, $refused, "$name: by the guard");
	is(stored(), $intact, "$name: everything is still there");
}

is(stored(), $intact, 'keys are stored');

for my $preload ('', 'apikey')
{
	my $where = $preload ? 'preloaded' : 'loaded by the event trigger';

	$node->append_conf('postgresql.conf', "shared_preload_libraries = '$preload'");
	$node->restart;
	refuses("DROP EXTENSION, $where", 'DROP EXTENSION apikey CASCADE');
	refuses("DROP OWNED, $where", 'DROP OWNED BY apikey_owner CASCADE');
	refuses("option off, $where", 'DROP EXTENSION apikey CASCADE', '-c apikey.allow_drop=off');
	my ($code, $err) = run_sql('BEGIN; DROP EXTENSION apikey CASCADE; ROLLBACK', $allow);
	is($code, 0, "option on, $where: passes") or diag($err);
	($code, $err) = run_sql('CREATE SCHEMA s; CREATE TABLE s.t (); DROP SCHEMA s CASCADE; '
		  . 'CREATE ROLE nobody_special; DROP OWNED BY nobody_special; DROP ROLE nobody_special');
	is($code, 0, "other commands pass, $where") or diag($err);
}

# An owner of the extension who is no longer a superuser cannot allow it, not even
# in connection options.
$node->safe_psql('postgres', 'CREATE ROLE keeper LOGIN SUPERUSER; CREATE DATABASE kept');
$node->safe_psql('kept', <<'END');
SET client_min_messages = warning;
SET ROLE keeper;
CREATE EXTENSION apikey;
SELECT apikey.create_key_for('u', 'k', 'custom', 'value-of-user', env_var => 'SOME_KEY');
RESET ROLE;
ALTER ROLE keeper NOSUPERUSER;
END
for my $options ('', $allow)
{
	local $ENV{PGOPTIONS} = $options;
	my ($code, $out, $err) =
	  $node->psql('kept', 'DROP EXTENSION apikey', extra_params => [ '-U', 'keeper' ]);
	isnt($code, 0, "owner without superuser, options \"$options\": fails");
	like($err, qr/$refused|permission denied to set parameter "apikey.allow_drop"/,
		"owner without superuser, options \"$options\": by the guard");
}
is($node->safe_psql('kept', 'SELECT count(*) FROM apikey.all_keys'), '1', 'the key is still there');

# pg_restore --clean: refused entirely without the option, complete with it.
$node->command_ok([ 'pg_dump', '-Fc', '-f', "$dir/app.dump", '-d', $node->connstr('app') ], 'pg_dump');
my @restore = ('pg_restore', '--clean', '--if-exists', '-d', $node->connstr('app'));

$node->command_fails_like([ @restore, '--single-transaction', "$dir/app.dump" ],
	$refused, 'pg_restore --clean --single-transaction without the option');
is(stored(), $intact, 'it changed nothing');

# Changes made after the dump are undone.
$node->safe_psql('app', "DELETE FROM people WHERE id = 2; INSERT INTO people VALUES (3)");
like(stored(), qr/^u:1 k;/, 'deleting a user deletes the keys');
{
	local $ENV{PGOPTIONS} = $allow;
	$node->command_ok([ @restore, "$dir/app.dump" ], 'pg_restore --clean with the option');
}
is(stored(), $intact, 'the dump is restored, and every value can be decrypted');
is($node->safe_psql('app', "SELECT count(*) FROM apikey.status() WHERE severity = 'error'"),
	'0', 'status() finds no fault');
my ($code, $err) = run_sql("SELECT apikey.create_key_for('u:7', 'k', 'custom', 'some-value', env_var => 'SOME_KEY')");
like($err, qr/user does not exist in the linked users table/, 'the link works');
$node->safe_psql('app', 'DELETE FROM people WHERE id = 2');
like(stored(), qr/^u:1 k;/, 'and so do its triggers');

# Dropping the whole database is not guarded.
$node->command_ok([ 'dropdb', '-h', $node->host, '-p', $node->port, 'app' ], 'dropdb');
$node->command_ok([ 'dropdb', '-h', $node->host, '-p', $node->port, 'kept' ], 'dropdb');

$node->stop;
done_testing();
