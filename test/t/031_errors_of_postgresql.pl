# Errors that PostgreSQL itself raises within a function that was given a value:
# neither the server log nor the client's context contains the value, which is a
# literal in the statement.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use ApikeyTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my ($node) = new_node('errors', conf => "log_statement = none\nlog_min_duration_statement = -1\n");
my $marker = random_text(40);

is((run_as($node, 'u1', q{SELECT apikey.create_key('k', 'custom', 'a-first-value')}))[1], '', 'a key');

# The calls that take a value; each of them fails with several errors.
my @calls = (
	qq{SELECT apikey.create_key('new', 'custom', '$marker')},
	qq{SELECT apikey.set_key('k', 'custom', '$marker')},
	qq{SELECT apikey.update_key('k', new_value => '$marker')},
	qq{SELECT apikey.create_key_for('u1', 'new', 'custom', '$marker')});

my $holder = new_session($node);
ask($holder, 'BEGIN; LOCK TABLE apikey.api_keys IN ACCESS EXCLUSIVE MODE');
my $seen = '';
for my $call (@calls)
{
	my $user = q{SET LOCAL apikey.user_id = 'u1'};
	my $nested = qq{DO \$\$ BEGIN PERFORM ($call); END \$\$};

	for (
		[ "BEGIN READ ONLY; $user; $call", '25006' ],
		[ "BEGIN; $user; SET LOCAL lock_timeout = '50ms'; $call", '55P03' ],
		[ "BEGIN; $user; SET LOCAL statement_timeout = '100ms'; $call", '57014' ],
		[ "BEGIN READ ONLY; $user; $nested", '25006' ],
		[ "BEGIN; $user; SET LOCAL lock_timeout = '50ms'; $nested", '55P03' ])
	{
		my ($sql, $state) = @$_;
		my (undef, $got, $messages) = run_sql($node, "$sql; COMMIT");

		is($got, $state, $sql =~ s/\Q$marker\E/.../r);
		$seen .= $messages;
	}
}
ask($holder, 'ROLLBACK');
$holder->quit;
unlike($seen, qr/\Q$marker\E/, 'no message to the client quotes the value');

# The search works: an error outside our functions does log its statement.
run_sql($node, "SELECT 1/0 AS planted_$marker");
my $log = slurp_file($node->logfile);
like($log, qr/planted_\Q$marker\E/, 'the log is searched');
$log =~ s/planted_\Q$marker\E//g;
unlike($log, qr/\Q$marker\E/, 'the server log has no value');

$node->stop;
done_testing();
