# Every hint of an error or a warning, and every piece of advice of status(), can be
# followed: each is raised, what it says is done, and what failed works.  The hints
# are extracted from the source; one without a case fails the test.
#
# Most cases are in test/data/hints.sql.  Those here need several transactions, the
# configuration of the server, or files.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use ApikeyHints;
use ApikeyTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $top = "$FindBin::RealBin/../..";

# Those that no test can raise.
my %unreachable = (
	'No key can be used on a standby, where nothing can be recorded in the write-ahead log.  Set apikey.audit to "log, wal" on this server.' =>
	  'needs a standby, as 165_trail.pl has one',
	'Change its owner to the operating-system user that runs the server, or to root.' =>
	  'needs a file of another user',
	'Check that the server has enough memory, and that its OpenSSL configuration permits AES-256 and SHA-256.' =>
	  'needs a failure of libcrypto',
	'Raise the server\'s limit on locked memory (ulimit -l) by %zu kB, or encrypt the swap space.' =>
	  'needs a limit on locked memory',
	'Restart the server when more memory is available, or use a key source of another kind.' =>
	  'needs a lack of memory at server start',
	'The server has removed write-ahead log that was not collected.  Run SELECT apikey.stop_audit(), apikey.start_audit(), and CALL apikey.collect_audit() more often.' =>
	  'needs a slot that the server has given up',
	'%s  Run apikey.status() again.' => 'needs a data key that is retired while status() runs');

my $dir = PostgreSQL::Test::Utils::tempdir_short();
my $fernet = put_master_keys("$dir/fernet.key", random_key());
my ($node, $master) = new_node('main',
	conf => "apikey.fernet_key_source = 'file:$fernet'\nwal_level = replica\n");
my $seen = '';

# The checksum of npm's tokens: the CRC-32 as six digits.
sub checksum
{
	my ($text) = @_;
	my $number = 0xffffffff;

	for my $byte (unpack('C*', $text))
	{
		$number ^= $byte;
		$number = $number & 1 ? ($number >> 1) ^ 0xedb88320 : $number >> 1 for 1 .. 8;
	}
	$number ^= 0xffffffff;
	my @digits = ('0' .. '9', 'A' .. 'Z', 'a' .. 'z');

	return join('', map { $digits[ int($number / 62**(5 - $_)) % 62 ] } 0 .. 5);
}

my $npm_body = random_text(30);
my %variables = (
	groq => 'gsk_' . random_text(52),
	npm => "npm_$npm_body" . checksum($npm_body));

my %sessions;

# Run statements, which go on after errors, in a session of the superuser that lasts;
# returns all output.
sub run_script
{
	my ($script, $database) = @_;
	my $session = $sessions{ $database // 'postgres' } //= new_session($node, $database);

	ask($session, '\set VERBOSITY default');
	my ($output, undef, $messages) = ask($session, $script);
	return ($messages . "\n" . $output) =~ s/^psql:<stdin>:\d+: //gmr;
}

sub end_sessions
{
	$_->quit for values %sessions;
	%sessions = ();
	return;
}

# A change of the configuration or of files takes effect; settled when the session
# has it.
my $reloads = 1;
sub reload
{
	$reloads++;
	run_script("ALTER SYSTEM SET log_autovacuum_min_duration = $reloads;\nSELECT pg_reload_conf()");
	ask_until($sessions{postgres}, 'SHOW log_autovacuum_min_duration', "${reloads}ms") eq "${reloads}ms"
	  or die 'the configuration is not reloaded';
	return;
}

# The hints in the output of a statement: those of messages, and rows of advice.
sub hints_in
{
	my ($output) = @_;

	return grep { /^[A-Z].*\.$/ || /^apikey\./ }
	  map { s/^HINT:  //r } grep { !/^(?:ERROR|WARNING|NOTICE|DETAIL|LINE|CONTEXT):/ } split(/\n/, $output);
}

# The three parts of a case, after they have run.
sub check_case
{
	my ($title, $raised, $followed, $then) = @_;
	my @hints = hints_in($raised);

	$seen .= "$_\n" for @hints;
	ok(@hints > 0, "$title: there is a hint") or diag($raised);
	my $errors = join("\n", grep { /^ERROR:/ } split(/\n/, $followed . $then));
	my @again = grep { my $hint = $_; grep { $_ eq $hint } hints_in($then) } @hints;

	is(join("\n", $errors, @again), "", "$title: it can be followed")
	  or diag("$raised\n$followed\n$then");
	return;
}

# ----------------------------------------------------------------------
# The cases of test/data/hints.sql, in one session
# ----------------------------------------------------------------------

$node->safe_psql('postgres', q{CREATE ROLE keeper_of_keys;
	GRANT apikey_reveal, apikey_admin TO keeper_of_keys;
	GRANT CREATE, USAGE ON SCHEMA public TO keeper_of_keys});

sub statement
{
	my ($line) = @_;

	return $line =~ /^status (.*)$/
	  ? "SELECT advice FROM apikey.status() WHERE item = '$1' AND severity <> 'ok';"
	  : $line;
}

my $text = slurp_file("$top/test/data/hints.sql") =~ s/^--.*\n//gmr;
my @cases = grep { /^!/m } split(/\n\n+/, $text);
my $script = '';

for my $number (0 .. $#cases)
{
	my @lines = split(/\n/, $cases[$number]);
	my ($raise) = map { /^! (.*)/ } @lines;
	my @part = (
		[ grep { /^[^!>=]/ } @lines ],
		[$raise], [ map { /^> (.*)/ } @lines ],
		[ map { /^= (.*)/ } @lines ]);

	$part[3] = [$raise] unless @{ $part[3] };
	$script .= "BEGIN;\nSELECT apikey.set_user_id('u');\n"
	  . "SELECT apikey.create_key('k', 'custom', 'some_value_of_k', env_var => 'K_KEY');\n"
	  . join('', map { "\\echo ===part $number $_\n" . join("\n", map { statement($_) } @{ $part[$_] }, '') } 0 .. 3)
	  . "\\echo ===part $number 4\nROLLBACK;\nRESET ROLE; RESET ALL;\n";
}
my $output = '';
IPC::Run::run(
	[
		'psql', '-XAtq', '-v', 'ON_ERROR_ROLLBACK=on',
		(map { ('-v', "$_=$variables{$_}") } keys %variables),
		'-d', $node->connstr('postgres')
	],
	'<', \$script, '&>', \$output);
$output =~ s/^psql:<stdin>:\d+: //gm;
my %output = $output =~ /^===part (\d+ \d)\n(.*?)(?=^===part|\z)/gms;

for my $number (0 .. $#cases)
{
	my ($title) = $cases[$number] =~ /^! (.{1,70})/m;

	is($output{"$number 0"} =~ /^(ERROR:.*)/m ? $1 : '', '', "$title: is prepared");
	check_case("$title", map { $output{"$number $_"} } 1 .. 3);
}

# ----------------------------------------------------------------------
# Rotation, several sessions and the installation
# ----------------------------------------------------------------------

# A case of scripts, each in a session of its own.
sub case
{
	my ($title, $raise, $follow, $then) = @_;

	check_case($title, run_script($raise), run_script($follow // ''), run_script($then // $raise));
	return;
}

$node->safe_psql('postgres', q{SELECT apikey.create_key_for('u', 'k' || n, 'custom', 'some_value_' || n, env_var => 'K_KEY')
	FROM generate_series(1, 120) n});
my $first = $node->safe_psql('postgres', q{SELECT id FROM apikey.key_status WHERE purpose = 'value' AND state = 'active'});

case('retire an active data key',
	"SELECT apikey.retire_data_key('$first')",
	'SELECT apikey.rotate_data_key(); CALL apikey.reencrypt_keys()');
my $second = $node->safe_psql('postgres', q{SELECT id FROM apikey.key_status WHERE purpose = 'value' AND state = 'active'});
case('retire a data key in the transaction that has deactivated it',
	"BEGIN; SELECT apikey.rotate_data_key(); SELECT apikey.retire_data_key('$second'); COMMIT;",
	'SELECT apikey.rotate_data_key(); CALL apikey.reencrypt_keys()',
	"SELECT apikey.retire_data_key('$second')");
my $third = $node->safe_psql('postgres', q{SELECT id FROM apikey.key_status WHERE purpose = 'value' AND state = 'active'});
$node->safe_psql('postgres', 'SELECT apikey.rotate_data_key()');
case('retire a data key that rows need',
	"SELECT apikey.retire_data_key('$third')",
	'CALL apikey.reencrypt_keys()');
my ($column) = split(/\n/, $node->safe_psql('postgres', q{SELECT apikey.rotate_data_key('column'); SELECT apikey.rotate_data_key('column')}));
case('retire a data key for columns',
	"SELECT apikey.retire_data_key('$column')", '', "SELECT apikey.retire_data_key('$column', force => true)");
case('retire a data key that does not exist',
	'SELECT apikey.retire_data_key(gen_random_uuid())',
	'',
	q{SELECT count(apikey.retire_data_key(id, force => true)) FROM apikey.key_status WHERE state = 'inactive' AND rows = 0 AND false});
case('CALL in a transaction', 'BEGIN; CALL apikey.reencrypt_keys(); COMMIT;', '', 'CALL apikey.reencrypt_keys()');

# A run that another one makes wait, by a lock on a row.
my $running = new_session($node);
my $holder = new_session($node);
$node->safe_psql('postgres', 'SELECT apikey.rotate_data_key()');
ask($holder, q{BEGIN; SELECT count(*) FROM (SELECT FROM apikey.api_keys WHERE name = 'k1' FOR UPDATE) k});
$running->query_until(qr/started/, "\\echo started\nCALL apikey.reencrypt_keys();\n");
$node->poll_query_until('postgres', q{SELECT state = 'running' FROM apikey.rotation_progress}) or die 'it does not run';
case('reencrypt_keys() is running', 'CALL apikey.reencrypt_keys()', 'SELECT * FROM apikey.rotation_progress', 'SELECT 1');
ask($holder, 'COMMIT');
$_->quit for $running, $holder;

# Values that cannot be decrypted.
$node->safe_psql('postgres', q{UPDATE apikey.api_keys SET name = 'x' || name; SELECT apikey.rotate_data_key()});
case('values are not decrypted',
	'CALL apikey.reencrypt_keys()',
	q{SELECT count(*) FROM apikey.verify_keys();
		BEGIN; SELECT apikey.set_user_id('u'); SELECT apikey.update_key(name, new_value => 'some_new_value') FROM apikey.keys; COMMIT;});
$node->safe_psql('postgres', q{SELECT apikey.purge_user('u'); SELECT apikey.create_key_for('u', 'k', 'custom', 'some_value', env_var => 'K_KEY')});

# A snapshot that is too old.
my $old = new_session($node);
my $outdated = 'SELECT apikey.abandon_lost_data_keys()';
ask($old, 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class');
$node->safe_psql('postgres', $_)
  for q{SELECT apikey.rotate_data_key('column')},
  q{UPDATE apikey.data_keys SET wrapped_key = set_byte(wrapped_key, 60, get_byte(wrapped_key, 60) # 1)
	WHERE purpose = 'column' AND deactivated_at IS NULL};
my (undef, undef, $raised) = ask($old, $outdated);
my (undef, undef, $then) = ask($old, "ROLLBACK;\nBEGIN ISOLATION LEVEL REPEATABLE READ;\n$outdated;\nCOMMIT");
check_case('an old snapshot', $raised, '', $then =~ s/^(ERROR:  )\w+: /$1/gmr);
$old->quit;
$node->safe_psql('postgres', q{SELECT count(apikey.retire_data_key(id, force => true)) FROM apikey.key_status WHERE purpose = 'column' AND state = 'lost'});

# The roles, at the installation in another database.
$node->safe_psql('postgres', 'CREATE DATABASE other');
for ('ALTER ROLE apikey_reveal LOGIN', 'GRANT apikey_owner TO keeper_of_keys')
{
	my $output = run_script("$_;\nCREATE EXTENSION apikey", 'other');
	my ($remedy) = $output =~ /^HINT:  Run (.*); then run CREATE EXTENSION again\.$/m;

	check_case($_, $output, '', run_script("$remedy;\nBEGIN; CREATE EXTENSION apikey; ROLLBACK;", 'other'));
}
$output = run_script('GRANT keeper_of_keys TO apikey_user; BEGIN; CREATE EXTENSION apikey; ROLLBACK;', 'other');
my ($remedy) = $output =~ /^HINT:  Unless that is intended, run (.*)\.$/m;
check_case('a role is a member', $output, '', run_script("$remedy;\nBEGIN; CREATE EXTENSION apikey; ROLLBACK;", 'other'));

# ----------------------------------------------------------------------
# Key sources: the setting, how it fails, and what the hint says to do.
# ----------------------------------------------------------------------

my ($key) = slurp_file($master) =~ /^(\S+)/;
my $path = "$dir/source.key";
my $advice = q{SELECT DISTINCT advice FROM apikey.status() WHERE item LIKE 'master key%' AND severity <> 'ok'};

sub set_source
{
	my ($source) = @_;
	my $output = run_script("ALTER SYSTEM SET apikey.master_key_source = '$source'");

	reload();
	return $output;
}

sub write_file
{
	my ($content, $mode) = @_;

	unlink($path);
	rmdir($path);
	append_to_file($path, $content);
	chmod($mode // 0600, $path) or die "could not chmod $path: $!";
	return;
}

sub source_case
{
	my ($title, $source, $break, $mend, $mended_source) = @_;

	$break->();
	my $raised = set_source($source) . run_script($advice);
	$mend->();
	set_source($mended_source // $source);
	check_case($title, $raised, '', run_script("$advice;\nSELECT apikey.rotate_data_key()"));
	return;
}

my $nothing = sub { };
my $good = sub { write_file("$key\n") };

source_case('no source', '', $nothing, $nothing, "file:$master");
set_source('');
$raised = run_script('SELECT apikey.rotate_data_key()');
set_source("file:$master");
check_case('a value without a source', $raised, '', run_script('SELECT apikey.rotate_data_key()'));
source_case('data keys without a master key', "file:$dir/absent", $nothing, sub {
		$seen .= run_script(q{SELECT advice FROM apikey.status() WHERE item LIKE 'data keys%'});
}, "file:$master");
source_case('an unknown scheme', 'vault:x', $nothing, $nothing, "file:$master");
source_case('a relative path', 'file:source.key', $good, $nothing, "file:$path");
source_case('no file', "file:$path", sub { unlink($path) }, $good);
source_case('no permission', "file:$path", sub { write_file($key, 0000) }, sub { chmod(0600, $path) });
source_case('permission for all', "file:$path", sub { write_file($key, 0644) }, sub { chmod(0600, $path) });
source_case('a directory', "file:$path", sub { unlink($path); mkdir($path) }, $good);
source_case('a loop of links', "file:$path", sub { unlink($path); symlink($path, $path) }, $good);
source_case('a file in the data directory', 'file:' . $node->data_dir . '/master.key',
	sub { put_master_keys($node->data_dir . '/master.key', $key) }, $good, "file:$path");
source_case('a mounted secret', "file:$dir/secret",
	sub { mkdir("$dir/..data"); append_to_file("$dir/..data/secret", $key); chmod(0444, "$dir/..data/secret"); symlink("$dir/..data/secret", "$dir/secret") },
	sub { chmod(0400, "$dir/..data/secret") });
source_case('too many keys', "file:$path", sub { write_file(join("\n", $key, map { random_key() } 1 .. 100)) }, $good);
source_case('no key', "file:$path", sub { write_file("# a comment\n") }, $good);
source_case('half a key', "file:$path", sub { write_file(substr($key, 0, 20)) }, $good);
source_case('no form of a key', "file:$path", sub { write_file("a b c !\n") }, $good);
source_case('a byte order mark', "file:$path", sub { write_file("\xef\xbb\xbf$key\n") }, $good);
source_case('quotation marks', "file:$path", sub { write_file("\"$key\"\n") }, $good);
source_case('NAME=value', "file:$path", sub { write_file("MASTER_KEY=$key\n") }, $good);
source_case('a relative command', 'command:cat', $good, $nothing, "command:/bin/cat $path");
source_case('a long command', 'command:/' . 'x' x 2000, $good, $nothing, "command:/bin/cat $path");
source_case('no command', "command:$dir/absent", $good, $nothing, "command:/bin/cat $path");
source_case('a command that fails', 'command:/bin/false', $good, $nothing, "command:/bin/cat $path");
source_case('a slow command', 'command:/bin/sleep 600',
	sub { $good->(); run_script("ALTER SYSTEM SET apikey.command_timeout = '500ms'") },
	sub { run_script('ALTER SYSTEM RESET apikey.command_timeout') },
	"command:/bin/cat $path");
source_case('a verbose command', 'command:/usr/bin/env yes', $good, $nothing, "command:/bin/cat $path");
source_case('a command that began to fail', "command:/bin/cat $path",
	sub { $good->(); set_source("command:/bin/cat $path"); run_script('SELECT apikey.rotate_data_key()'); unlink($path); reload() },
	$good);
source_case('the name of a variable', 'env:not a name', $nothing, $nothing, "file:$master");
{
	local $ENV{APIKEY_TEST_MASTER} = $key;
	source_case('a variable that is not set', 'env:APIKEY_TEST_MASTER', $nothing, sub { end_sessions(); $node->restart });
}
set_source("file:$master");

# An older master key, and one that is missing.
put_master_keys($master, random_key(), $key);
reload();
case('an older master key', q{SELECT advice FROM apikey.status() WHERE item = 'older master keys' AND severity <> 'ok'},
	q{SELECT apikey.rewrap_data_keys()});
my @keys = split(/\n/, slurp_file($master));
put_master_keys($master, $key);
reload();
my $missing = run_script('SELECT apikey.rotate_data_key()') . run_script($advice);
put_master_keys($master, @keys);
reload();
check_case('a missing master key', $missing, '', run_script('SELECT apikey.rotate_data_key()'));

# The same for Fernet.
my $token = $node->safe_psql('postgres', q{SELECT apikey.fernet_encrypt('a secret')});
my ($fernet_key) = slurp_file($fernet) =~ /^(\S+)/;
put_master_keys($fernet, random_key());
reload();
$raised = run_script("SELECT apikey.fernet_decrypt('$token')");
put_master_keys($fernet, random_key(), $fernet_key);
reload();
check_case('a missing Fernet key', $raised, '', run_script("SELECT apikey.fernet_decrypt('$token')"));

# ----------------------------------------------------------------------
# The library and the log
# ----------------------------------------------------------------------

my $library = q{SELECT advice FROM apikey.status() WHERE item IN ('preload', 'master key source', 'redaction') AND severity <> 'ok'};
$node->append_conf('postgresql.conf', "shared_preload_libraries = ''\napikey.master_key_source = 'command:/bin/cat $master'");
$node->safe_psql('postgres', 'ALTER SYSTEM RESET apikey.master_key_source');
end_sessions();
$node->restart;
$raised = run_script($library);
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'apikey'\napikey.master_key_source = 'file:$master'");
end_sessions();
$node->restart;
check_case('not preloaded', $raised, '', run_script($library));

# Until then, what is advised about the log.
my ($redaction) = $raised =~ /^(A session redacts.*)$/m;
my @settings = ($redaction =~ /\b(log_\w+)/g);
my %advised = (log_statement => 'ddl', log_min_duration_statement => -1, log_min_error_statement => 'panic');
unlike(
	run_script(join("\n", map { "ALTER SYSTEM SET $_ = '" . ($advised{$_} // 0) . "';" } @settings)),
	qr/ERROR/,
	'the settings of the log can be set as advised');

sub preload
{
	my ($libraries) = @_;

	$node->append_conf('postgresql.conf', "shared_preload_libraries = '$libraries'");
	end_sessions();
	$node->restart;
	return run_script($library);
}

check_case('not preloaded last', preload('apikey,auto_explain'), '', preload('auto_explain,apikey'));

# A standby: this server, in recovery of its own.
$node->append_conf('postgresql.conf', "apikey.audit = 'wal'");
$node->append_conf('standby.signal', '');
end_sessions();
$node->restart;
my $on_standby = q{SET apikey.identity = 'session'; SET apikey.user_id = 'u'; SELECT apikey.reveal_key('k')};
$raised = run_script($on_standby);
run_script(q{ALTER SYSTEM SET apikey.audit = log, wal});
reload();
check_case('a record on a standby', $raised, '', run_script($on_standby));

# ----------------------------------------------------------------------
# No hint of the source is without a case
# ----------------------------------------------------------------------

my %hints = hints_of_source($top);
my @missing = grep { my $pattern = hint_pattern($_); !$unreachable{$_} && $seen !~ /$pattern/ } sort keys %hints;

is(join("\n", map { "$hints{$_}: $_" } @missing), '', 'each hint of the source was raised and followed');
is(join("\n", grep { !exists $hints{$_} } sort keys %unreachable), '', 'and each exception is a hint of the source');

end_sessions();
$node->stop;
done_testing();
