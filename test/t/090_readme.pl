# Every SQL example in README.md does what README.md says it prints.
#
# A block fenced as "sql ROLE" is run by psql as that role, in one session, and
# one fenced as "sh server" by the shell, as the server's user, with a directory
# of the test's in place of /etc/apikey; the fenced "text" block behind it is
# what must come out, and an example without one must print nothing.  uuids and times of day, which differ from run to
# run, are compared by their form.  With README_FILL=FILE a copy is written
# with what did come out, to be read and put in place by hand.

use strict;
use warnings;

use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $readme = "$FindBin::RealBin/../../README.md";
my $dir = PostgreSQL::Test::Utils::tempdir;

# Values of the right shape, made here: no key of anybody's.
sub groq_key
{
	my ($start) = @_;
	my @alphabet = ('a' .. 'z', '0' .. '9', 'A' .. 'Z');
	return 'gsk_' . join('', map { $alphabet[ ($start + 7 * $_) % @alphabet ] } 1 .. 52);
}

sub same_form
{
	my ($text) = @_;
	$text =~ s/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/<uuid>/g;
	$text =~ s/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+[+-]\d\d/<time>/g;
	$text =~ s/[ \t]+$//mg;
	$text =~ s/\n+\z/\n/;
	return $text;
}

my $node = PostgreSQL::Test::Cluster->new('readme');
$node->init;
append_to_file("$dir/master.key", unpack('H*', join('', map { chr(int(rand(256))) } 1 .. 32)) . "\n");
chmod(0600, "$dir/master.key") or die "could not change the mode of the key file: $!";
$node->append_conf('postgresql.conf', <<"CONF");
shared_preload_libraries = 'apikey'
apikey.master_key_source = 'file:$dir/master.key'
apikey.fernet_key_source = 'file:$dir/master.key'
timezone = 'UTC'
CONF
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE app');
$node->safe_psql('postgres', 'CREATE ROLE admin SUPERUSER LOGIN');

sub run_example
{
	my ($role, $sql) = @_;
	my $output;
	my @command = (
		'psql', '-X', '-q', '-P', 'footer=off', '-d', $node->connstr('app') . " user=$role",
		'-v', 'groq_key=' . groq_key(3), '-v', 'other_groq_key=' . groq_key(20));
	IPC::Run::run(\@command, '<', \$sql, '&>', \$output);
	$output =~ s/^psql:<stdin>:\d+: //mg;
	return $output;
}

sub run_commands
{
	my ($commands) = @_;
	my $output;
	local @ENV{qw(PGHOST PGPORT PGUSER)} = ($node->host, $node->port, 'admin');

	$commands =~ s{/etc/apikey}{$dir}g;
	$commands =~ s{psql}{psql -X -q -P footer=off}g;
	IPC::Run::run([ 'sh', '-c', "cd '$dir' && { $commands }" ], '<', \undef, '&>', \$output);
	return $output;
}

my $text = slurp_file($readme);
my $filled = '';
my $examples = 0;
while ($text =~ s/\A(.*?)^```(sql|sh) (\w+)\n(.*?)^```\n(\n```text\n(.*?)^```\n)?//ms)
{
	my ($before, $kind, $role, $code, $expected) = ($1, $2, $3, $4, defined $6 ? $6 : '');
	my ($title) = $code =~ /^(?!BEGIN|SELECT apikey\.set_user_id)(.+)$/m;
	my $output = $kind eq 'sh' ? run_commands($code) : run_example($role, $code);

	$examples++;
	is(same_form($output), same_form($expected), "as $role: $title");
	$output =~ s/[ \t]+$//mg;
	$filled .= "$before```$kind $role\n$code```\n";
	$filled .= "\n```text\n$output```\n" if $output ne '';
}
cmp_ok($examples, '>', 15, 'README.md has examples');

# The example at the top has parameters.
my ($opening) = slurp_file($readme) =~ /^```sql\n(.*?)^```\n/ms;
my $value = 'sk-' . ('Ab3' x 16);
$opening =~ s/\$1/'zoe'/;
$opening =~ s/\$2/'$value'/;
my $shown = run_example('worker', $opening);
like($shown, qr/^ default \| openai +\| sk-\.\.\.3Ab3$/m, 'the first example lists');
like($shown, qr/^ \Q$value\E$/m, '... and reveals');

if ($ENV{README_FILL})
{
	open(my $file, '>', $ENV{README_FILL}) or die "could not write: $!";
	print $file $filled . $text;
	close($file);
}

$node->stop;
done_testing();
