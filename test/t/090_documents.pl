# The documents are correct: every example prints what the document says, every
# link has a target, and lines are not too long.
#
# A block fenced as "sql ROLE" is run by psql as that role, and one fenced as
# "sh server" by the shell, as the server's user, with a directory of the test
# in place of /etc/apikey.  One fenced as "python ROLE", "js ROLE", "java ROLE" or
# "go ROLE" is a program that connects as that role by libpq's environment
# variables, and one fenced as "prisma ROLE" a part of Prisma's schema; it is
# skipped if what it needs is not installed, unless APIKEY_ALL_CLIENTS is set
# (make test-clients).  The fenced "text" block after an example is the expected
# output; an example without one must print nothing.  UUIDs and times of day,
# which differ from run to run, are compared by their format.
#
# README.md is an installation from scratch; each other document starts
# with a database "app" that has the extension, and with the roles that README.md
# creates.  With README_FILL=DIRECTORY each document is written there with
# the actual output of the examples, to be reviewed and copied by hand.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename;
use FindBin;
use lib "$FindBin::RealBin/../perl";
use ApikeyPrograms qw(program_output);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $top = abs_path("$FindBin::RealBin/../..");
my @documents = map { s{^\Q$top\E/}{}r }
  map { glob("$top/$_") } qw(README.md SECURITY.md CHANGELOG.md doc/*.md examples/*/README.md);
my %text = map { $_ => slurp_file("$top/$_") } @documents;
my $dir = PostgreSQL::Test::Utils::tempdir;

# ----------------------------------------------------------------------
# Layout and links
# ----------------------------------------------------------------------

my $max_width = 100;
my $max_readme_lines = 400;

# A document without its fenced blocks.
sub prose
{
	my ($document) = @_;
	return $text{$document} =~ s/^\s*```.*?^\s*```$//gmsr;
}

# The anchors of a document's headings, as hosting sites derive them.
sub anchors
{
	my ($document) = @_;
	return map { lc =~ s/[^\w\- ]//gr =~ tr/ /-/r } prose($document) =~ /^#+ (.*)$/mg;
}

sub broken_links
{
	my ($document) = @_;
	my @broken;

	foreach my $link (prose($document) =~ /\]\(([^)\s]+)\)/g)
	{
		next if $link =~ /^https?:/;
		my ($path, $anchor) = $link =~ /^([^#]*)(?:#(.*))?$/;
		my $file = $path eq '' ? "$top/$document" : abs_path(dirname("$top/$document") . "/$path");
		my $target = defined $file ? $file =~ s{^\Q$top\E/}{}r : '';

		push @broken, $link
		  unless defined $file
		  && -e $file
		  && (!defined $anchor || (exists $text{$target} && grep { $_ eq $anchor } anchors($target)));
	}
	return "@broken";
}

# Tables and links cannot be broken into lines.
sub wide_lines
{
	my ($document) = @_;
	my @lines = grep { !/^\|/ && length > $max_width } split(/\n/, prose($document));
	return join("\n", @lines);
}

# The files that SECURITY.md names as tests of its promises and that do not exist.
sub missing_tests
{
	my ($table) = $text{'SECURITY.md'} =~ /^## Each promise.*?\n(\| promise.*?)\n\n/ms;
	my @missing;

	foreach my $row (split /\n/, $table)
	{
		my $directory = '';
		foreach my $file ((split / \| /, $row)[1] =~ /`([^` ]+)`/g)
		{
			$file = "$directory/$file" unless $file =~ m{/};
			$directory = dirname($file);
			push @missing, $file unless -f "$top/$file";
		}
	}
	return "@missing";
}

is(missing_tests(), '', 'SECURITY.md: each test of a promise exists');

foreach my $document (@documents)
{
	utf8::decode($text{$document});
	is(broken_links($document), '', "$document: every link has a target");
	is(wide_lines($document), '', "$document: lines of at most $max_width characters");
	utf8::encode($text{$document});
}
cmp_ok($text{'README.md'} =~ tr/\n//, '<=', $max_readme_lines, 'README.md is short');

# ----------------------------------------------------------------------
# Examples
# ----------------------------------------------------------------------

# Made-up values of the right format.
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

my $node = PostgreSQL::Test::Cluster->new('documents');
# A decoding client needs wal_level = logical.
$node->init(allows_streaming => 'logical');
append_to_file("$dir/master.key", unpack('H*', join('', map { chr(int(rand(256))) } 1 .. 32)) . "\n");
chmod(0600, "$dir/master.key") or die "could not change the mode of the key file: $!";
$node->append_conf('postgresql.conf', <<"CONF");
shared_preload_libraries = 'apikey'
apikey.master_key_source = 'file:$dir/master.key'
apikey.fernet_key_source = 'file:$dir/master.key'
timezone = 'UTC'
CONF

# JDBC knows no Unix sockets.  Since others on this machine reach the port, too, no
# role but the one of the programs can connect there.
my $java_host = '127.0.0.1';
$node->append_conf('postgresql.conf', "listen_addresses = '$java_host'");
unlink($node->data_dir . '/pg_hba.conf');
$node->append_conf('pg_hba.conf', "local all all trust\nhost app worker $java_host/32 trust");
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE admin SUPERUSER LOGIN');

sub run_sql_example
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

# Run something with the environment that it needs to connect.
sub as_role
{
	my ($role, $host, $run) = @_;
	local @ENV{qw(PGHOST PGPORT PGUSER PGDATABASE GROQ_KEY)} =
	  ($host, $node->port, $role, 'app', groq_key(3));

	return $run->();
}

sub run_sh_example
{
	my (undef, $commands) = @_;
	my $output;

	$commands =~ s{/etc/apikey}{$dir}g;
	$commands =~ s{psql}{psql -X -q -P footer=off}g;
	as_role('admin', $node->host,
		sub { IPC::Run::run([ 'sh', '-c', "cd '$dir' && { $commands }" ], '<', \undef, '&>', \$output) });
	return $output;
}

# undef where something that the program needs is missing.
sub run_program_example
{
	my ($kind, $role, $program) = @_;

	return as_role($role, $kind eq 'java' ? $java_host : $node->host,
		sub { program_output($kind, $program, $dir) });
}

my %runners = (
	sql => \&run_sql_example,
	sh => \&run_sh_example,
	map { my $kind = $_; $kind => sub { run_program_example($kind, @_) } } qw(python js prisma java go));

# The title of an example is the first line that says what it does.
sub title
{
	my ($code) = @_;
	my ($line) = $code =~ /^(?!BEGIN|SELECT apikey\.set_user_id|import|from)(\S.*)$/m;
	return $line;
}

sub fresh_database
{
	my ($document) = @_;
	my $databases = $node->safe_psql('postgres',
		q{SELECT datname FROM pg_database WHERE datname NOT IN ('postgres', 'template0', 'template1')});

	$node->safe_psql('postgres', "DROP DATABASE $_") foreach split(/\n/, $databases);
	$node->safe_psql('postgres', 'CREATE DATABASE app');
	$node->safe_psql('app', 'CREATE EXTENSION apikey') if $document ne 'README.md';
}

# Runs a document's examples; returns how many there are, and the document with
# their actual output.
sub run_examples
{
	my ($document) = @_;
	my $text = $text{$document};
	my $filled = '';
	my $count = 0;

	while ($text =~ s/\A(.*?)^```(sql|sh|python|js|prisma|java|go) (\w+)\n(.*?)^```\n(\n```text\n(.*?)^```\n)?//ms)
	{
		my ($before, $kind, $role, $code, $block, $expected) = ($1, $2, $3, $4, $5 // '', $6 // '');

		fresh_database($document) if $count++ == 0;
		my $output = $runners{$kind}->($role, $code);
	  SKIP:
		{
			skip("$document: what this $kind example needs is not installed", 1)
			  unless defined $output || $ENV{APIKEY_ALL_CLIENTS};
			$output //= "what it needs is not installed\n";
			is(same_form($output), same_form($expected), "$document, as $role: " . title($code));
			$output =~ s/[ \t]+$//mg;
			$output =~ s/\n+\z/\n/;
			$block = $output ne '' ? "\n```text\n$output```\n" : '';
		}
		$filled .= "$before```$kind $role\n$code```\n$block";
	}
	return ($count, $filled . $text);
}

my $examples = 0;
foreach my $document (@documents)
{
	my ($count, $filled) = run_examples($document);

	$examples += $count;
	if ($ENV{README_FILL} && $count > 0)
	{
		my $path = "$ENV{README_FILL}/" . basename($document);
		open(my $file, '>', $path) or die "could not write $path: $!";
		print $file $filled;
		close($file);
	}
}
cmp_ok($examples, '>', 30, 'the documents have examples');

# The example at the top of README.md has parameters.
my ($opening) = $text{'README.md'} =~ /^```sql\n(.*?)^```\n/ms;
my $value = 'sk-' . ('Ab3' x 16);
$opening =~ s/\$1/'zoe'/;
$opening =~ s/\$2/'$value'/;
fresh_database('');
my $shown = run_sql_example('worker', $opening);
like($shown, qr/^ default \| openai +\| sk-\.\.\.3Ab3$/m, 'the first example lists');
like($shown, qr/^ \Q$value\E$/m, '... and reveals');

$node->stop;
done_testing();
