# A primary and two standbys under load, as doc/scaling.md describes: keys are created
# on the primary and revealed on all three, while the data key and the master key are
# rotated and values are re-encrypted; then the primary crashes in the middle of that,
# and a standby is promoted.
#
# Every answer that a client gets is checked.  A created key whose client was told so
# is not lost, and no reveal returns anything but the value or, while servers are
# stopped, an error of the connection.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use ApikeyLoad;
use ApikeyRotation;
use ApikeyTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use constant USERS => 5;
use constant NAMES => 60;

my $guide = slurp_file("$FindBin::RealBin/../../doc/scaling.md");
my ($first_key, $second_key) = map { random_key() } 1 .. 2;

# ----------------------------------------------------------------------
# Three servers, each with a key source of its own
# ----------------------------------------------------------------------

my ($primary, $primary_key) = new_node('primary',
	init => [ allows_streaming => 1 ],
	master_key => key_file($first_key),
	conf => "wal_keep_size = '256MB'\napikey.max_keys_per_user = 0\nlog_statement = none\n");
my %key_file = (primary => $primary_key);

sub key_file
{
	return put_master_keys(PostgreSQL::Test::Utils::tempdir_short() . '/master.key', @_);
}

# The fixed keys, which are revealed: values that their names and users determine.
$primary->safe_psql('postgres',
	q{SELECT count(apikey.create_key_for('u' || i % } . USERS . q{, 'k' || i, 'custom', 'value-of-k' || i))
		FROM generate_series(1, } . NAMES . ') i');
$primary->backup('base');

sub start_standby
{
	my ($name) = @_;
	my $standby = PostgreSQL::Test::Cluster->new($name);

	$key_file{$name} = key_file($first_key);
	$standby->init_from_backup($primary, 'base', has_streaming => 1);
	$standby->append_conf('postgresql.conf', "apikey.master_key_source = 'file:$key_file{$name}'");
	$standby->start;
	return $standby;
}

my @standbys = map { start_standby($_) } 'standby_1', 'standby_2';
my @servers = ($primary, @standbys);

sub catch_up
{
	my ($from, @to) = @_;

	$from->wait_for_catchup($_->name, 'replay', $from->lsn('insert')) for @to;
	return;
}

# The settings of the document, on each server, since each may become the primary.
catch_up($primary, @standbys);
my ($conf) = $guide =~ /^```\n(synchronous_standby_names = .*?)^```$/ms;
ok($conf, 'doc/scaling.md has the settings of the primary');
for my $server (@servers)
{
	$server->append_conf('postgresql.conf', $conf);
	$server->reload;
}
ok( wait_for($primary, q{SELECT count(*) = 2 FROM pg_stat_replication WHERE sync_state = 'quorum'}),
	'both standbys count for synchronous replication');

# ----------------------------------------------------------------------
# The load
# ----------------------------------------------------------------------

# A connection string of the document, with the servers of this test.
sub connection_string
{
	my ($role) = @_;
	my ($hosts, $rest) = $guide =~ /^host=(\S+) dbname=app user=$role (.*)$/m
	  or die "doc/scaling.md has no connection string of $role";
	my %server = (db1 => $servers[0], db2 => $servers[1], db3 => $servers[2]);
	my @order = map { $server{$_} } split(/,/, $hosts);

	return join(' ',
		'host=' . join(',', map { $_->host } @order),
		'port=' . join(',', map { $_->port } @order),
		'dbname=postgres user=' . app_role, $rest);
}

# Reveal fixed keys at random; each answer names the server that gave it.
sub reveal_some
{
	return join('', map {
			my $n = 1 + int(rand(NAMES));
			"SELECT 'revealed', current_setting('cluster_name'), 'k$n', apikey.reveal_key('k$n') FROM apikey.set_user_id('u"
			  . $n % USERS . "');\n"
	} 1 .. 20);
}

# Create keys and read each at once.  Where the answer to the last one is missing, it
# may be stored or not: the first statement has the same result in both cases.
sub create_some
{
	my ($answers) = @_;
	my @stored = $answers =~ /^stored\|n(\d+)$/mg;
	my $next = ($stored[-1] // 0) + 1;

	return join('', "\\set ON_ERROR_STOP on\n", map {
			my $function = $_ == $next ? 'set_key' : 'create_key';
			my $user = 'w' . $_ % USERS;
			"SELECT 'stored', 'n$_' FROM apikey.set_user_id('$user') WHERE apikey.$function('n$_', 'custom', 'value-of-n$_') IS NOT NULL;\n"
			  . "SELECT 'revealed', current_setting('cluster_name'), 'n$_', apikey.reveal_key('n$_') FROM apikey.set_user_id('$user');\n"
	} $next .. $next + 9);
}

my @readers = ('reader_1', 'reader_2', 'reader_3');

sub wait_for_load
{
	my ($title) = @_;

	wait_for_answers($_, 'revealed', 20) or die "$title: $_ reveals nothing" for @readers;
	wait_for_answers('writer', 'stored', 10) or die "$title: nothing is created";
	pass("$title: keys are created and revealed");
	return;
}

my $anywhere = connection_string('worker');

start_client('writer', connection_string('web'), \&create_some);
start_client('reader_1', $anywhere, \&reveal_some);
# To the standbys in the other order, as another host of the application would.
start_client('reader_2',
	$anywhere =~ s/^host=(\S+?),(\S+?),(\S+) port=(\S+?),(\S+?),(\S+)/host=$2,$1,$3 port=$5,$4,$6/r,
	\&reveal_some);
start_client('reader_3', $anywhere =~ s/prefer-standby/read-write/r, \&reveal_some);
wait_for_load('first');

# ----------------------------------------------------------------------
# Rotation under load
# ----------------------------------------------------------------------

sub reload_master_keys
{
	my @keys = @_;

	put_master_keys($_, @keys) for values %key_file;
	$_->safe_psql('postgres', 'SELECT apikey.reload_master_key()') for @servers;
	return;
}

$primary->safe_psql('postgres', 'SELECT apikey.rotate_data_key()');
wait_for_load('a new data key');

reload_master_keys($second_key, $first_key);
is($primary->safe_psql('postgres', 'SELECT apikey.rewrap_data_keys()'), '2', 'a new master key');
wait_for_load('a new master key');
catch_up($primary, @standbys);
like($_->safe_psql('postgres', q{SELECT value FROM apikey.status() WHERE item = 'older master keys'}),
	qr/^\w+ not needed by this database$/, $_->name . ': the old master key is not needed')
  for @standbys;
reload_master_keys($second_key);
wait_for_load('without the old master key');

is((run_sql($primary, 'CALL apikey.reencrypt_keys(50)'))[1], '', 're-encrypted');
is( $primary->safe_psql('postgres',
		q{SELECT count(apikey.retire_data_key(id)) FROM apikey.key_status WHERE purpose = 'value' AND state = 'inactive'}),
	'1', 'the older data key is destroyed');
wait_for_load('without the older data key');

# ----------------------------------------------------------------------
# The primary crashes in the middle of another rotation
# ----------------------------------------------------------------------

$primary->safe_psql('postgres', 'SELECT apikey.rotate_data_key()');
my $run = start_sql($primary, q{CALL apikey.reencrypt_keys(5, '0.1 s')});
ok(wait_for($primary, 'SELECT rows_done >= 10 FROM apikey.rotation_progress'), 'values are being re-encrypted');
$primary->stop('immediate');
finish_sql($run);

# The standby that has received more is promoted, and the other one follows it.
sub received
{
	my ($standby) = @_;

	$standby->poll_query_until('postgres',
		'SELECT NOT EXISTS (SELECT FROM pg_stat_wal_receiver) AND pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn()')
	  or die 'the standby did not replay what it has';
	return $standby->safe_psql('postgres', q{SELECT pg_last_wal_receive_lsn() - '0/0'});
}

my ($promoted, $standby) = received($standbys[0]) >= received($standbys[1]) ? @standbys : reverse @standbys;
note('promoted: ' . $promoted->name);
$promoted->promote;
$standby->enable_streaming($promoted);
$standby->reload;
@servers = ($promoted, $standby);
wait_for_load('after the failover');

is($promoted->safe_psql('postgres', 'SELECT state FROM apikey.rotation_progress'),
	'interrupted', 'the rotation was interrupted');
is((run_sql($promoted, 'CALL apikey.reencrypt_keys()'))[1], '', 'and finishes on the new primary');
is(rows_left($promoted), '0', 'with all values');
is( $promoted->safe_psql('postgres',
		q{SELECT count(apikey.retire_data_key(id)) FROM apikey.key_status WHERE purpose = 'value' AND state = 'inactive'}),
	'1', 'the older data key is destroyed there');
wait_for_load('after the rotation');
stop_load();

# ----------------------------------------------------------------------
# Every answer
# ----------------------------------------------------------------------

# What the connection says while a server is stopped, promoted or unreachable, and
# what a standby says of a statement that is in the way of replay.
my $unavailable = qr/57P01|57P02|57P03|40001|connection to (?:the )?server|server closed the connection|terminated abnormally|before or while processing|is not in hot standby mode|is in hot standby mode|session is (?:not )?read-only|^\s|^$|^LINE |^DETAIL:|^HINT:|^LOCATION:|^CONTEXT:|^WARNING:  (?:57P02|terminating connection)/;
my (%revealed, @stored, @false, $interrupted);

for my $line (map { split(/\n/, answers($_)) } 'writer', @readers)
{
	if ($line =~ /^revealed\|(\w+)\|(\w+)\|(.*)$/)
	{
		$revealed{$1}++;
		push(@false, $line) if $3 ne "value-of-$2";
	}
	elsif ($line =~ /^stored\|(n\d+)$/) { push(@stored, $1); }
	elsif ($line =~ $unavailable) { $interrupted++; }
	else { push(@false, $line); }
}

# The created keys as a server has them.
sub created_keys
{
	my ($server) = @_;

	return map { /^(n\d+)\|(.*)$/ ? ($1 => $2) : ("?$_" => '') }
	  map { split(/\n/, (run_as($server, "w$_", 'SELECT name, apikey.reveal_key(id) FROM apikey.keys'))[0]) } 0 .. USERS - 1;
}

sub lost_keys
{
	my ($server) = @_;
	my %keys = created_keys($server);

	return grep { ($keys{$_} // '') ne "value-of-$_" } @stored;
}

note("revealed: $_ $revealed{$_}") for sort keys %revealed;
note('stored: ' . @stored . "; lines of interrupted connections: $interrupted");
cmp_ok($revealed{$_} // 0, '>', 40, "$_ has revealed values") for 'primary', 'standby_1', 'standby_2';
cmp_ok($interrupted, '>', 0, 'the failover was noticed');
is(join("\n", @false), '', 'false answers: none');
is(join(' ', lost_keys($promoted)), '', 'lost keys: none');
catch_up($promoted, $standby);
is(join(' ', lost_keys($standby)), '', 'nor on the standby');
check_rows($promoted, 'the new primary');
check_rows($standby, 'its standby');
is($_->safe_psql('postgres', q{SELECT item, value FROM apikey.status() WHERE severity = 'error'}),
	'', $_->name . ': status() finds no fault')
  for @servers;

# ----------------------------------------------------------------------
# When a new key can be revealed on a standby
# ----------------------------------------------------------------------

sub reveal_on_standby
{
	my ($name) = @_;
	my ($value, $state) = run_as($standby, 'late', "SELECT apikey.reveal_key('$name')");

	return $state || $value;
}

sub create_late
{
	my ($name, $synchronous_commit) = @_;

	return "SET synchronous_commit = $synchronous_commit; SELECT apikey.create_key_for('late', '$name', 'custom', 'value-of-$name') IS NOT NULL";
}

$standby->safe_psql('postgres', 'SELECT pg_wal_replay_pause()');
ok(wait_for($standby, q{SELECT pg_get_wal_replay_pause_state() = 'paused'}), 'the standby does not replay');
is((run_sql($promoted, create_late('a', 'on')))[1], '', 'on: a key is created, and is on disk on the standby');
is(reveal_on_standby('a'), 'KA005', 'on: which does not show it yet');

my $creation = start_sql($promoted, create_late('b', 'remote_apply'));
ok( wait_for($promoted, q{SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'}),
	'remote_apply: the creation waits');
$standby->safe_psql('postgres', 'SELECT pg_wal_replay_resume()');
unlike(finish_sql($creation), qr/ERROR|WARNING/, 'until the standby replays');
is(reveal_on_standby('b'), 'value-of-b', 'remote_apply: the key can be revealed there at once');
is(reveal_on_standby('a'), 'value-of-a', 'and so can the other one');

$_->stop for $standby, $promoted;
done_testing();
