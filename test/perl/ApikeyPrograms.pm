# Runs a program in one of the languages of clients, if what it needs is installed:
# what the documents show is tested so.

package ApikeyPrograms;

use strict;
use warnings;

use Exporter qw(import);
use File::Basename qw(basename);
use IPC::Run;
use PostgreSQL::Test::Utils;

our @EXPORT_OK = qw(program_output);

# Debian's modules are those of /usr/bin/python3.
my ($python) = grep { -x } qw(/usr/bin/python3 /usr/local/bin/python3);

# Debian's packages for Java and Go.
my $jars = '/usr/share/java';
my $gopath = '/usr/share/gocode';

my %runners = (
	python => \&run_python,
	js => \&run_js,
	prisma => \&run_prisma,
	java => \&run_java,
	go => \&run_go);

# The output of a program, with that of a failure; undef if something that it needs
# is not installed.  It runs in $dir, with the present environment.
sub program_output
{
	my ($kind, $program, $dir) = @_;

	return $runners{$kind}->($program, $dir);
}

sub is_command
{
	my ($name) = @_;

	return grep { -x "$_/$name" } split(/:/, $ENV{PATH});
}

sub succeeds
{
	my ($input, @command) = @_;
	my $ignored;

	return IPC::Run::run(\@command, '<', \$input, '&>', \$ignored);
}

sub output_of
{
	my ($dir, $input, @command) = @_;
	my $output;

	IPC::Run::run(\@command, '<', \$input, '&>', \$output,
		init => sub { chdir($dir) or die "could not chdir: $!" });
	return $output;
}

sub write_file
{
	my ($path, $text) = @_;

	open(my $file, '>', $path) or die "could not write $path: $!";
	print $file $text;
	close($file);
	return;
}

sub run_python
{
	my ($program, $dir) = @_;
	my $imports = join("\n", $program =~ /^((?:import|from) .*(?:\n .*)*)$/mg);

	return undef unless succeeds($imports, $python, '-');
	return output_of($dir, $program, $python, '-W', 'ignore', '-');
}

sub run_js
{
	my ($program, $dir) = @_;
	my $requires = join("\n", $program =~ /^(.*\brequire\(.*)$/mg);

	return undef unless is_command('node') && succeeds($requires, 'node', '-');
	return output_of($dir, $program, 'node', '-');
}

# A part of Prisma's schema, from which its client for later programs is generated.
# Only commands that this does not run would need Prisma's engine, which it would
# download.
sub run_prisma
{
	my ($part, $dir) = @_;
	my ($modules) = grep { -x "$_/.bin/prisma" } split(/:/, $ENV{NODE_PATH} // '');
	my $output;
	local $ENV{PRISMA_SCHEMA_ENGINE_BINARY} = '/bin/true';
	local $ENV{CHECKPOINT_DISABLE} = 1;

	return undef unless defined $modules;
	symlink($modules, "$dir/node_modules");
	append_to_file("$dir/schema.prisma", $part);
	return IPC::Run::run([ "$modules/.bin/prisma", 'generate', '--schema', "$dir/schema.prisma" ],
		'<', \undef, '&>', \$output, init => sub { chdir($dir) or die "could not chdir: $!" })
	  ? '' : $output;
}

sub run_java
{
	my ($program, $dir) = @_;
	my @path = ("$jars/postgresql.jar");

	push @path, map { "$jars/$_.jar" } qw(commons-logging spring3-beans spring3-core spring3-jdbc spring3-transaction)
	  if $program =~ /^import org\.springframework/m;
	return undef if !is_command('javac') || grep { !-e } @path;
	write_file("$dir/Example.java", $program);
	# Without configuration, Spring logs to the standard error.
	return output_of($dir, '', 'java', '-Djava.util.logging.config.file=/dev/null',
		'-cp', join(':', @path), 'Example.java');
}

sub run_go
{
	my ($program, $dir) = @_;
	local %ENV = (%ENV, GO111MODULE => 'off', GOPATH => $gopath, GOCACHE => "$dir/go-cache");

	return undef
	  if !is_command('go') || grep { !-d "$gopath/src/$_" } $program =~ m{^\t"(github\.com/.*)"}mg;
	write_file("$dir/example.go", $program);
	return output_of($dir, '', 'go', 'run', 'example.go');
}

1;
