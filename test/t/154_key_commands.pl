# Key commands.  With the library preloaded, a command runs once for the server,
# in one session while the others go on; a failure leaves the last keys in use for
# a limited time.  Without it, each session runs the command.  Also what happens to
# a key that is pasted into a setting, and the scripts of doc/administration.md.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use ApikeyTest;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

my $dir = PostgreSQL::Test::Utils::tempdir_short();
my ($first, $second, $third) = map { random_key() } 1 .. 3;

# One that begins with a slash is a path after "file:" and "command:".
$third = random_key() while $third =~ m{^/};

# Each run of the command leaves a byte in "runs", and does what "mode" says.  The
# argument is the file of keys.
sub put_file
{
	my ($name, $content, $mode) = @_;

	open(my $file, '>', "$dir/$name.new") or die "could not write $name: $!";
	print $file $content;
	close($file) or die "could not write $name: $!";
	chmod($mode, "$dir/$name.new") or die "could not chmod $name: $!";
	rename("$dir/$name.new", "$dir/$name") or die "could not rename $name: $!";
	return "$dir/$name";
}

sub set_mode
{
	put_file('mode', "$_[0]\n", 0600);
}

sub runs
{
	return -e "$dir/runs" ? length(slurp_file("$dir/runs")) : 0;
}

my $command = put_file('command', qq{#!/bin/sh
printf . >> '$dir/runs'
. '$dir/mode'
cat "\$1"
}, 0700);
set_mode('sleep 0.5');
put_master_keys("$dir/first", $first);
put_master_keys("$dir/second", $second);

# Programs that the scripts of the document use are looked up here first.
mkdir("$dir/bin") or die "could not mkdir: $!";
$ENV{PATH} = "$dir/bin:$ENV{PATH}";
$ENV{STAND_IN} = "$dir";

my ($node) = new_node('main',
	init => [ allows_streaming => 1 ],
	conf => "apikey.identity = session\n"
	  . "apikey.master_key_source = 'command:$command $dir/first'\n"
	  . "apikey.command_timeout = 2min\n"
  . "log_statement = none\nrestart_after_crash = on\n");

my $setting = 'apikey.master_key_source';
my $log_start = 0;

# How many failures of the command the server log has, since the last call.
sub logged_failures
{
	my $log = slurp_file($node->logfile, $log_start);

	$log_start = -s $node->logfile;
	return scalar(() = $log =~ /LOG:  could not read the keys of "apikey\.master_key_source"/g);
}

sub new_user
{
	my ($server) = @_;
	my $session = new_session($server // $node);

	ask($session, q{SET apikey.user_id = 'u1'});
	return $session;
}

my $reveal = q{SELECT apikey.reveal_key('k')};

# A new connection each.
sub reveal_once
{
	my ($server) = @_;
	my ($out, $state) = run_sql($server // $node, "SET apikey.user_id = 'u1'; $reveal");

	return $state || $out;
}

# A session for what needs no new one.
my $admin;

sub admin
{
	$admin //= new_session($node);
	return scalar ask($admin, $_[0]);
}

# Before and after the server stops.
sub quit_admin
{
	eval { $admin->quit } if defined $admin;
	undef $admin;
}

sub status
{
	my ($item) = @_;

	return admin(
		"SELECT value || '; ' || severity || '; ' || coalesce(advice, '') FROM apikey.status() WHERE item = '$item'");
}

sub set
{
	my ($name, $value) = @_;

	admin("ALTER SYSTEM SET apikey.$name = '$value'");
	reload();
}

# A session hears of a reload after the postmaster has processed it.  The postmaster
# tells one session after the other; a new connection is accepted when it has told all.
sub reload
{
	my $before = admin('SELECT pg_conf_load_time()');

	admin('SELECT apikey.reload_master_key()');
	for (1 .. 18_000)
	{
		return $node->safe_psql('postgres', 'SELECT 1') if admin('SELECT pg_conf_load_time()') ne $before;
		usleep(10_000);
	}
	die 'the configuration was not reloaded';
}

# Start a statement and do not wait for it.
sub start
{
	my ($session, $sql) = @_;

	$session->query_until(qr/started/, "\\echo started\n$sql;\n");
}

sub wait_for_runs
{
	my ($count) = @_;

	for (1 .. 9_000)
	{
		last if runs() >= $count;
		usleep(20_000);
	}
	is(runs(), $count, "the command has run $count times");
}

# Use the key until the command has run that often.
sub run_until
{
	my ($count, $session) = @_;

	for (1 .. 3_600)
	{
		ask($session, $reveal);
		last if runs() >= $count;
		usleep(50_000);
	}
}

# A failure is remembered for three seconds: how often the command may have run
# since then.
sub at_most_ok
{
	my ($count, $began, $title) = @_;

	cmp_ok(runs(), '<=', $count + int((time() - $began) / 3), $title);
}

# ----------------------------------------------------------------------
# One run for the server
# ----------------------------------------------------------------------

is(runs(), 0, 'the server starts, and creates the extension, without running the command');

my $create = q{SET apikey.user_id = 'u1'; SELECT apikey.set_key('k', 'custom', 'the-value')};
my @clients = map {
	my $out = '';
	[ IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c', "SELECT * FROM apikey.status() WHERE item = 'master key'" ],
			'>', \$out, '2>&1'), \$out ]
} 1 .. 20;
IPC::Run::finish($_->[0]) for @clients;
is(join('', map { ${ $_->[1] } } @clients), "master key|1 available|ok|\n" x 20, '20 connections at once have the key');
is(runs(), 1, 'the command ran once');
set_mode('');
$node->safe_psql('postgres', $create);
is(reveal_once(), 'the-value', 'later ones have it, too');
my @sessions = map { new_user() } 1 .. 5;
is(join(' ', map { scalar ask($_, $reveal) } @sessions), join(' ', ('the-value') x 5), 'and lasting ones');
is(runs(), 1, 'and it did not run again');

SKIP:
{
	my ($postmaster) = split(/\n/, slurp_file($node->data_dir . '/postmaster.pid'));
	my $maps = -r "/proc/$postmaster/smaps" ? slurp_file("/proc/$postmaster/smaps") : '';

	skip 'no /proc here', 1 if $maps eq '';
	my $locked = slurp_file($node->logfile) =~ /could not lock the memory of apikey's keys/ ? '' : '.*\blo\b';
	like($maps, qr/^VmFlags: .*\bsh\b$locked.*\bdd\b/m, 'shared memory is locked, where that is permitted, and left out of core dumps');
}

# After a reload, idle sessions hear of it one by one.
reload();
is(join(' ', map { scalar ask($_, $reveal) } @sessions), join(' ', ('the-value') x 5), 'after a reload the sessions have the key');
is(reveal_once(), 'the-value', 'and a new connection');
is(runs(), 2, 'the command ran once for the reload');

# By time, without a reload.
set('command_cache_time', '1s');
ask($sessions[0], $reveal);
my $before = runs();
run_until($before + 1, $sessions[1]);
cmp_ok(runs(), '>', $before, 'the command ran again when its keys were too old');
set('command_cache_time', '5min');
is(scalar ask($sessions[0], $reveal), 'the-value', 'a longer time');

# One reads, the others go on.
set_mode("while [ ! -e '$dir/go' ]; do sleep 0.05; done");
$before = runs();
reload();
my $reading = ask($sessions[0], 'SELECT pg_backend_pid()');
start($sessions[0], $reveal);
wait_for_runs($before + 1);
is(scalar ask($sessions[1], $reveal), 'the-value', 'a session goes on while another runs the command');
is(reveal_once(), 'the-value', 'and so does a new one');
is(admin("SELECT state FROM pg_stat_activity WHERE pid = $reading"), 'active', 'before that one has ended');
put_file('go', '', 0600);
is(scalar ask($sessions[0], 'SELECT 1'), "the-value\n1", 'the one that ran it has the key, too');
is(runs(), $before + 1, 'and nobody else ran it');
set_mode('');

# ----------------------------------------------------------------------
# A command that fails
# ----------------------------------------------------------------------

logged_failures();
$before = runs();
my $began = time();
set_mode('echo not-a-key; exit 3');
reload();
is(join(' ', map { scalar ask($_, $reveal) } @sessions), join(' ', ('the-value') x 5), 'the command fails: the sessions use the last key');
is(reveal_once(), 'the-value', 'and a new connection');
like(status('master key'), qr/^1 available, until \d{4}-.* at most; warning; The source could not be read again\.  The key command failed with exit status 3\.  Run the command by hand/,
	'status() warns');
at_most_ok($before + 1, $began, 'the command ran once');
run_until($before + 2, $sessions[0]);
cmp_ok(runs(), '>=', $before + 2, 'it is tried again after a few seconds');
is(logged_failures(), runs() - $before, 'one entry in the log for each run');
like(slurp_file($node->logfile), qr/LOG:  could not read the keys of "apikey\.master_key_source"\n.*DETAIL:  The key command failed with exit status 3\.  The command is "\Q$command\E"\.  The previous keys can be used until .*\n.*HINT:  Run the command by hand/,
	'which says why, and for how long the keys are used');

for my $bad ('exit 0', 'echo Error; exit 0')
{
	set_mode($bad);
	reload();
	is(scalar ask($sessions[0], $reveal), 'the-value', "no keys and exit status 0 is a failure, too: $bad");
}
set_mode('');
reload();
is(status('master key'), '1 available; ok; ', 'it succeeds again');

# An answer is no failure.
put_master_keys("$dir/first", $second);
reload();
is(scalar ask($sessions[0], $reveal), 'KA002', 'another key is used at once');
is(reveal_once(), 'KA002', 'by all');
is(scalar ask($sessions[1], $reveal), 'KA002', 'sessions');
put_master_keys("$dir/first", $first);
reload();
is(scalar ask($sessions[1], $reveal), 'the-value', 'and the right one again');

# For how long.
set('command_max_stale', '1s');
ask($sessions[0], $reveal);
set_mode('exit 3');
reload();
is(ask_until($_, $reveal, 'KA001'), 'KA001', 'the last key is used no longer than apikey.command_max_stale') for @sessions[0, 1];
set('command_max_stale', '0');
set_mode('');
reload();
is(scalar ask($sessions[0], $reveal), 'the-value', 'the key is back');

# Not at all; a failure costs its time once, whatever is called.
set_mode('exit 3');
reload();
$before = runs();
$began = time();
is(scalar ask($sessions[0], $reveal), 'KA001', 'no last key with apikey.command_max_stale = 0');
is(scalar ask($sessions[1], $_), 'KA001', "remembered for: $_")
  for 'SELECT apikey.reveal_env()', $reveal, q{SELECT apikey.update_key('k', new_name => 'l')};
like(status('master key'), qr/^The key command failed with exit status 3\..*; error;/, 'and for status()');
at_most_ok($before + 1, $began, 'with one run');
set_mode('');
reload();
is(scalar ask($sessions[0], $reveal), 'the-value', 'a reload forgets the failure');

# rewrap_data_keys() does not work with an older key.
set('command_max_stale', '1h');
is(scalar ask($sessions[0], $reveal), 'the-value', 'keys that may become old');
set_mode('exit 3');
is(scalar ask($sessions[0], 'SELECT apikey.rewrap_data_keys()'), 'KA001', 'rewrap_data_keys() runs the command, and fails with it');
is(scalar ask($sessions[0], $reveal), 'the-value', 'others use the last key');
set_mode('');
put_master_keys("$dir/first", $second, $first);
is(scalar ask($sessions[0], 'SELECT apikey.rewrap_data_keys()'), '1', 'a new master key, without a reload');
is(scalar ask($sessions[1], $reveal), 'the-value', 'other sessions follow');
put_master_keys("$dir/first", $first, $second);
is(scalar ask($sessions[0], 'SELECT apikey.rewrap_data_keys()'), '1', 'and back');

# ----------------------------------------------------------------------
# A master key that is missing: the command runs for that once, not in each session
# ----------------------------------------------------------------------

put_master_keys("$dir/first", $first);
reload();
is(scalar ask($_, $reveal), 'the-value', 'one master key') for @sessions;
admin('UPDATE apikey.data_keys SET wrapped_key = set_byte(wrapped_key, 3, 255 - get_byte(wrapped_key, 3))');
$before = runs();
is(scalar ask($_, $reveal), 'KA002', 'a master key that there is not') for @sessions;
run_until($before + 1, $sessions[0]);
is(join(' ', map { scalar ask($_, $reveal) } (@sessions) x 3), join(' ', ('KA002') x 15), 'nor after running the command again');
is(runs(), $before + 1, 'which ran once for all sessions');
admin('UPDATE apikey.data_keys SET wrapped_key = set_byte(wrapped_key, 3, 255 - get_byte(wrapped_key, 3))');
is(scalar ask($sessions[0], $reveal), 'the-value', 'the data key again');

# More keys than there is room for: what is loaded stays, and the rest waits.
put_master_keys("$dir/first", $first, map { random_key() } 2 .. 32);
reload();
is(scalar ask($sessions[0], $reveal), 'the-value', 'as many master keys as possible');
put_master_keys("$dir/first", map { random_key() } 1 .. 32);
admin('UPDATE apikey.data_keys SET wrapped_key = set_byte(wrapped_key, 3, 255 - get_byte(wrapped_key, 3))');
$before = runs();
my $messages = '';
for (1 .. 1_800)
{
	(undef, undef, $messages) = ask($sessions[0], $reveal);
	last if runs() > $before;
	usleep(100_000);
}
my ($fingerprints) = $messages =~ /available master keys have the fingerprints (.*)\.$/m;
is(scalar(split(/, /, $fingerprints)), 32, 'with as many others, no more are loaded');
admin('UPDATE apikey.data_keys SET wrapped_key = set_byte(wrapped_key, 3, 255 - get_byte(wrapped_key, 3))');
put_master_keys("$dir/first", $first);
reload();
is(scalar ask($sessions[0], $reveal), 'the-value', 'one master key again');

# ----------------------------------------------------------------------
# Sources are not mixed
# ----------------------------------------------------------------------

set('fernet_key_source', "command:$command $dir/second");
is(scalar ask($sessions[0], q{SELECT apikey.fernet_decrypt(apikey.fernet_encrypt('x'))}), 'x', 'a second source');
is(scalar ask($sessions[0], $reveal), 'the-value', 'beside the first');
isnt(admin(q{SELECT value FROM apikey.status() WHERE item = 'Fernet key fingerprint'}),
	admin(q{SELECT value FROM apikey.status() WHERE item = 'master key fingerprint'}), 'with other keys');
set('master_key_source', "command:$command $dir/second");
is(scalar ask($_, $reveal), 'KA002', 'another source has other keys') for @sessions[0 .. 2];
set_mode('exit 3');
set('master_key_source', "command:$command $dir/first");
is(scalar ask($_, $reveal), 'KA001', 'keys of another source are not used when a command fails') for @sessions[0, 1];
set('master_key_source', "file:$dir/first");
is(scalar ask($_, $reveal), 'the-value', 'a file') for @sessions[0, 1];
set_mode('');
set('master_key_source', "command:$command $dir/first");
is(scalar ask($_, $reveal), 'the-value', 'the command') for @sessions[0, 1];

# ----------------------------------------------------------------------
# The scripts of the document, with stand-ins for the programs that they call
# ----------------------------------------------------------------------

# Each stand-in takes exactly the arguments that the document has, and answers as
# the program does.  What they encrypt is reversed.
put_file('bin/stand-in', q{#!/usr/bin/perl
use strict;
use warnings;
use MIME::Base64;
my $call = join(' ', $0 =~ m{([^/]+)$}, @ARGV);
binmode($_) for *STDIN, *STDOUT;
local $/;
sub file { open(my $file, '<:raw', $_[0]) or die "$_[0]: $!"; return scalar <$file>; }
sub put { open(my $file, '>:raw', $_[0]) or die "$_[0]: $!"; print $file $_[1]; }
sub turn { return scalar reverse($_[0]); }
for ($call)
{
	my $kms = qr/--location global --keyring apikey --key master/;
	my $token = qr/--module \S+ --token-label apikey/;

	if (/^aws kms encrypt --key-id alias\/apikey --plaintext fileb:\/\/\/dev\/stdin --query CiphertextBlob --output text$/) { print encode_base64(turn(<STDIN>), ''), "\n" }
	elsif (/^aws kms decrypt --ciphertext-blob fileb:\/\/(\S+) --query Plaintext --output text$/) { print encode_base64(turn(file($1)), ''), "\n" }
	elsif (/^gcloud kms encrypt $kms --plaintext-file - --ciphertext-file (\S+)$/) { put($1, turn(<STDIN>)) }
	elsif (/^gcloud kms decrypt $kms --ciphertext-file (\S+) --plaintext-file -$/) { print turn(file($1)) }
	elsif (/^az keyvault secret set --vault-name apikey --name master-key --file \/dev\/stdin --output none$/) { put("$ENV{STAND_IN}/vault", scalar <STDIN>) }
	elsif (/^az keyvault secret show --vault-name apikey --name master-key --query value --output tsv$/) { print file("$ENV{STAND_IN}/vault") }
	elsif (/^vault write -field=ciphertext transit\/encrypt\/apikey plaintext=-$/) { print 'vault:v1:', encode_base64(turn(decode_base64(<STDIN>)), '') }
	elsif (/^vault write -field=plaintext transit\/decrypt\/apikey ciphertext=@(\S+)$/) { file($1) =~ /^vault:v1:(.*)$/ or die; print encode_base64(turn(decode_base64($1)), '') }
	elsif (/^pkcs11-tool $token --read-object --type pubkey --id 01 --output-file (\S+)$/) { system("openssl genpkey -quiet -algorithm RSA -out $ENV{STAND_IN}/token.pem 2>&- || openssl genpkey -algorithm RSA -out $ENV{STAND_IN}/token.pem 2>&-; openssl pkey -in $ENV{STAND_IN}/token.pem -pubout -outform DER -out $1") == 0 or die }
	elsif (/^pkcs11-tool $token --login --pin env:PIN --decrypt --id 01 --input-file (\S+) --mechanism RSA-PKCS-OAEP --hash-algorithm SHA-1 --mgf MGF1-SHA1$/) { $ENV{PIN} eq '1234' or die; exec("openssl pkeyutl -decrypt -inkey $ENV{STAND_IN}/token.pem -pkeyopt rsa_padding_mode:oaep -in $1") }
	elsif (/^age-keygen -o (\S+)$/) { put($1, "AGE-SECRET-KEY-1\n") }
	elsif (/^age-keygen -y (\S+)$/) { file($1) =~ /^AGE-SECRET-KEY-1$/m or die; print "age1\n" }
	elsif (/^age --encrypt --recipient age1$/) { print turn(<STDIN>) }
	elsif (/^age --decrypt --identity (\S+) (\S+)$/) { my $data = $2; file($1) =~ /^AGE-SECRET-KEY-1$/m or die; print turn(file($data)) }
	elsif (/^systemd-creds encrypt --name=master.key - (\S+)$/) { put($1, turn(<STDIN>)) }
	elsif (/^systemd-creds decrypt --name=master.key (\S+) (\S+)$/) { put($2, turn(file($1))) }
	elsif (/^chown -R postgres \S+$/) { }
	else { die "unexpected: $call" }
}
}, 0700);
symlink('stand-in', "$dir/bin/$_") or die "could not link: $!"
  for qw(aws gcloud az vault pkcs11-tool age age-keygen systemd-creds chown);
put_file('token.pin', "1234\n", 0600);

my $document = slurp_file("$FindBin::RealBin/../../doc/administration.md");
$document =~ s{/etc/apikey}{$dir}g;
$document =~ s{/run/apikey}{$dir/run}g;
my %once;

while ($document =~ /^```bash (\w+)\n(.*?)^```$/msg)
{
	my ($service, $script) = ($1, $2);

	if (!defined $once{$service})
	{
		$once{$service} = $script;
		is(system('sh', '-c', $script), 0, "$service: what is done once");
		next;
	}
	set('master_key_source', 'command:' . put_file("recipe-$service", $script, 0700));
	is(status('master key'), '1 available; ok; ', "$service: the script yields a key");
}
is(join(' ', sort keys %once), 'age aws azure gcp pkcs11 systemd vault', 'each service has a script');

my ($unit) = $document =~ /^ExecStartPre=\+\/bin\/sh -ec '(.*)'$/m;
is(system('sh', '-ec', $unit), 0, 'systemd: what is done before the server starts');
set('master_key_source', "file:$dir/run/master.key");
is(status('master key'), '1 available; ok; ', 'systemd: the file has a key, and is accessible to nobody else');

# As Kubernetes mounts secrets, by default.
mkdir("$dir/$_") or die "could not mkdir: $!" for 'mount', 'mount/..2026';
put_file('mount/..2026/key', "$first\n", 0644);
symlink('..2026', "$dir/mount/..data") or die "could not link: $!";
symlink('..data/key', "$dir/mount/key") or die "could not link: $!";
set('master_key_source', "file:$dir/mount/key");
like(status('master key'), qr/accessible to other users.*; error; Mount the secret .*defaultMode and fsGroup.*or use "command:\/bin\/cat" with its path\./, 'a mounted secret: the hint says how to mount it');
set('master_key_source', "command:/bin/cat $dir/mount/key");
is(reveal_once(), 'the-value', 'or to read it with a command');

# ----------------------------------------------------------------------
# The reader is stopped while others wait
# ----------------------------------------------------------------------

# A source that has not been read: others cannot go on.
my $count = 0;

sub fresh_source
{
	$count++;
	put_master_keys("$dir/fresh$count", $first);
	set_mode("if [ ! -e $dir/hung$count ]; then touch $dir/hung$count; sleep 300; fi");
	set('master_key_source', "command:$command $dir/fresh$count");
	$before = runs();
}

for my $function ('pg_cancel_backend', 'pg_terminate_backend')
{
	my ($reader, @waiting) = map { new_user() } 1 .. 4;
	my $pid = ask($reader, 'SELECT pg_backend_pid()');

	fresh_source();
	start($reader, $reveal);
	wait_for_runs($before + 1);
	ask($waiting[0], q{SET statement_timeout = '300ms'});
	is(scalar ask($waiting[0], $reveal), '57014', 'a session that waits can be cancelled');
	start($_, $reveal) for @waiting[1, 2];
	admin("SELECT $function($pid)");
	is(scalar ask($_, 'SELECT 1'), "the-value\n1", "$function(): another session reads") for @waiting[1, 2];
	is(runs(), $before + 2, 'one of them');
	eval { $_->quit } for $reader, @waiting;
}

# A crash empties the cache.
fresh_source();
my $reader = new_user();
my $pid = ask($reader, 'SELECT pg_backend_pid()');
start($reader, $reveal);
wait_for_runs($before + 1);
kill('KILL', $pid);
eval { $_->quit } for $reader, @sessions;
quit_admin();
wait_after_crash($node, $pid);
is(reveal_once(), 'the-value', 'after a crash the command runs again') for 1, 2;
is(runs(), $before + 2, 'once');

# ----------------------------------------------------------------------
# A standby, a restart, a single-user server
# ----------------------------------------------------------------------

set_mode('');
set('master_key_source', "command:$command $dir/first");
is(reveal_once(), 'the-value', 'on the primary');
$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;
$before = runs();
is(reveal_once($standby), 'the-value', 'on a standby') for 1 .. 3;
is(runs(), $before + 1, 'which runs the command once');
$standby->stop;

# The setting is on the command line, so that a reload does not read it.
sub pg_ctl
{
	my (@arguments) = @_;

	$node->command_ok([ 'pg_ctl', '-w', '-s', '-D', $node->data_dir, '-l', $node->logfile, @arguments ], "pg_ctl $arguments[-1]");
}

quit_admin();
$node->stop;
pg_ctl('-o', "-c 'apikey.master_key_source=command:$command $dir/first'", 'start');
$before = runs();
my @lasting = map { new_user() } 1 .. 3;
is(scalar ask($_, $reveal), 'the-value', 'a source on the command line') for @lasting;
is(runs(), $before + 1, 'runs once');
put_master_keys("$dir/first", $second);
$began = time();
reload();
is(reveal_once(), 'KA002', 'a reload has it run again') for 1 .. 3;
at_most_ok($before + 2, $began, 'once for new sessions');
is(scalar ask($_, $reveal), 'KA002', 'and has effect in lasting ones') for @lasting;
put_master_keys("$dir/first", $first);
$_->quit for @lasting;
quit_admin();
pg_ctl('stop');

my ($single, $ignored) = ('', '');
IPC::Run::run([ 'postgres', '--single', '-D', $node->data_dir, 'postgres' ],
	'<', \"SET apikey.user_id = 'u1';\n$reveal\n", '>', \$single, '2>', \$ignored);
like($single, qr/reveal_key = "the-value"/, 'a single-user server');

# ----------------------------------------------------------------------
# A key where something else belongs
# ----------------------------------------------------------------------

$node->start;
admin('CREATE ROLE regress_apikey_nobody LOGIN');
my $seen = '';

sub refused
{
	my ($sql, $pattern, $title, %options) = @_;
	my (undef, $state, $messages) = run_sql($node, $sql, %options);

	$seen .= $messages;
	like($messages, $pattern, $title);
}

my $exposed = qr/HINT:  .*consider that key exposed, and generate another one\./;
for my $name ('apikey.master_key_source', 'apikey.fernet_key_source')
{
	refused("ALTER SYSTEM SET $name = '$third'", qr/22023: invalid value for parameter "$name"\nDETAIL:  The key source has an unrecognized form\.\n$exposed/, "$name: a key");
	refused("ALTER SYSTEM SET $name = 'MASTER_KEY=$third'", qr/DETAIL:  The key source has the form NAME=value\.\n$exposed/, "$name: NAME=key");
	refused("ALTER SYSTEM SET $name = '\"$third\"'", qr/DETAIL:  The key source is enclosed in quotation marks of its own\.\n$exposed/, "$name: a key in quotation marks");
	refused("ALTER SYSTEM SET $name = E'\\uFEFF$third'", qr/DETAIL:  The key source begins with a byte order mark\.\n$exposed/, "$name: a key after a byte order mark");
	refused("ALTER SYSTEM SET $name = '$_:$third'", qr/DETAIL:  "$_:" is not followed by .*\n$exposed/, "$name: a key after $_:")
	  for 'env', 'file', 'command';
	refused("SET $name = '$third'", qr/55P02: parameter "$name" cannot be changed now/, "$name: SET");
	refused("BEGIN; SET LOCAL $name = '$third'", qr/55P02/, "$name: SET LOCAL");
	refused("DO \$\$ BEGIN EXECUTE 'SET $name = ''$third'''; END \$\$", qr/55P02/, "$name: in a DO block");
	refused("ALTER ROLE regress_apikey_nobody SET $name = '$third'", qr/55P02/, "$name: ALTER ROLE");
	refused("ALTER DATABASE postgres SET $name = '$third'", qr/55P02/, "$name: ALTER DATABASE");
	refused("CREATE FUNCTION f() RETURNS int LANGUAGE sql SET $name = '$third' AS 'SELECT 1'", qr/55P02/, "$name: CREATE FUNCTION");
	refused("SELECT set_config('$name', '$third', false)", qr/55P02/, "$name: set_config()");
	refused("DO \$\$ DECLARE x text; BEGIN x := set_config('$name', '$third', true); END \$\$", qr/55P02/, "$name: in an expression");
	refused("WITH v AS (SELECT '$third'::text AS v) SELECT set_config('$name', v, true) FROM v", qr/55P02/, "$name: set_config() as another role", user => 'regress_apikey_nobody');
	refused("ALTER SYSTEM SET $name = '$third'", qr/42501/, "$name: as another role", user => 'regress_apikey_nobody');
}
refused("ALTER SYSTEM SET apikey.master_key = '$third'", qr/(?:42602|42704): /, 'a parameter that does not exist');
refused("SET APIKEY.Master_Key TO '$third'", qr/42602: invalid configuration parameter name/, 'the same by SET');
unlike($seen, qr/\Q$third\E/, 'the client gets no key back');

# By hand in the configuration file, and in a connection's options.
admin('ALTER SYSTEM RESET ALL');
$node->append_conf('postgresql.conf', "apikey.master_key_source = '$third'\napikey.master_key = '$third'\n");
reload();
quit_admin();
$node->restart;
$node->adjust_conf('postgresql.conf', 'apikey.master_key', undef);
$node->append_conf('postgresql.conf', "apikey.master_key_source = 'command:$command $dir/first'\n");
{
	local $ENV{PGOPTIONS} = "-c apikey.master_key_source=$third";
	run_sql($node, 'SELECT 1');
}
refused('SELECT 1/0 AS planted', qr/22012/, 'another error');
my $log = slurp_file($node->logfile);
like($log, qr/STATEMENT:  .*SELECT 1\/0 AS planted/, 'the log is searched');
like($log, qr/invalid value for parameter "apikey\.master_key_source"/, 'it tells of the file');
unlike($log, qr/\Q$third\E/, 'and has no key');

# ----------------------------------------------------------------------
# Not preloaded
# ----------------------------------------------------------------------

$node->append_conf('postgresql.conf', "shared_preload_libraries = ''\n");
quit_admin();
$node->restart;
$before = runs();
is(reveal_once(), 'the-value', 'not preloaded') for 1 .. 3;
is(runs(), $before + 3, 'each session runs the command');
like(status('master key source'), qr/; warning; Any role can read the arguments of this command/, 'status() warns of the arguments');
my ($shown) = run_sql($node, "SHOW $setting", user => 'regress_apikey_nobody');
is($shown, "command:$command $dir/first", 'which any role can read');

set_mode('exit 3');
$before = runs();
$began = time();
my $session = new_user();
is(scalar ask($session, $reveal), 'KA001', 'the command fails');
is(scalar ask($session, $_), 'KA001', "remembered for: $_")
  for 'SELECT apikey.reveal_env()', q{SELECT apikey.update_key('k', new_name => 'l')};
at_most_ok($before + 1, $began, 'one run');
$before = runs();
quit_admin();
like(status('master key'), qr/exit status 3/, 'status() in another session');
is(runs(), $before + 1, 'runs it once');
set_mode('');
is(ask_until($session, $reveal, 'the-value'), 'the-value', 'it is tried again after a few seconds');
$session->quit;

# What helps until the restart.
$node->append_conf('postgresql.conf', "session_preload_libraries = 'apikey'\n");
reload();
refused("SHOW $setting", qr/42501/, 'with session_preload_libraries the source is hidden', user => 'regress_apikey_nobody');

quit_admin();
$node->stop;
unlike(slurp_file($node->logfile), qr/\Q$_\E/, 'no master key is in the log') for $first, $second;
done_testing();
