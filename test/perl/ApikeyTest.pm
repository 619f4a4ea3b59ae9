package ApikeyTest;

# What the TAP tests share: a server with a master key, and SQL that runs as an
# application would run it.
#
# Works with the PostgreSQL::Test modules of PostgreSQL 15 to 18.

use strict;
use warnings;

use Exporter 'import';
use MIME::Base64 qw(encode_base64);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Time::HiRes qw(usleep);

our @EXPORT = qw(
  app_role new_node put_master_keys random_bytes random_key random_text
  ask ask_until new_session run_sql run_as wait_after_crash wait_until_up
);

# The role of applications in these tests, which may reveal values.
use constant app_role => 'regress_apikey_app';

# ----------------------------------------------------------------------
# Random values
# ----------------------------------------------------------------------

sub random_bytes
{
	my ($count) = @_;

	open(my $random, '<:raw', '/dev/urandom') or die "could not open /dev/urandom: $!";
	read($random, my $bytes, $count) == $count or die "could not read /dev/urandom: $!";
	close($random);
	return $bytes;
}

# Printable, of the given length, and not in any provider's format.
sub random_text
{
	my ($length) = @_;

	return substr(unpack('H*', random_bytes($length)), 0, $length);
}

# A master key as it is written in its source.
sub random_key
{
	return encode_base64(random_bytes(32), '');
}

# ----------------------------------------------------------------------
# Servers
# ----------------------------------------------------------------------

# Put master keys, the newest first, into a file as a careful administrator does:
# written to another file that only its owner can read, which is then renamed.
sub put_master_keys
{
	my ($path, @keys) = @_;

	unlink("$path.new");
	open(my $file, '>', "$path.new") or die "could not write $path: $!";
	chmod(0600, "$path.new") or die "could not chmod $path: $!";
	print $file map { "$_\n" } @keys;
	close($file) or die "could not write $path: $!";
	rename("$path.new", $path) or die "could not rename to $path: $!";
	return $path;
}

# Start a server whose database "postgres" has the extension and the role of
# applications.  Returns the server and the path of its master key file, which
# is outside the data directory.  Options:
#
#	master_key	path of a file to use; default: a new one, with a fresh key
#	preload		whether the library is preloaded; default: yes
#	extension	whether the extension is installed; default: yes
#	conf		lines for postgresql.conf, which are read last
#	cluster		arguments of PostgreSQL::Test::Cluster->new, as a list
#	init		the same for PostgreSQL::Test::Cluster->init
sub new_node
{
	my ($name, %options) = @_;
	my $node =
	  PostgreSQL::Test::Cluster->new($name, @{ $options{cluster} // [] });
	my $master_key = $options{master_key};
	my $preload = ($options{preload} // 1) ? 'apikey' : '';

	$master_key //= put_master_keys(
		PostgreSQL::Test::Utils::tempdir_short() . '/master.key',
		random_key());
	$node->init(@{ $options{init} // [] });
	$node->append_conf(
		'postgresql.conf', qq{
shared_preload_libraries = '$preload'
apikey.master_key_source = 'file:$master_key'
max_connections = 50
} . ($options{conf} // ''));
	$node->start;
	install($node, 'postgres') if $options{extension} // 1;
	return ($node, $master_key);
}

sub install
{
	my ($node, $database) = @_;
	my $app_role = app_role;

	$node->safe_psql($database,
		qq{CREATE EXTENSION apikey;
CREATE ROLE $app_role LOGIN IN ROLE apikey_reveal});
	return;
}

# ----------------------------------------------------------------------
# SQL, in a new connection or in a lasting session.  These return the output, the
# SQLSTATE of the first error ('' if there was none), and all messages.
# ----------------------------------------------------------------------

sub sqlstate
{
	my ($messages) = @_;

	return $messages =~ /^(?:psql:.*?: )?(?:ERROR|FATAL):  (\w{5}): /m ? $1 : '';
}

# Options: db, by default "postgres", and user, the role that connects, by default
# the superuser.
sub run_sql
{
	my ($node, $sql, %options) = @_;
	my $connstr = $node->connstr($options{db} // 'postgres');
	my ($stdout, $stderr);

	$connstr .= " user=$options{user}" if defined $options{user};
	$node->psql(
		$options{db} // 'postgres',
		$sql,
		connstr => $connstr,
		stdout => \$stdout,
		stderr => \$stderr,
		extra_params => [ '-v', 'VERBOSITY=verbose' ]);
	return ($stdout, sqlstate($stderr), $stderr);
}

# One transaction of an application, on behalf of one of its users.
sub run_as
{
	my ($node, $user_id, $sql, %options) = @_;

	return run_sql(
		$node,
		qq{BEGIN;
SELECT apikey.set_user_id('$user_id') \\gset apikey_
$sql;
COMMIT},
		user => app_role,
		%options);
}

# A lasting session of the superuser, which errors do not end.  PostgreSQL's module
# limits the time of a session; here it is that of a statement, since the duration of
# a test depends on the machine.
sub new_session
{
	my ($node, $database, %options) = @_;
	my $session = $node->background_psql($database // 'postgres',
		on_error_stop => 0, %options);

	$session->set_query_timer_restart;
	ask($session, '\set VERBOSITY verbose');
	return $session;
}

# Like run_sql.  In scalar context, returns the SQLSTATE if there was an error,
# otherwise the output.
sub ask
{
	my ($session, $sql) = @_;

	$session->{stderr} = '';
	my $stdout = $session->query($sql);
	my $stderr = $session->{stderr};
	$session->{stderr} = '';
	# An idle session may last: otherwise quit() would find that the time is over.
	$session->{timeout}->reset;
	return wantarray
	  ? ($stdout, sqlstate($stderr), $stderr)
	  : sqlstate($stderr) || $stdout;
}

# Ask until the answer (the output or the SQLSTATE) is the wanted one, for changes
# that take some time to reach a session.  Returns the last answer.
sub ask_until
{
	my ($session, $sql, $wanted) = @_;
	my $answer;

	for (1 .. 1800)
	{
		$answer = ask($session, $sql);
		last if $answer eq $wanted;
		usleep(100_000);
	}
	return $answer;
}

# Wait until the server accepts connections.  Not asked with psql: where that is refused
# before it has read its input, IPC::Run ends the test.
sub wait_until_up
{
	my ($node) = @_;

	for (1 .. 1800)
	{
		return if system('pg_isready', '--quiet', '--host=' . $node->host, '--port=' . $node->port) == 0;
		usleep(100_000);
	}
	die 'the server did not come back';
}

# The same after a crash of that process, which the server may not have noticed yet.
sub wait_after_crash
{
	my ($node, $pid) = @_;

	$node->wait_for_log(qr/\(PID $pid\) was terminated by signal/);
	wait_until_up($node);
	return;
}

1;
