# Master keys from each kind of source, in every format, and each way in which
# a source can fail.  However it fails, the server starts, the extension can be
# created, keys are listed, and functions that need the master key raise KA001.
# The client sees the cause without a path, the server log with it.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use ApikeyTest qw(wait_after_crash);
use MIME::Base64 qw(encode_base64);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

my $uuid = qr/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

# Without spaces, since a command is split at them.
my $dir = PostgreSQL::Test::Utils::tempdir_short();
chmod(0700, $dir) or die "could not protect $dir: $!";

# Every encoding of every key: none may appear in the log or at the client.
my @secrets;
my $seen_by_client = '';

sub random_bytes
{
	my ($count) = @_;

	open(my $random, '<:raw', '/dev/urandom') or die "could not open /dev/urandom: $!";
	read($random, my $bytes, $count) == $count or die "could not read /dev/urandom: $!";
	close($random);
	push @secrets, unpack('H*', $bytes), uc unpack('H*', $bytes),
	  base64($bytes), base64url($bytes);
	return $bytes;
}

sub base64
{
	return encode_base64($_[0], '');
}

sub base64url
{
	return encode_base64($_[0], '') =~ tr{+/=}{-_}dr;
}

sub put_file
{
	my ($name, $content, $mode) = @_;

	unlink("$dir/$name");
	open(my $file, '>:raw', "$dir/$name") or die "could not write $name: $!";
	print $file $content;
	close($file) or die "could not write $name: $!";
	chmod($mode // 0600, "$dir/$name") or die "could not chmod $name: $!";
	return "$dir/$name";
}

sub put_script
{
	my ($name, $body) = @_;

	return put_file($name, "#!/bin/sh\n$body\n", 0700);
}

my $key = random_bytes(32);
my $other = random_bytes(32);
my $key_file = put_file('key', base64($key) . "\n");

$ENV{APIKEY_TEST_KEY} = base64($key);
$ENV{APIKEY_TEST_EMPTY} = '';

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf(
	'postgresql.conf', qq{
shared_preload_libraries = 'apikey'
log_statement = none
apikey.master_key_source = 'env:APIKEY_TEST_KEY'
restart_after_crash = on
});
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE fresh');
$node->safe_psql('postgres', 'CREATE EXTENSION apikey');

# Run SQL for user u1 in one transaction, with SQLSTATEs in the messages.
sub run_as_user
{
	my ($sql, $end) = @_;
	my ($stdout, $stderr) = ('', '');

	$node->psql(
		'postgres',
		"BEGIN; SELECT apikey.set_user_id('u1'); $sql; $end",
		stdout => \$stdout,
		stderr => \$stderr,
		extra_params => [ '-v', 'VERBOSITY=verbose' ]);
	$seen_by_client .= $stdout . $stderr;
	return ($stdout, $stderr);
}

# Keys created here are rolled back, together with their data key.
sub try_create
{
	return run_as_user(
		"SELECT apikey.create_key('n', 'custom', 'some-secret-value-1')",
		'ROLLBACK');
}

sub opens_ok
{
	my ($title) = @_;
	my ($stdout, $stderr) =
	  run_as_user("SELECT apikey.reveal_key('kept')", 'COMMIT');

	is("$stdout$stderr", "u1\nsome-secret-value-0",
		"$title: a value can be decrypted");
}

sub set_source
{
	my ($source) = @_;

	$node->safe_psql('postgres',
		"ALTER SYSTEM SET apikey.master_key_source = '$source'");
	$node->reload;
	$node->poll_query_until('postgres',
		"SELECT current_setting('apikey.master_key_source') = '$source'")
	  or die "the setting did not take effect: $source";
}

# Is a process gone?  A zombie that init has not reaped yet counts as gone.
sub is_gone
{
	my ($pid) = @_;
	my $stat = -e "/proc/$pid/stat" ? slurp_file("/proc/$pid/stat") : '';

	return !kill(0, $pid) || $stat =~ /\) Z /;
}

sub gone_ok
{
	my ($pid_file, $title) = @_;

	ok(-s $pid_file, "$title: the command ran") or return;
	my $pid = slurp_file($pid_file);
	chomp $pid;
	for (1 .. 1800)
	{
		last if is_gone($pid);
		usleep(100_000);
	}
	ok(is_gone($pid), "$title: no child is left");
	kill('KILL', $pid) unless is_gone($pid);
}

# ----------------------------------------------------------------------
# env:, preloaded: the variable is removed from the environment.
# ----------------------------------------------------------------------

my ($stdout, $stderr) = run_as_user(
	"SELECT apikey.create_key('kept', 'custom', 'some-secret-value-0')",
	'COMMIT');
like($stdout, qr/$uuid/, 'a key is stored with the first master key');
is($stderr, '', 'and without a message');
opens_ok('env:');

sub postmaster_pid
{
	return (split /\n/, slurp_file($node->data_dir . '/postmaster.pid'))[0];
}

SKIP:
{
	my $environ = '/proc/' . postmaster_pid() . '/environ';

	skip 'no /proc here', 1 unless -r $environ;
	unlike(slurp_file($environ), qr/\Q$ENV{APIKEY_TEST_KEY}\E/,
		'the postmaster\'s environ does not contain the key');
}

$node->safe_psql('postgres', "COPY (SELECT 1) TO PROGRAM 'env >$dir/env.out'");
unlike(slurp_file("$dir/env.out"), qr/APIKEY_TEST_KEY/,
	'a program that the server starts does not get the variable');

$node->reload;
opens_ok('env: after a reload');

# A crash forks new backends from the same postmaster.
my $doomed = $node->background_psql('postgres');
my $doomed_pid = $doomed->query_safe('SELECT pg_backend_pid()');
kill('KILL', $doomed_pid);
eval { $doomed->quit; };
wait_after_crash($node, $doomed_pid);
opens_ok('env: after a crash');

# ----------------------------------------------------------------------
# Who may see and set the source
# ----------------------------------------------------------------------

$node->safe_psql('postgres', 'CREATE ROLE regress_apikey_nobody');
for my $statement ('SHOW apikey.master_key_source',
	q{SET apikey.master_key_source = 'env:HOME'})
{
	$node->psql(
		'postgres',
		"SET ROLE regress_apikey_nobody; $statement",
		stderr => \$stderr);
	like($stderr, qr/ERROR/, "refused to an ordinary role: $statement");
}

# A refused setting may be a key that was set by mistake.  PostgreSQL logs the
# statement with it, so this key is not among the secrets.
my $mistaken = 'AAAA' . base64url(pack('N*', map { rand(2**32) } 1 .. 8));

for my $bad (
	$mistaken, 'master.key', '/etc/key', 'vault:/key',
	'file:', 'file:key',
	'env:', 'env:1A', 'env:A-B', 'env:A=B',
	'command:', 'command:key', 'command:/a' . (' b' x 32))
{
	$node->psql(
		'postgres',
		"ALTER SYSTEM SET apikey.master_key_source = '$bad'",
		stderr => \$stderr);
	like(
		$stderr,
		qr/ERROR:  invalid value for parameter "apikey.master_key_source"\nDETAIL:  .+\nHINT:  .+/,
		"not a source: $bad");
	unlike($stderr, qr/\Q$mistaken\E/, 'and no key is echoed');
}

# ----------------------------------------------------------------------
# Every format of a key, in a file
# ----------------------------------------------------------------------

my ($b64, $url, $hex) = (base64($key), base64url($key), unpack('H*', $key));
my $old = base64($other);
my %forms = (
	'base64' => "$b64\n",
	'base64 without a newline' => $b64,
	'base64 without padding' => ($b64 =~ s/=+$//r) . "\n",
	'base64url' => "$url\n",
	'base64url with padding' => "$url=\n",
	'hex' => "$hex\n",
	'hex in capitals' => uc($hex) . "\n",
	'CRLF' => "$b64\r\n$old\r\n",
	'one per line, the newest first' => "$old\n$hex\n",
	'comma-separated' => "$old, $url,$hex\n",
	'comments and blank lines' =>
	  "# master keys\n\n  $old  # the newest\n\t\n$b64 # 2025\n#$old\n",
	'the same key twice' => "$b64\n$hex\n",
	'the maximum number of keys' =>
	  join('', map { unpack('H*', random_bytes(32)) . "\n" } 2 .. 32) . $b64);

set_source("file:$key_file");
for my $form (sort keys %forms)
{
	put_file('key', $forms{$form});
	opens_ok($form);
}
put_file('key', "$b64\n");

symlink($key_file, "$dir/link") or die "could not link: $!";
set_source("file:$dir/link");
opens_ok('a symbolic link');

# ----------------------------------------------------------------------
# command:
# ----------------------------------------------------------------------

set_source("command:/bin/cat $key_file");
opens_ok('command:');
put_file('old', "$old\n");
set_source("command:/bin/cat   $dir/old  $key_file ");
opens_ok('command: with several words');

# What the command inherits from the server: only its environment.
put_script(
	'look', qq{
cat
pwd >$dir/look.cwd
ls /proc/self/fd 2>&1 >$dir/look.fds
grep -E '^Sig(Blk|Ign)' /proc/self/status >$dir/look.signals
echo 'a message for nobody: $old' >&2
cat $key_file});
set_source("command:$dir/look");
opens_ok('command: a script');
is(slurp_file("$dir/look.cwd"), "/\n", 'a command runs in /');
SKIP:
{
	skip 'no /proc here', 2 unless -d '/proc/self/fd';
	is(slurp_file("$dir/look.fds"),
		"0\n1\n2\n3\n", 'it has three file descriptors; the fourth belongs to ls');
	like(
		slurp_file("$dir/look.signals"),
		qr/^SigBlk:\s+0+\nSigIgn:\s+0*(?:180000000)?\n$/,
		'it has no signal blocked or ignored, except the two of the C library that make ignores');
}

# A command that closes its standard output a while before it exits.
put_script('late', "cat $key_file\nexec >/dev/null\nsleep 1");
set_source("command:$dir/late");
opens_ok('command: that exits after closing its output');

# ----------------------------------------------------------------------
# Failures
# ----------------------------------------------------------------------

put_file('open', "$b64\n", 0644);
put_file('group', "$b64\n", 0640);
put_file('locked', "$b64\n", 0000);
put_file('empty', '');
put_file('comments', "# $b64\n\n");
put_file('long', ("#" x 80 . "\n") x 110 . "$b64\n");
put_file('many', join('', map { unpack('H*', random_bytes(32)) . "\n" } 0 .. 32));
put_file('malformed', "# one\n$b64\n!" . substr($b64, 1) . "\n");
put_file('binary', pack('C*', 128 .. 160));
put_file('short', "$old\n" . base64(random_bytes(16)) . "\n");
put_file('longer', base64(random_bytes(33)) . "\n");
mkdir("$dir/directory") or die "could not mkdir: $!";
system('mkfifo', '-m', '600', "$dir/fifo") == 0 or die 'could not mkfifo';
symlink("$dir/nothing", "$dir/dangling") or die "could not link: $!";

my $inside = $node->data_dir . '/key';
PostgreSQL::Test::Utils::append_to_file($inside, "$b64\n");
chmod(0600, $inside) or die "could not chmod: $!";
symlink($inside, "$dir/inside") or die "could not link: $!";
symlink($node->data_dir, "$dir/data") or die "could not link: $!";

put_script('fails', "cat $key_file; exit 3");
put_script('dies', 'kill -KILL $$');
put_script('silent', 'exit 0');
put_script('babbles', "while :; do echo '# $b64'; done");
put_script('garbles', "echo 'Error: $old'");
put_script('hangs', "echo \$\$ >$dir/hangs.pid\nexec sleep 600");
put_script('forks',
	"sleep 600 &\necho \$! >$dir/forks.pid\ncat $key_file");
put_file('unexecutable', "#!/bin/sh\n", 0600);

# [source, what the client sees, what the log adds, part of the hint]
my @failures = (
	['', 'apikey.master_key_source is not set.', '', 'reload'],
	['env:APIKEY_TEST_UNSET', 'is not set.', 'no variable "APIKEY_TEST_UNSET"', 'restart'],
	['env:APIKEY_TEST_EMPTY', 'is empty.', '"APIKEY_TEST_EMPTY" is empty', 'restart'],
	["file:$dir/nothing", 'does not exist.', "\"$dir/nothing\": No such file", 'reload'],
	["file:$dir/dangling", 'does not exist.', "\"$dir/dangling\": No such file", 'reload'],
	["file:$key_file/key", 'does not exist.', "\"$key_file/key\": Not a dir", 'reload'],
	["file:$dir/open", 'accessible to other users.', "\"$dir/open\" has permissions 0644", 'chmod 0600'],
	["file:$dir/group", 'accessible to other users.', "\"$dir/group\" has permissions 0640", 'chmod 0600'],
	["file:/etc/passwd", 'accessible to other users.', '"/etc/passwd" has permissions', 'chmod 0600'],
	["file:$dir/locked", 'not permitted to open', "\"$dir/locked\": Permission denied", 'user that runs the server'],
	["file:$dir/directory", 'not a regular file.', "\"$dir/directory\"", 'directory'],
	["file:$dir/fifo", 'not a regular file.', "\"$dir/fifo\"", 'pipe'],
	['file:/dev/null', 'not a regular file.', '"/dev/null"', 'device'],
	["file:$inside", 'is in the data directory.', "\"$inside\"", 'base backup'],
	["file:$dir/inside", 'is in the data directory.', "\"$dir/inside\"", 'base backup'],
	["file:$dir/data/key", 'is in the data directory.', "\"$dir/data/key\"", 'base backup'],
	["file:$dir/empty", 'yields no key.', "file:$dir/empty", 'openssl rand'],
	["file:$dir/comments", 'yields no key.', "file:$dir/comments", 'openssl rand'],
	["file:$dir/long", 'yields more than 8192 bytes.', "file:$dir/long", 'base64'],
	["file:$dir/many", 'yields more than 32 keys.', "file:$dir/many", 'oldest'],
	["file:$dir/malformed", 'Line 3 of the key source is not a key.', "file:$dir/malformed", 'base64'],
	["file:$dir/binary", 'of the key source is not a key.', "file:$dir/binary", 'base64'],
	["file:$dir/short", 'The key on line 2 of the key source has 16 bytes', "file:$dir/short", '32 bytes'],
	["file:$dir/longer", 'The key on line 1 of the key source has 33 bytes', "file:$dir/longer", '32 bytes'],
	["command:$dir/nothing", 'could not be executed.', "\"$dir/nothing\": No such file", 'path'],
	["command:$dir/unexecutable", 'could not be executed.', "\"$dir/unexecutable\": Permission denied", 'execute'],
	["command:$dir/directory", 'could not be executed.', "\"$dir/directory\": Permission denied", 'execute'],
	["command:$dir/fails with words", 'failed with exit status 3.', "\"$dir/fails\"", 'by hand'],
	["command:$dir/dies", 'terminated by signal 9.', "\"$dir/dies\"", 'by hand'],
	["command:$dir/silent", 'yields no key.', "command:$dir/silent", 'openssl rand'],
	["command:$dir/babbles", 'printed more than 8192 bytes.', "\"$dir/babbles\"", 'prints only keys'],
	["command:$dir/garbles with words", 'Line 1 of the key source is not a key.', "\"command:$dir/garbles\"", 'base64'],
	["command:$dir/hangs", 'did not end within 2000 ms.', "\"$dir/hangs\"", 'apikey.command_timeout'],
	["command:$dir/forks", 'did not end within 2000 ms.', "\"$dir/forks\"", 'apikey.command_timeout']);

# Only the two that do not end wait for it: the others need less time on any machine.
sub timeout_for
{
	my ($summary) = @_;

	return $summary =~ /did not end/ ? '2s' : '2min';
}

for my $failure (@failures)
{
	my ($source, $summary, $detail, $hint) = @$failure;
	my $title = '"' . ($source =~ s/\Q$dir\E/.../r) . '"';

	$node->safe_psql('postgres',
		"ALTER SYSTEM SET apikey.master_key_source = '$source'");
	$node->safe_psql('postgres',
		"ALTER SYSTEM SET apikey.command_timeout = '" . timeout_for($summary) . q{'});
	$node->restart;
	is( $node->safe_psql(
			'fresh', 'BEGIN; CREATE EXTENSION apikey; ROLLBACK; SELECT 1'),
		'1',
		"$title: the server starts, the extension can be created");
	($stdout, $stderr) = run_as_user('SELECT name FROM apikey.keys', 'COMMIT');
	is("$stdout$stderr", "u1\nkept", "$title: keys are listed");

	my $log_offset = -s $node->logfile;
	my $began = time();
	($stdout, $stderr) = try_create();
	cmp_ok(time() - $began, '<', 60, "$title: fails quickly");
	like(
		$stderr,
		qr/ERROR:  KA001: no master key is available\nDETAIL:  .*\Q$summary\E.*\nHINT:  .*\Q$hint\E.*\n/,
		"$title: KA001 with the cause");
	unlike(
		$stderr,
		qr/\Q$dir\E|\/etc\/|\/dev\/|APIKEY_TEST/,
		"$title: the client sees no path or name");

	my $log = slurp_file($node->logfile, $log_offset);
	like(
		$log,
		qr/ERROR:  no master key is available\n.*DETAIL:  .*\Q$summary\E.*\Q$detail\E.*\n.*HINT:  .*\Q$hint\E/,
		"$title: the log has the source and the remedy");
	unlike($log, qr/some-secret-value/, "$title: the log has no value");
}
gone_ok("$dir/hangs.pid", 'time-out');
gone_ok("$dir/forks.pid", 'time-out with a process in the background');

# A source that the setting's check refuses, found in the configuration file.
$node->safe_psql('postgres',
	'ALTER SYSTEM RESET apikey.master_key_source');
$node->append_conf('postgresql.conf',
	'apikey.master_key_source = \'' . base64url(random_bytes(32)) . '\'');
$node->restart;
($stdout, $stderr) = try_create();
like($stderr, qr/KA001.*\nDETAIL:  apikey.master_key_source is not set/,
	'the server starts with an invalid source');

# ----------------------------------------------------------------------
# A hanging command ends with its statement.
# ----------------------------------------------------------------------

$node->safe_psql('postgres', "ALTER SYSTEM SET apikey.command_timeout = '9min'");
set_source("command:$dir/hangs");

sub hanging_session
{
	my $session =
	  $node->background_psql('postgres', on_error_stop => 0);

	unlink("$dir/hangs.pid");
	$session->query_safe('\set VERBOSITY verbose');
	$session->query_safe('BEGIN');
	$session->query_safe(q{SELECT apikey.set_user_id('u1')});
	return $session;
}

my $create = q{SELECT apikey.create_key('n', 'custom', 'some-secret-value-1')};

my $session = hanging_session();
$session->query_safe(q{SET statement_timeout = '2s'});
my $began = time();
$session->query($create);
like($session->{stderr}, qr/ERROR:  57014: .*statement timeout/,
	'statement_timeout ends a hanging command');
cmp_ok(time() - $began, '<', 60, 'and quickly');
$session->quit;
gone_ok("$dir/hangs.pid", 'statement_timeout');

for my $function ('pg_cancel_backend', 'pg_terminate_backend')
{
	$session = hanging_session();
	my $pid = $session->query_safe('SELECT pg_backend_pid()');
	$session->query_until(qr/sent/, "\\echo sent\n$create;\n");
	$node->poll_query_until('postgres',
		"SELECT wait_event = 'Extension' FROM pg_stat_activity WHERE pid = $pid");
	for (1 .. 1800)
	{
		last if -s "$dir/hangs.pid";
		usleep(100_000);
	}
	$node->safe_psql('postgres', "SELECT $function($pid)");
	if ($function eq 'pg_cancel_backend')
	{
		$session->query('SELECT 1');
		like($session->{stderr}, qr/ERROR:  57014: .*user request/,
			'cancelling ends a hanging command');
		$session->quit;
	}
	else
	{
		ok( $node->poll_query_until(
				'postgres',
				"SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = $pid"),
			'termination ends a hanging command');
		eval { $session->quit; };
	}
	gone_ok("$dir/hangs.pid", $function);
}

# ----------------------------------------------------------------------
# Not preloaded: the variable stays in the environment, and works
# ----------------------------------------------------------------------

$node->safe_psql('postgres', 'ALTER SYSTEM RESET ALL');
$node->append_conf(
	'postgresql.conf', qq{
shared_preload_libraries = ''
apikey.master_key_source = 'env:APIKEY_TEST_KEY'
});
$node->restart;
opens_ok('env: without preloading');

$node->stop;

my $log = slurp_file($node->logfile);
for my $secret (@secrets)
{
	if (index($log, $secret) >= 0 || index($seen_by_client, $secret) >= 0)
	{
		fail('a key is in the log or in a message');
		last;
	}
}
unlike($log, qr/\(PID \d+\) was terminated by signal (?!9)/, 'nothing crashed');

done_testing();
