package ApikeyLoad;

# A load of several clients, each of which connects again and again with a connection
# string that may name several servers, and notes every answer in a file.  A client
# that loses its connection, or cannot connect, goes on; so servers can be stopped and
# promoted under it.
#
# A client is a process of its own, which ends when stop_load() is called or the test
# ends.

use strict;
use warnings;

use Exporter 'import';
use POSIX ();
use PostgreSQL::Test::Utils;
use Time::HiRes qw(usleep);

our @EXPORT = qw(start_client stop_load answers wait_for_answers);

my $dir = PostgreSQL::Test::Utils::tempdir_short();
my $owner = $$;
my %clients;					# process ids

END
{
	my $status = $?;

	stop_load() if $$ == $owner;
	$? = $status;
}

sub answers
{
	my ($name) = @_;

	return '' unless -e "$dir/$name.out";
	return slurp_file("$dir/$name.out");
}

# Run a script of psql, and append what it prints to the answers.
sub run_script
{
	my ($name, $connstr, $script) = @_;

	open(my $file, '>', "$dir/$name.sql") or die "could not write $dir/$name.sql: $!";
	print $file $script;
	close($file);
	system('sh', '-c',
		'exec psql -X -q -At -v VERBOSITY=verbose -d "$0" -f "$1" >>"$2" 2>&1 </dev/null',
		$connstr, "$dir/$name.sql", "$dir/$name.out");
	return;
}

# Start a client.  For each connection, the function is called with what the client
# has been answered so far, and returns the statements that it sends next.
sub start_client
{
	my ($name, $connstr, $next_script) = @_;
	my $pid = fork() // die "could not fork: $!";

	if ($pid == 0)
	{
		srand($$);
		until (-e "$dir/stop")
		{
			run_script($name, $connstr, $next_script->(answers($name)));
			usleep(20_000);
		}
		POSIX::_exit(0);
	}
	$clients{$name} = $pid;
	return;
}

# How many of a client's answers begin so.
sub count_answers
{
	my ($name, $start) = @_;

	return scalar(() = answers($name) =~ /^\Q$start\E/mg);
}

# Wait until a client has got $count more answers that begin so; false if that takes
# too long.
sub wait_for_answers
{
	my ($name, $start, $count) = @_;
	my $wanted = count_answers($name, $start) + $count;

	for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
	{
		return 1 if count_answers($name, $start) >= $wanted;
		usleep(100_000);
	}
	return 0;
}

sub stop_load
{
	append_to_file("$dir/stop", '');
	waitpid($_, 0) for values %clients;
	%clients = ();
	return;
}

1;
