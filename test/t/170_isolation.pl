# No user reaches the keys of another: the attacks of test/data/isolation.sql, in every
# mode of identity, in sessions that have switched from one user to another, through a
# pooler that gives the connection of one client to the next, and with tables that were
# granted by mistake.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use ApikeyPooler;
use ApikeyTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $dir = PostgreSQL::Test::Utils::tempdir_short();
my ($node) = new_node('main', conf => "log_statement = none\n");
my ($alice, $bob) = ('isolation_alice', 'isolation_bob');

# Nothing of this may appear anywhere in what an attack gives; it may appear in the
# attack, and so in an error's message, if the attack has it.
my %secret = map { $_ => "bob_$_" . random_text(12) } qw(value other_value name other_name metadata);

# ----------------------------------------------------------------------
# The modes: the role that connects, how it takes an identity, and whether through the
# pooler.  "nobody" stands for alice without an identity, in the modes that have this.
# ----------------------------------------------------------------------

sub set_identity { my ($user) = @_; return "BEGIN; SELECT apikey.set_user_id('$user');" }
sub set_session { my ($user) = @_; return "SET apikey.user_id = '$user'; BEGIN;" }
sub set_claims { my ($user) = @_; return qq{BEGIN; SELECT set_config('request.jwt.claims', '{"sub":"$user"}', true);} }
sub set_role { my ($user) = @_; return "SET ROLE $user; BEGIN;" }

my %mode = (
	'transaction' => { login => 'isolation_transaction', take => \&set_identity, nobody => 1 },
	'transaction-pooled' => { login => 'isolation_transaction', take => \&set_identity, nobody => 1, pooled => 1 },
	'claims' => { login => 'isolation_claims', take => \&set_claims, nobody => 1 },
	'claims-pooled' => { login => 'isolation_claims', take => \&set_claims, nobody => 1, pooled => 1 },
	'session' => { login => 'isolation_session', take => \&set_session },
	'role' => { login => $alice, take => sub { 'BEGIN;' }, alone => 1 },
	'role-pooled' => { login => $alice, take => sub { 'BEGIN;' }, alone => 1, pooled => 1 },
	'switch' => { login => 'isolation_switch', take => \&set_role },
	'granted' => { login => 'isolation_granted', take => \&set_identity });

$node->safe_psql('postgres', $_) for
  "CREATE ROLE $alice LOGIN IN ROLE apikey_reveal",
  "CREATE ROLE $bob LOGIN IN ROLE apikey_reveal",
  "CREATE ROLE isolation_switch LOGIN NOINHERIT IN ROLE $alice, $bob",
  (map { "CREATE ROLE isolation_$_ LOGIN IN ROLE apikey_reveal" } qw(transaction claims session granted)),
  (map { "ALTER ROLE $_ SET apikey.identity = 'role'" } $alice, 'isolation_switch'),
  (map { "ALTER ROLE isolation_$_ SET apikey.identity = '$_'" } qw(transaction claims session)),
  'GRANT SELECT, INSERT, UPDATE, DELETE ON apikey.api_keys, apikey.key_usage TO isolation_granted',
  'CREATE SCHEMA attacker',
  'GRANT ALL ON SCHEMA attacker TO PUBLIC';

# ----------------------------------------------------------------------
# The keys
# ----------------------------------------------------------------------

$node->safe_psql('postgres', qq{
SELECT apikey.create_key_for('$alice', 'a ' || n, 'custom', 'value-of-a-' || n, env_var => 'A_' || upper(n)) FROM unnest('{one,two,gone}'::text[]) n;
SELECT apikey.create_key_for('$bob', '$secret{name}', 'custom', '$secret{value}', env_var => 'B_KEY', metadata => '{"of": "$secret{metadata}"}');
SELECT apikey.create_key_for('$bob', '$secret{other_name}', 'custom', '$secret{other_value}');
SELECT apikey.delete_key_for(user_id, id) FROM apikey.all_keys WHERE name IN ('a gone', '$secret{other_name}');
UPDATE apikey.api_keys SET expires_at = now() + interval '1 day' WHERE deleted_at IS NULL;
ANALYZE apikey.api_keys});

my $picture_of_bob = qq{SELECT k, u FROM apikey.api_keys k LEFT JOIN apikey.key_usage u USING (user_id, id) WHERE user_id = '$bob' ORDER BY id};
run_sql($node, "BEGIN; SELECT apikey.set_user_id('$bob'); SELECT apikey.reveal_key('$secret{name}'); COMMIT");
my $bob_before = $node->safe_psql('postgres', $picture_of_bob);

sub id_of
{
	my ($name) = @_;

	return $node->safe_psql('postgres', "SELECT id FROM apikey.all_keys WHERE name = '$name'");
}

my %variables = (
	alice => $alice,
	bob => $bob,
	bob_name => $secret{name},
	bob_value => $secret{value},
	bob_id => id_of($secret{name}),
	bob_gone => id_of($secret{other_name}),
	bob_gone_name => $secret{other_name});

# What bob does in a session before alice has it.
sub before_alice
{
	my ($mode) = @_;

	return '' if $mode->{alone};
	return $mode->{take}->($bob) . qq{
DEALLOCATE ALL;
SET LOCAL plan_cache_mode = force_generic_plan;
PREPARE his_names AS WITH k AS (SELECT * FROM apikey.keys) SELECT string_agg(name, ', ' ORDER BY name) FROM k;
PREPARE his_other AS SELECT (SELECT count(*) FROM apikey.keys WHERE user_id = apikey.current_user_id()), count(*) FROM (SELECT * FROM apikey.keys OFFSET 0) k;
PREPARE his_value AS SELECT apikey.reveal_key('$secret{name}');
EXECUTE his_names; EXECUTE his_other; EXECUTE his_value;
CREATE OR REPLACE FUNCTION pg_temp.names() RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT string_agg(name, '', '' ORDER BY name) FROM apikey.keys); END';
GRANT EXECUTE ON FUNCTION pg_temp.names() TO PUBLIC;
SELECT pg_temp.names();
COMMIT;
} . ($mode->{nobody} ? qq{SET apikey.user_id = '$bob'; SET request.jwt.claims = '{"sub":"$bob"}';\n} : '');
}

# ----------------------------------------------------------------------
# The attacks
# ----------------------------------------------------------------------

sub read_attacks
{
	my @attacks;

	for my $paragraph (split(/\n\n+/, slurp_file("$FindBin::RealBin/../data/isolation.sql")))
	{
		my ($name) = $paragraph =~ /\A-- (.*)$/m;
		my @wanted = $paragraph =~ /^= ?(.*)$/mg;
		my ($modes) = $paragraph =~ /^@ (.*)$/m;
		my ($sql) = $paragraph =~ s/^(?:--|=|@).*\n?//mgr;

		push(@attacks, { name => $name, sql => $sql, wanted => \@wanted, modes => $modes // '' }) if $sql =~ /\S/;
	}
	return @attacks;
}

sub is_made_in
{
	my ($attack, $name) = @_;
	my %named = map { $_ => 1 } split(/ /, $attack->{modes});

	return $mode{$name}{nobody} if $named{nobody};
	return 0 if $named{"!$name"} || $mode{$name}{alone} && $attack->{sql} =~ /his_|pg_temp\.names/;
	return $named{$name} || !grep { !/^!/ } keys %named;
}

# psql runs the attacks of a mode in one session.  A line of "### N" stands before the
# output of each, and before its messages.
sub script
{
	my ($mode, @attacks) = @_;
	my $script = "\\set VERBOSITY verbose\n" . join('', map { "\\set $_ '$variables{$_}'\n" } sort keys %variables);

	for my $i (0 .. $#attacks)
	{
		my $identity = $attacks[$i]{modes} =~ /nobody/ ? 'BEGIN;' : $mode->{take}->($alice);

		$script .= "\\o /dev/null\n" . before_alice($mode) . "$identity\n\\o\n\\echo ### $i\n\\warn ### $i\n$attacks[$i]{sql}\nROLLBACK;\n";
	}
	return $script;
}

sub by_attack
{
	my ($text) = @_;
	my (undef, %parts) = split(/^### (\d+)\n/m, $text, -1);

	return \%parts;
}

# The output, and the SQLSTATEs of its errors but those of a transaction that has failed.
sub outcome
{
	my ($output, $messages) = @_;

	return join("\n", grep { $_ ne '' } split(/\n/, $output), grep { $_ ne '25P02' } $messages =~ /ERROR:  (\w{5}): /g);
}

sub leaks
{
	my ($sql, $text) = @_;
	my $known = $sql;

	$known =~ s/:'(\w+)'/$variables{$1}/g;
	return join(' ', grep { index($text, $secret{$_}) >= 0 && index($known, $secret{$_}) < 0 } sort keys %secret);
}

sub attack
{
	my ($name, $connstr, @attacks) = @_;
	my ($stdout, $stderr) = ('', '');

	IPC::Run::run([ 'psql', '-XAtq', '-d', $connstr ], '<', \script($mode{$name}, @attacks), '>', \$stdout, '2>', \$stderr);
	my ($outputs, $messages) = (by_attack($stdout), by_attack($stderr));

	for my $i (0 .. $#attacks)
	{
		my ($output, $message) = ($outputs->{$i} // 'not made', $messages->{$i} // '');
		my $wanted = join("\n", map { /^\w{5}(?:\|\w{5})+$/ ? "(?:$_)" : quotemeta } @{ $attacks[$i]{wanted} });

		like(outcome($output, $message), qr/\A$wanted\z/, "$name: $attacks[$i]{name}") or diag($message);
		is(leaks($attacks[$i]{sql}, "$output$message"), '', "$name: $attacks[$i]{name}: nothing of bob");
	}
	return;
}

# ----------------------------------------------------------------------
# Through the pooler
# ----------------------------------------------------------------------

my $through = start_pooler($node, map { $_->{login} } values %mode);

# Another client, which has the same connection between the transactions of the attacker.
sub start_bob
{
	my ($name, $connstr) = @_;

	unlink("$dir/bob.sql");
	append_to_file("$dir/bob.sql", $mode{$name}{take}->($bob) . "\nSELECT apikey.reveal_key('$secret{name}');\nCOMMIT;\n"
		  . "SET apikey.user_id = '$bob';\nSET request.jwt.claims = '{\"sub\":\"$bob\"}';\n");
	return IPC::Run::start([ 'pgbench', '--no-vacuum', '--time=3600', "--file=$dir/bob.sql", $connstr ],
		'<' => \undef, '&>' => "$dir/bob.out");
}

# ----------------------------------------------------------------------
# Every attack in every mode
# ----------------------------------------------------------------------

my @attacks = read_attacks();

cmp_ok(scalar(@attacks), '>', 100, 'there are attacks');
for my $name (sort keys %mode)
{
	my $connstr = $mode{$name}{pooled}
	  ? "$through user=$mode{$name}{login}"
	  : $node->connstr('postgres') . " user=$mode{$name}{login}";
	my $other = $mode{$name}{pooled} && !$mode{$name}{alone} ? start_bob($name, $connstr) : undef;

	attack($name, $connstr, grep { is_made_in($_, $name) } @attacks);
	if (defined $other)
	{
		$other->signal('INT');
		eval { $other->finish };
		unlike(slurp_file("$dir/bob.out"), qr/ERROR/, "$name: bob was not disturbed");
	}
}
is($node->safe_psql('postgres', $picture_of_bob), $bob_before, 'the keys of bob are unchanged');

# A dump by a role of an application, even one that may read the table, has nothing.
my ($dump, $messages) = run_command([ 'pg_dump', '--table=apikey.api_keys', '-d', $node->connstr('postgres') . ' user=isolation_granted' ]);
like($messages, qr/row-level security/, 'pg_dump refuses');
is(leaks('', $dump . $messages), '', 'pg_dump: nothing of bob');

$node->stop;
done_testing();
