# Some data keys are wrapped with a master key that is not available, and some
# rows name a data key that does not exist: the source is read again, in case it
# has changed without the session noticing, but not for each row; and if it fails
# then, values that could be decrypted still can.  The library is not preloaded, so
# that each session runs the command; 154_key_commands.pl has the other case.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use ApikeyTest;
use PostgreSQL::Test::Utils;
use Test::More;

use constant ROWS => 30;

my $dir = PostgreSQL::Test::Utils::tempdir_short();
my $key = put_master_keys("$dir/master.key", random_key());

append_to_file("$dir/command", "#!/bin/sh\necho >> '$dir/runs'\ncat '$key'\n");
chmod(0700, "$dir/command") or die "could not chmod: $!";

my ($node) = new_node('main',
	preload => 0,
	conf => "apikey.identity = session\napikey.master_key_source = 'command:$dir/command'\n");

sub runs
{
	return -e "$dir/runs" ? length(slurp_file("$dir/runs")) : 0;
}

# For each user a row encrypted with each of three data keys, which alternate.
for my $name ('open', 'foreign', 'absent')
{
	$node->safe_psql('postgres', 'SELECT apikey.rotate_data_key()');
	$node->safe_psql('postgres',
		"SELECT count(apikey.create_key_for('u' || i, '$name', 'custom', 'value-of-$name'))
			FROM generate_series(1, @{[ROWS]}) i");
}
my ($open, $foreign, $absent) = map {
	$node->safe_psql('postgres',
		"SELECT DISTINCT apikey.data_key_id(encrypted_value) FROM apikey.api_keys WHERE name = '$_'")
} 'open', 'foreign', 'absent';
$node->safe_psql('postgres', $_)
  for "UPDATE apikey.data_keys SET wrapped_key = set_byte(wrapped_key, 3, 255 - get_byte(wrapped_key, 3)) WHERE id = '$foreign'",
  "DELETE FROM apikey.data_keys WHERE id = '$absent'";

my $session = new_session($node);
ask($session, q{SET apikey.user_id = 'u1'});
is(ask($session, q{SELECT apikey.reveal_key('open')}), 'value-of-open', 'a session reveals');

my $problems = q{SELECT left(problem, 30), count(*) FROM apikey.verify_keys() v JOIN apikey.all_keys USING (user_id, id)
	GROUP BY 1 ORDER BY 1};
my $expected = "Data key ${\substr($foreign, 0, 21)}|${\ROWS}\nThere is no data key ${\substr($absent, 0, 9)}|${\ROWS}";
my $before = runs();
is(ask($session, $problems), $expected, 'verify_keys() reports what cannot be decrypted');
cmp_ok(runs() - $before, '<=', 1, 'the command ran at most once');

$before = runs();
for (1 .. 5)
{
	is(ask($session, q{SELECT apikey.reveal_key('foreign')}), 'KA002', 'a master key that is not available');
	is(ask($session, q{SELECT apikey.reveal_key('absent')}), 'KA003', 'a data key that does not exist');
}
is(runs(), $before, 'the command does not run for each');

# A data key changes while the source fails.
rename($key, "$key.aside") or die "could not rename: $!";
$node->safe_psql('postgres',
	"UPDATE apikey.data_keys SET wrapped_key = set_byte(wrapped_key, 3, get_byte(wrapped_key, 3) # 1) WHERE id = '$foreign'");
$before = runs();
is(ask($session, q{SELECT apikey.reveal_key('foreign')}), 'KA002', 'the source fails: still the same error');
is(runs(), $before + 1, 'after reading the source once');
is(ask($session, q{SELECT apikey.reveal_key('open')}), 'value-of-open', 'a value that could be decrypted still can');
is(ask($session, $problems), $expected, 'and verify_keys() does not list it');
rename("$key.aside", $key) or die "could not rename: $!";

# A master key that is added without a reload is found when it is needed.
my ($other) = slurp_file($key) =~ /^(\S+)/;
put_master_keys($key, random_key(), $other);
$node->safe_psql('postgres', "DELETE FROM apikey.data_keys WHERE id = '$foreign'");
is($node->safe_psql('postgres', 'SELECT apikey.rewrap_data_keys()'), '1', 'another session rewraps, without a reload');
is(ask($session, q{SELECT apikey.reveal_key('open')}), 'value-of-open', 'this one finds the new master key');

$session->quit;
$node->stop;
done_testing();
