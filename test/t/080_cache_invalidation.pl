# What a session caches (data keys, key types, linked users) is changed by another
# session: the first one sees the change in its next transaction, without
# reconnecting, also if the change was made with session_replication_role = replica,
# as logical replication does.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use ApikeyTest;
use PostgreSQL::Test::Utils;
use Test::More;

my ($node) =
  new_node('main', conf => "apikey.identity = session\n");

# Two sessions of one user, and a third that makes changes.
my ($reader, $writer, $admin) = map { new_session($node) } 1 .. 3;
ask($_, q{SET apikey.user_id = 'u1'}) for $reader, $writer, $admin;
my $serial = 0;

# Prepared, since parsing a statement might process invalidations.
for my $session ($reader, $writer)
{
	ask($session, $_)
	  for 'PREPARE make(text, text, text) AS SELECT apikey.create_key($1, $2, $3) IS NOT NULL',
	  'PREPARE reveal(text) AS SELECT apikey.reveal_key($1)',
	  'PREPARE check_value(text, text) AS SELECT count(*) FROM apikey.check_key($1, $2)';
}

sub make
{
	my ($session, $name, $type, $value) = @_;

	return scalar ask($session,
		"EXECUTE make('$name', '$type', '$value')");
}

sub reveal
{
	my ($session, $name) = @_;

	return scalar ask($session, "EXECUTE reveal('$name')");
}

# The data key that a row is encrypted with.
sub data_key_of
{
	my ($name) = @_;

	return $node->safe_psql('postgres',
		"SELECT apikey.data_key_id(encrypted_value) FROM apikey.api_keys WHERE name = '$name'"
	);
}

# ----------------------------------------------------------------------
# Data keys
# ----------------------------------------------------------------------

is(make($writer, 'first', 'custom', 'value-first'), 't', 'a key is stored');
is(reveal($reader, 'first'), 'value-first', 'and read by another session');

for my $round (1 .. 3)
{
	my $new_key = ask($admin, 'SELECT apikey.rotate_data_key()');

	is(make($writer, "r$round", 'custom', "value-r$round"),
		't', "rotation $round: a session can still store");
	is(data_key_of("r$round"), $new_key, 'with the new data key');
	is(reveal($reader, "r$round"), "value-r$round",
		'and another session can decrypt the value');
	is(reveal($reader, 'first'), 'value-first', 'and an older one');
}

# In the middle of a transaction.
ask($reader, 'BEGIN');
is(reveal($reader, 'first'), 'value-first', 'a transaction has begun to read');
ask($admin, 'SELECT apikey.rotate_data_key()');
is(make($writer, 'amidst', 'custom', 'value-amidst'),
	't', 'a key is stored with a data key that is newer than the transaction');
is(reveal($reader, 'amidst'), 'value-amidst', 'the transaction can decrypt it');
is(reveal($reader, 'first'), 'value-first', 'and an older one');
ask($reader, 'COMMIT');

# Under REPEATABLE READ the new row is not visible; the old ones still are.
ask($reader, 'BEGIN ISOLATION LEVEL REPEATABLE READ');
is(reveal($reader, 'first'), 'value-first', 'a snapshot is taken');
my $newest = ask($admin, 'SELECT apikey.rotate_data_key()');
is(make($writer, 'after', 'custom', 'value-after'), 't', 'a later key');
ask($reader, 'SAVEPOINT s');
is(reveal($reader, 'after'), 'KA005', 'the snapshot does not include it');
ask($reader, 'ROLLBACK TO s');
is(reveal($reader, 'amidst'), 'value-amidst', 'and other values can be decrypted');
is(make($reader, 'snapshot', 'custom', 'value-snapshot'), 't', 'it stores');
ask($reader, 'COMMIT');
is(data_key_of('snapshot'), $newest, 'with the newest data key of all');

# A rotation that is rolled back leaves nothing behind, in either session.
ask($admin, 'BEGIN');
my $rolled_back = ask($admin, 'SELECT apikey.rotate_data_key()');
ask($admin, q{SELECT apikey.create_key('lost', 'custom', 'value-lost')});
ask($admin, 'ROLLBACK');
for my $session ($admin, $writer)
{
	$serial++;
	ask($session,
		"SELECT apikey.create_key('s$serial', 'custom', 'value-s$serial')");
	is(data_key_of("s$serial"), $newest,
		'after a rotation that was rolled back the older data key is used');
}
is( $node->safe_psql('postgres',
		"SELECT count(*) FROM apikey.data_keys WHERE id = '$rolled_back'"),
	'0',
	'the other data key is gone');

# As logical replication applies changes.
for my $role ('origin', 'replica')
{
	my $id = data_key_of('first');
	my $bytes = $node->safe_psql('postgres',
		"SELECT wrapped_key FROM apikey.data_keys WHERE id = '$id'");

	is(reveal($reader, 'first'), 'value-first', "$role: cached");
	ask($admin, "SET session_replication_role = $role");
	ask($admin, "DELETE FROM apikey.data_keys WHERE id = '$id'");
	is(reveal($reader, 'first'), 'KA003', "$role: a deleted data key");
	ask($admin,
		"INSERT INTO apikey.data_keys (id, purpose, wrapped_key, created_at, deactivated_at)
		 VALUES ('$id', 'value', '$bytes', '2020-01-01', '2020-01-02')");
	is(reveal($reader, 'first'), 'value-first', "$role: an inserted one");
	ask($admin,
		"UPDATE apikey.data_keys SET wrapped_key = set_byte(wrapped_key, 40, 255 - get_byte(wrapped_key, 40)) WHERE id = '$id'");
	is(reveal($reader, 'first'), 'KA003', "$role: an altered one");
	ask($admin,
		"UPDATE apikey.data_keys SET wrapped_key = '$bytes' WHERE id = '$id'");
	is(reveal($reader, 'first'), 'value-first', "$role: a repaired one");
	ask($admin, 'BEGIN');
	ask($admin, 'TRUNCATE apikey.data_keys');
	ask($admin, 'ROLLBACK');
	is(reveal($reader, 'first'), 'value-first', "$role: a rolled-back TRUNCATE");
}
ask($admin, 'RESET session_replication_role');

# ----------------------------------------------------------------------
# Key types
# ----------------------------------------------------------------------

sub set_type
{
	my ($sql) = @_;
	my (undef, $state, $messages) = ask($admin, $sql);

	is($state, '', "changed: $sql") or diag($messages);
}

is(make($writer, 't0', 'acme', 'acme_abcdef'), '22023',
	'an unknown type is refused');
for my $role ('origin', 'replica')
{
	my $name = "t-$role";

	ask($admin, "SET session_replication_role = $role");
	set_type(q{INSERT INTO apikey.custom_key_types (key_type, label, pattern, prefixes)
			   VALUES ('acme', 'Acme', '^acme_[a-z]{6}$', '{acme_}')});
	is(make($writer, "$name-1", 'acme', 'acme_abcdef'),
		't', "$role: a new type is known to another session");
	is(make($writer, "$name-2", 'acme', 'acme_12345678'),
		'KA008', "$role: with its pattern");
	is(make($writer, "$name-2", 'openai', 'acme_12345678'),
		'KA008', "$role: and its prefix");
	set_type(q{UPDATE apikey.custom_key_types SET pattern = '^acme_[0-9]{8}$' WHERE key_type = 'acme'});
	is(make($writer, "$name-2", 'acme', 'acme_12345678'),
		't', "$role: a changed pattern counts");
	set_type(q{DELETE FROM apikey.custom_key_types WHERE key_type = 'acme'});
	is(make($writer, "$name-3", 'acme', 'acme_12345678'),
		'22023', "$role: a deleted type is unknown");
	is(reveal($reader, "$name-1"), 'acme_abcdef',
		"$role: keys of that type can still be read");

	# A built-in type, replaced and restored.
	is(scalar(ask($reader, q{EXECUTE check_value('groq', 'no-key-of-groq')})),
		'1', "$role: a built-in type finds a fault");
	set_type(q{INSERT INTO apikey.custom_key_types (key_type, label) VALUES ('groq', 'Groq')});
	is(scalar(ask($reader, q{EXECUTE check_value('groq', 'no-key-of-groq')})),
		'0', "$role: replaced, it does not");
	set_type('TRUNCATE apikey.custom_key_types');
	is(scalar(ask($reader, q{EXECUTE check_value('groq', 'no-key-of-groq')})),
		'1', "$role: restored, it does");
	ask($admin, 'RESET session_replication_role');
}

# ----------------------------------------------------------------------
# Links to users tables
# ----------------------------------------------------------------------

ask($admin, $_)
  for 'CREATE TABLE users (id text PRIMARY KEY)',
  q{INSERT INTO users VALUES ('u1')};
is(scalar(ask($reader, q{SET apikey.user_id = 'u2'})), '', 'another user');
is(make($reader, 'n1', 'custom', 'value-n1'), 't',
	'without a link, any identity can store');
is(scalar(ask($reader, 'SELECT apikey.purge_own_keys()')), '1', 'purged');

is(scalar(ask($admin, q{SELECT apikey.link_users('users', 'id')})),
	'users', 'linked');
my $unknown = make($reader, 'n2', 'custom', 'value-n2');
like($unknown, qr/^[0-9A-Z]{5}$/, 'an unknown user is refused');
is(make($writer, 'n2', 'custom', 'value-n2'), 't', 'a known one is not');
ask($admin, q{INSERT INTO users VALUES ('u2')});
is(make($reader, 'n2', 'custom', 'value-n2'), 't', 'nor is a new one');

# The row that link_users() stores, deleted and inserted as by replication.
ask($admin, $_)
  for 'SET session_replication_role = replica',
  'CREATE TEMPORARY TABLE kept AS TABLE apikey.user_links',
  'DELETE FROM apikey.user_links';
ask($reader, q{SET apikey.user_id = 'u3'});
is(make($reader, 'n3', 'custom', 'value-n3'), 't',
	'replica: without the link any identity can store');
ask($admin, 'INSERT INTO apikey.user_links TABLE kept');
is(make($reader, 'n4', 'custom', 'value-n4'), $unknown,
	'replica: with the link an unknown user is refused');
ask($admin, 'RESET session_replication_role');

is(scalar(ask($admin, q{SELECT apikey.unlink_users('users')})),
	't', 'unlinked');
is(make($reader, 'n4', 'custom', 'value-n4'), 't',
	'and any identity can store again');

$_->quit for $reader, $writer, $admin;
$node->stop;
done_testing();
