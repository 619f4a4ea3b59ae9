# Redaction where the library is not preloaded: what a session loads at its start, by
# session_preload_libraries, and what holds when the first call of a function loads it.
# Values contain a marker, for which the log is searched.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use ApikeyMarker;
use ApikeyTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $serial = 0;

sub value
{
	return sprintf('%s-%d', marker(), ++$serial);
}

my ($node) = new_node('late', preload => 0, conf => q{
log_statement = none
log_min_duration_statement = -1
restart_after_crash = on
deadlock_timeout = 100ms
});
my $offset = -s $node->logfile;

# What was logged since the last call.
sub news
{
	my $text = slurp_file($node->logfile, $offset);

	$offset = -s $node->logfile;
	return $text;
}

sub create
{
	my ($user, @more) = @_;

	return sprintf(q{SELECT apikey.create_key_for('%s', 'key', 'custom', '%s'%s)}, $user, value(), join('', @more));
}

# An error in the first statement is logged whole, and redacted once a function was called.
my $session = new_session($node);
is(ask($session, create('u1', q{, 'never'})), '22007', 'an error before the library is loaded');
isnt(scalar(lines_with_marker(news())), 0, 'is logged with the value, as the manual says');
ask($session, create('u1'));
is(ask($session, create('u1', q{, 'never'})), '22007', 'the same error after the first call');
has_no_marker(news(), 'is redacted');
$session->quit;

# Loaded when a session starts, it redacts the first statement.
{
	local $ENV{PGOPTIONS} = '-c session_preload_libraries=apikey -c log_statement=all';

	is((run_sql($node, create('u2', q{, 'never'})))[1], '22007', 'an error in a session that has preloaded the library');
	my $log = news();
	has_no_marker($log, 'is redacted, and so is its statement');
	like($log, qr/statement: SELECT apikey\.create_key_for\('u2', 'key', 'custom', '<redacted>'/, 'which is logged');
}

# Deadlock: the function has replaced the statement before it waits.
my @sessions = map { new_session($node) } 0, 1;
ask($sessions[$_], 'BEGIN; ' . create("d$_")) for 0, 1;
$sessions[0]->query_until(qr/waiting/, "\\echo waiting\n" . create('d1') . ";\n");
my $state = ask($sessions[1], create('d0'));
ok($state eq '40P01' || ask($sessions[0], 'SELECT 1') eq '40P01', 'a deadlock') or diag($state);
my $log = news();
has_no_marker($log, 'its messages are redacted');
like($log, qr/DETAIL:  Process \d+ waits for .*create_key_for\('d\d', 'key', 'custom', '<redacted>'\)/s, 'the statements are shown');
$_->quit for @sessions;

# Crash, while the first statement of a session waits.
my $holder = new_session($node);
my $observer = new_session($node);    # in a transaction, it would see the statements as they were
my $waiting = q{FROM pg_stat_activity WHERE wait_event_type = 'Lock'};
ask($holder, 'BEGIN; LOCK TABLE apikey.api_keys');
my $crashing = new_session($node);
$crashing->query_until(qr/waiting/, "\\echo waiting\n" . create('u3') . ";\n");
is(ask_until($observer, "SELECT count(*) $waiting", '1'), '1', 'a session waits');
has_no_marker(scalar(ask($observer, "SELECT query $waiting")), 'others do not see its value');
kill 'SEGV', scalar ask($observer, "SELECT pid $waiting");
$_->{run}->finish for $holder, $observer, $crashing;
wait_until_up($node);
$log = news();
has_no_marker($log, 'a crash is logged without the value');
like($log, qr/Failed process was running: SELECT apikey\.create_key_for\('u3', 'key', 'custom', '<redacted>'\)/, 'but with the statement');

$node->stop;
done_testing();
