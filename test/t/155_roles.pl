# Roles belong to the cluster, databases and their installations do not: several
# databases create the extension at once, in a cluster without the roles; dumps are
# restored in parallel; the superuser who installed it is dropped.  And backups of
# the keys alone.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use ApikeyTest;
use IPC::Run qw(start finish);
use PostgreSQL::Test::Utils;
use Test::More;

my @databases = map { "db$_" } 1 .. 4;
my ($node) = new_node('main', extension => 0);
my $dir = PostgreSQL::Test::Utils::tempdir_short();

$node->safe_psql('postgres', "CREATE DATABASE $_") for @databases;

# Run a command for each database at once; returns their errors, one string.
sub all_at_once
{
	my ($command) = @_;
	my @runs = map {
		my $output = '';
		{ output => \$output, harness => start([ $command->($_) ], '<', \undef, '>', \$output, '2>&1') }
	} @databases;
	my @failed = grep { !finish($_->{harness}) } @runs;

	return join("\n", map { ${ $_->{output} } } @failed);
}

sub psql
{
	my ($sql) = @_;

	return sub {
		my ($database) = @_;

		return ('psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($database), '-c', $sql =~ s/DATABASE/$database/gr);
	};
}

# Back to a cluster without the roles.
sub forget_roles
{
	is( all_at_once(
			psql('SET apikey.allow_drop = on; DROP EXTENSION IF EXISTS apikey CASCADE; DROP TABLE IF EXISTS people')),
		'',
		'the extension is dropped in each database at once');
	$node->safe_psql('postgres', "DROP ROLE $_")
	  for split(/\n/, $node->safe_psql('postgres', q{SELECT rolname FROM pg_roles WHERE rolname LIKE 'apikey%' OR rolname LIKE 'app\_%'}));
	return;
}

# ----------------------------------------------------------------------
# CREATE EXTENSION in several databases at once
# ----------------------------------------------------------------------

for my $round (1 .. 2)
{
	is(all_at_once(psql('CREATE EXTENSION apikey')), '', "round $round: all can create the extension");
	is(scalar(map { $node->safe_psql($_, 'SELECT 1 FROM apikey.status() HAVING count(*) > 0 AND bool_and(severity <> $$error$$)') } @databases),
		scalar(@databases), 'and each works');
	forget_roles();
}

# With roles, grants and comments of the application, in one transaction each.
is( all_at_once(
		psql(
			q{BEGIN; CREATE ROLE app_DATABASE LOGIN; CREATE EXTENSION apikey; GRANT apikey_user TO app_DATABASE; COMMENT ON ROLE apikey_user IS 'for DATABASE'; COMMIT})),
	'',
	'so can transactions that create roles, grant and comment');
forget_roles();

# The others wait for one that has not committed, whether it does or not.
for my $end ('COMMIT', 'ROLLBACK')
{
	my $first = new_session($node, 'db1');
	my @others = @databases[ 1 .. 3 ];

	is(ask($first, 'BEGIN; CREATE EXTENSION apikey'), '', "$end: a transaction creates the extension");
	my @output = map { '' } @others;
	my @runs = map { start([ psql('CREATE EXTENSION apikey')->($others[$_]) ], '<', \undef, '>', \$output[$_], '2>&1') } 0 .. 2;
	ok( $node->poll_query_until('postgres',
			q{SELECT count(*) = 3 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'CREATE EXTENSION%'}),
		"$end: the others wait");
	ask($first, $end);
	finish($_) for @runs;
	is(join('', @output), '', "$end: then they go on");
	$first->quit;
	forget_roles();
}

# A snapshot from before the roles hides what they are.
my $old = new_session($node, 'db1');
ask($old, 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class');
$node->safe_psql('db2', 'CREATE EXTENSION apikey');
my (undef, $state, $messages) = ask($old, 'CREATE EXTENSION apikey');
is($state, '40001', 'an old snapshot does not see the roles');
like($messages, qr/HINT:  Retry the transaction\./, 'which can be retried');
ask($old, 'ROLLBACK');
is(ask($old, 'CREATE EXTENSION apikey'), '', 'and succeeds then');
$old->quit;

# ----------------------------------------------------------------------
# The superuser who installed the extension leaves
# ----------------------------------------------------------------------

$node->safe_psql('db1', 'DROP EXTENSION apikey');
$node->safe_psql('postgres', 'CREATE ROLE installer LOGIN SUPERUSER; CREATE ROLE app_web LOGIN IN ROLE apikey_reveal');
$node->safe_psql('db1', <<'END', connstr => $node->connstr('db1') . ' user=installer');
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO app_web;
ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO app_web;
CREATE EXTENSION apikey;
CREATE TABLE people (id text PRIMARY KEY);
INSERT INTO people VALUES ('u');
SELECT apikey.link_users('people', 'id');
SELECT apikey.create_key_for('u', 'k', 'custom', 'value-of-u');
GRANT SELECT ON apikey.all_keys TO app_web;
END
$node->safe_psql('db1', 'ALTER DEFAULT PRIVILEGES FOR ROLE installer REVOKE ALL ON TABLES FROM app_web');
my ($code, undef, $refusal) = $node->psql('db1', 'DROP OWNED BY installer CASCADE');
like($refusal, qr/cannot drop extension "apikey" because it contains keys/, 'what the installer owns cannot be dropped');
$node->safe_psql('db1', $_)
  for 'REASSIGN OWNED BY installer TO CURRENT_USER', 'DROP OWNED BY installer', 'DROP ROLE installer';
is($node->safe_psql('db1', q{SELECT count(*) FROM apikey.status() WHERE severity = 'error'}),
	'0', 'status() finds no fault once the installer is dropped');

$node->command_ok([ 'pg_dump', '-Fc', '-f', "$dir/left.dump", '-d', $node->connstr('db1') ], 'pg_dump');
my ($sql) = run_command([ 'pg_restore', '-f', '-', "$dir/left.dump" ]);
my @privileges = grep { /^(?:GRANT|REVOKE)/ && /apikey/ } split(/\n/, $sql);
is(join("\n", @privileges), 'GRANT SELECT ON TABLE apikey.all_keys TO app_web;',
	'the dump has the privileges that were granted later, and no others');

forget_roles();
$node->safe_psql('postgres', 'CREATE ROLE app_web LOGIN');

# In parallel, in a cluster without the roles.
is(all_at_once(sub { ('pg_restore', '-1', '-d', $node->connstr($_[0]), "$dir/left.dump") }),
	'', 'the dump is restored in several databases at once, each in one transaction');
for my $database (@databases)
{
	is($node->safe_psql($database, q{SELECT count(*) FROM apikey.all_keys WHERE name = 'k'}), '1', "$database: the key is there");
	is($node->safe_psql($database, 'SELECT count(*) FROM apikey.verify_keys()'), '0', "$database: and can be decrypted");
	is($node->safe_psql($database, q{SELECT count(*) FROM apikey.status() WHERE severity = 'error'}), '0', "$database: status() finds no fault");
}

$node->stop;
done_testing();
