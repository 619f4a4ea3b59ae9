# A core dump of a backend contains no key.  A backend that has used keys of each
# kind is made to dump its memory, and the dump is searched for the master key, the
# data keys, the Fernet key, and all that is derived from them.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use ApikeyTest;
use IPC::Run;
use MIME::Base64 qw(encode_base64);
use PostgreSQL::Test::Utils;
use Test::More;

my $pattern = slurp_file('/proc/sys/kernel/core_pattern');
plan skip_all => "core dumps are not files of the process's directory here (kernel.core_pattern is $pattern)"
  unless $pattern =~ /^core\b[^|\/]*$/;

my $search = "$FindBin::RealBin/../data/search_core.py";
my $dir = PostgreSQL::Test::Utils::tempdir_short();
my @masters = (random_key(), random_key());
my $fernet = encode_base64(random_bytes(32), '') =~ tr{+/}{-_}r;

put_master_keys("$dir/masters", @masters);
put_master_keys("$dir/fernet", $fernet);

my ($node) = new_node(
	'main',
	master_key => "$dir/masters",
	preload => 0,
	conf => qq{
apikey.fernet_key_source = 'file:$dir/fernet'
apikey.identity = session
restart_after_crash = on
});

$node->safe_psql('postgres', q{SELECT apikey.rotate_data_key('column')});

# Start the server with core dumps permitted.
sub start_with_cores
{
	my (@settings) = @_;

	$node->append_conf('postgresql.conf', "$_\n") for @settings;
	$node->stop;
	system_or_bail('pg_ctl', '-D', $node->data_dir, '-l', $node->logfile, '-c', '-w', '-s',
		'start');
	$node->_update_pid(1);
	return;
}

# Let a session use keys, and make it dump its memory.  Returns the dump's path.
sub dump_session
{
	my ($marker) = @_;
	my $session = new_session($node);

	ask($session, "SET test.marker = '$marker'");
	my $answer = ask($session, q{
SET apikey.user_id = 'ann';
SELECT apikey.set_key('k', 'custom', md5(random()::text)) \gset a_
SELECT apikey.rotate_data_key() \gset a_
CALL apikey.reencrypt_keys();
SELECT apikey.rewrap_data_keys() \gset a_
SELECT length(apikey.reveal_key('k')), count(*) FROM apikey.verify_keys();
SELECT apikey.decrypt(apikey.encrypt('one', 'c'), 'c');
SELECT apikey.fernet_decrypt(apikey.fernet_encrypt('two'))});
	is($answer, "32|0\none\ntwo", 'a session uses its keys');
	my $pid = ask($session, 'SELECT pg_backend_pid()');
	kill 'ABRT', $pid;
	wait_after_crash($node, $pid);
	eval { $session->quit };
	return (glob($node->data_dir . '/core*'))[0];
}

# The names of the keys that a dump contains.
sub search_core
{
	my ($core, $marker) = @_;
	my $keys = $node->safe_psql('postgres',
		q{SELECT 'data', encode(uuid_send(id), 'hex'), purpose, encode(wrapped_key, 'hex')
		FROM apikey.data_keys WHERE wrapped_key IS NOT NULL}) =~ tr/|/ /r;
	my ($found, $errors);

	IPC::Run::run([ '/usr/bin/python3', $search, $core, $marker ],
		'<', \join("\n", (map { "master $_" } @masters), "fernet $fernet", $keys),
		'>', \$found, '2>', \$errors) or die "could not search the core dump: $errors";
	return $found;
}

sub test_source
{
	my ($name, @settings) = @_;
	my $marker = random_text(30);

	start_with_cores(@settings);
	my $core = dump_session($marker);
	ok(defined $core, "$name: the session leaves a core dump") or return;
	is(search_core($core, $marker), "marker\n", "$name: the dump contains no key");
	unlink($core) or die "could not unlink $core: $!";
	return;
}

test_source('a file, not preloaded');
test_source('a command', q{shared_preload_libraries = 'apikey'},
	"apikey.master_key_source = 'command:/bin/cat $dir/masters'");
$ENV{APIKEY_MASTER_KEY} = join(',', @masters);
test_source('a variable', q{apikey.master_key_source = 'env:APIKEY_MASTER_KEY'});

# The search finds a key where there is one.
my $plain = "$dir/plain";
append_to_file($plain, "somewhere $masters[1] else");
is(search_core($plain, 'nowhere'), "the master key in base64\n", 'the search finds a key');

$node->stop('immediate');
done_testing();
