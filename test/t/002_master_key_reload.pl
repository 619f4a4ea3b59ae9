# The master key changes while sessions are running: each uses the new key after
# a reload, without reconnecting, and a wrong key is refused before anything is
# written.

use strict;
use warnings;

use MIME::Base64 qw(encode_base64);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $uuid = qr/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

my $dir = PostgreSQL::Test::Utils::tempdir_short();
my $key_file = "$dir/master.key";

sub new_key
{
	open(my $random, '<:raw', '/dev/urandom') or die "could not open /dev/urandom: $!";
	read($random, my $bytes, 32) == 32 or die "could not read /dev/urandom: $!";
	close($random);
	return encode_base64($bytes, '');
}

# Replace a file as a careful administrator does: written elsewhere, then renamed.
sub put_keys
{
	my (@keys) = @_;

	open(my $file, '>', "$key_file.new") or die "could not write: $!";
	chmod(0600, "$key_file.new") or die "could not chmod: $!";
	print $file map { "$_\n" } @keys;
	close($file) or die "could not write: $!";
	rename("$key_file.new", $key_file) or die "could not rename: $!";
}

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf(
	'postgresql.conf', qq{
shared_preload_libraries = 'apikey'
log_statement = none
apikey.master_key_source = 'file:$key_file'
apikey.identity = session
});
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION apikey');

sub new_session
{
	my $session = $node->background_psql('postgres', on_error_stop => 0);

	$session->set_query_timer_restart;
	$session->query_safe('\set VERBOSITY verbose');
	$session->query_safe(q{SET apikey.user_id = 'u1'});
	return $session;
}

# The output of a statement, or its error; the session continues after it.
sub ask
{
	my ($session, $sql) = @_;

	$session->{stderr} = '';
	my $answer = $session->query($sql);
	$answer .= $session->{stderr};
	$session->{stderr} = '';
	return $answer;
}

# A session notices a reload between two of its statements.
sub ask_until
{
	my ($session, $sql, $wanted, $title) = @_;
	my $answer;

	for (1 .. 1800)
	{
		$answer = ask($session, $sql);
		last if $answer =~ $wanted;
		usleep(100_000);
	}
	like($answer, $wanted, $title);
	return $answer;
}

my $key_count = 0;

sub create
{
	my ($session) = @_;

	$key_count++;
	return ask($session,
		"SELECT apikey.create_key('k$key_count', 'custom', 'some-secret-value-$key_count')"
	);
}

sub reveal
{
	my ($session, $number) = @_;

	return ask($session, "SELECT apikey.reveal_key('k$number')");
}

sub stored
{
	return $node->safe_psql('postgres',
		'SELECT (SELECT count(*) FROM apikey.api_keys), (SELECT count(*) FROM apikey.data_keys)'
	);
}

my ($first, $second, $wrong) = (new_key(), new_key(), new_key());
my $reveal_first = q{SELECT apikey.reveal_key('k2')};

# ----------------------------------------------------------------------
# No key, then one: a failure is not cached, so no reload is needed.
# ----------------------------------------------------------------------

my $early = new_session();
like(create($early), qr/KA001/, 'no key file: KA001');
is(stored(), '0|0', 'nothing is stored');

put_keys($first);
like(create($early), $uuid, 'the same session stores once there is a key');
is(reveal($early, 2), 'some-secret-value-2', 'and reveals');
is(stored(), '1|1', 'one key and one data key');

# ----------------------------------------------------------------------
# A wrong key
# ----------------------------------------------------------------------

my $fingerprint = $node->safe_psql('postgres',
	'SELECT DISTINCT master_key FROM apikey.key_status');
like($fingerprint, qr/^[0-9a-f]{16}$/, 'key_status shows the fingerprint');

put_keys($wrong);
is(reveal($early, 2), 'some-secret-value-2',
	'a session keeps its key until a reload');

my $late = new_session();
like(
	create($late),
	qr/ERROR:  KA002: .*\Q$fingerprint\E/s,
	'a new session is refused; the error names the key that is required');
like(reveal($late, 2), qr/ERROR:  KA002: .*\Q$fingerprint\E/s,
	'reading too');

$node->safe_psql('postgres', 'SELECT pg_reload_conf()');
ask_until($early, $reveal_first, qr/KA002.*\Q$fingerprint\E/s,
	'after a reload the old session is refused as well');
like(create($early), qr/KA002/, 'for writing too');
is(stored(), '1|1', 'nothing was written, and no data key created');

put_keys($first);
is( $node->safe_psql('postgres', 'SELECT apikey.reload_master_key()'),
	't', 'reload_master_key()');
ask_until($early, $reveal_first, qr/^some-secret-value-2$/,
	'the right key again: the old session recovers');
ask_until($late, $reveal_first, qr/^some-secret-value-2$/,
	'and so does the newer');
like(create($late), $uuid, 'which also stores');
is(stored(), '2|1', 'with the existing data key');

# ----------------------------------------------------------------------
# The key is removed: what was read before is dropped.
# ----------------------------------------------------------------------

unlink($key_file) or die "could not unlink: $!";
$node->reload;
for my $session ($early, $late)
{
	ask_until($session, $reveal_first, qr/KA001.*does not exist/s,
		'without the file the key is dropped');
}
like(create($early), qr/KA001/, 'for writing too');
is(ask($early, 'SELECT count(*) FROM apikey.keys'),
	'2', 'keys are still listed');
put_keys($first);
is(reveal($early, 2), 'some-secret-value-2',
	'and the key is used as soon as it is back');

# ----------------------------------------------------------------------
# Several keys, the newest first
# ----------------------------------------------------------------------

put_keys($second, $wrong, $first);
$node->reload;
my $new = new_session();
for my $session ($new, $early)
{
	is(reveal($session, 2), 'some-secret-value-2',
		'a value can be decrypted with an older key in the list');
	like(create($session), $uuid, 'and a new one is stored');
	is(reveal($session, $key_count),
		"some-secret-value-$key_count", 'which can be decrypted');
}

put_keys($second, $wrong);
$node->reload;
ask_until($early, $reveal_first, qr/KA002.*\Q$fingerprint\E/s,
	'without the older key nothing can be decrypted');

# In a database without a data key, a new one is wrapped with the newest master key.
$node->safe_psql('postgres', 'CREATE DATABASE other');
$node->safe_psql('other', 'CREATE EXTENSION apikey');
$node->safe_psql('other',
	q{SET apikey.user_id = 'u1'; SELECT apikey.create_key('n', 'custom', 'some-secret-value-0')}
);
put_keys($second);
is( $node->safe_psql(
		'other',
		q{SET apikey.user_id = 'u1'; SELECT apikey.reveal_key('n')}),
	'some-secret-value-0',
	'the first key of the list is the one that wraps');

# ----------------------------------------------------------------------
# Another source
# ----------------------------------------------------------------------

put_keys($first);
rename($key_file, "$dir/moved.key") or die "could not rename: $!";
$node->safe_psql('postgres',
	"ALTER SYSTEM SET apikey.master_key_source = 'command:/bin/cat $dir/moved.key'"
);
$node->safe_psql('postgres', 'SELECT apikey.reload_master_key()');
for my $session ($early, $late, $new)
{
	ask_until($session, $reveal_first, qr/^some-secret-value-2$/,
		'running sessions follow the setting to another source');
	$session->quit;
}

# Only roles that may reload the server's configuration.
my ($stdout, $stderr);
$node->psql(
	'postgres',
	'CREATE ROLE regress_apikey_nobody; SET ROLE regress_apikey_nobody; SELECT apikey.reload_master_key()',
	stderr => \$stderr);
like($stderr, qr/permission denied/, 'an ordinary role may not reload');

$node->stop;
my $log = slurp_file($node->logfile);
for my $key ($first, $second, $wrong)
{
	ok(index($log, $key) < 0, 'no key is in the log');
}

done_testing();
