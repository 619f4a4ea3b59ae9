# Where the library is not preloaded, a session can set its parameters before
# it is there to check them.  When it comes, none of that has brought an
# identity or a mode that the role may not choose.

use strict;
use warnings;

use MIME::Base64 qw(encode_base64);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $dir = PostgreSQL::Test::Utils::tempdir_short();
open(my $file, '>', "$dir/master.key") or die "could not write: $!";
chmod(0600, "$dir/master.key") or die "could not chmod: $!";
print $file encode_base64(pack('C*', 1 .. 32));
close($file) or die "could not write: $!";

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf',
	qq{apikey.master_key_source = 'file:$dir/master.key'\n});
$node->start;
$node->safe_psql(
	'postgres', q{
CREATE EXTENSION apikey;
CREATE ROLE regress_apikey_app LOGIN IN ROLE apikey_reveal;
SELECT apikey.create_key_for(u, 'k', 'custom', 'value-of-' || u) FROM unnest(ARRAY['alice', 'bob', 'regress_apikey_app']) u;
});

my $app = $node->connstr('postgres') . ' user=regress_apikey_app';
my $who =
  q{SELECT coalesce(apikey.current_user_id(), 'nobody') || ' ' || coalesce(string_agg(user_id, ','), '-') FROM apikey.keys;};

# The answer of a new session of the application's to statements, one message
# each; what it warns of is not looked at.
sub answer
{
	my ($options, @statements) = @_;
	my $out = '';

	local $ENV{PGOPTIONS} = $options;
	IPC::Run::run([ 'psql', '-XAtq', '-v', 'VERBOSITY=sqlstate', '-d', $app ],
		'<', \join("\n", @statements), '>', \$out, '2>', \my $err);
	chomp($out);
	return $out;
}

sub error
{
	my ($options, @statements) = @_;
	my $err = '';

	local $ENV{PGOPTIONS} = $options;
	IPC::Run::run([ 'psql', '-XAtq', '-v', 'VERBOSITY=sqlstate', '-d', $app ],
		'<', \join("\n", @statements), '>', \my $out, '2>', \$err);
	return $err;
}

is(answer('', q{SELECT current_setting('apikey.user_id', true) IS NULL;}),
	't', 'the library is not there at first');
is(answer('', $who), 'nobody -', 'nobody at first');

# What counts, and what does not, set before the library comes.
is( answer('', 'BEGIN;', q{SET LOCAL apikey.user_id = 'alice';}, $who, 'COMMIT;', $who),
	"alice alice\nnobody -", 'SET LOCAL counts in its transaction');
is( answer('', q{SELECT set_config('apikey.user_id', 'alice', true) \; } . $who),
	"alice\nalice alice", 'so does set_config()');
is( answer('', q{SET apikey.user_id = 'alice';}, $who, 'BEGIN;', $who, 'COMMIT;'),
	"nobody -\nnobody -", 'a plain SET before does not');
is( answer('', q{SET apikey.user_id = 'alice';}, 'BEGIN;', 'SAVEPOINT a;',
		q{SET LOCAL apikey.user_id = 'bob';}, 'ROLLBACK TO a;', $who, 'COMMIT;', $who),
	"nobody -\nnobody -", 'nor after ROLLBACK TO');
is( answer('', q{SET apikey.user_id = 'alice';}, 'BEGIN;', 'SAVEPOINT a;',
		q{SET LOCAL apikey.user_id = 'bob';}, $who, 'ROLLBACK TO a;', $who, 'COMMIT;', $who),
	"bob bob\nnobody -\nnobody -", 'nor when the library came within the savepoint');
is( answer('', q{SET apikey.user_id = 'alice';}, 'BEGIN;',
		q{SET LOCAL apikey.user_id = 'bob';}, $who, 'COMMIT;', $who),
	"bob bob\nnobody -", 'nor after a transaction with another');
is( answer('', 'BEGIN;', q{SET apikey.user_id = 'alice';}, $who, 'COMMIT;', $who),
	"alice alice\nnobody -", 'a SET counts in its own transaction alone');
is( answer('', 'BEGIN;', q{SET apikey.user_id = 'alice';}, 'SAVEPOINT a;',
		q{SET LOCAL apikey.user_id = 'bob';}, 'RELEASE a;', $who, 'COMMIT;', $who),
	"bob bob\nnobody -", 'levels of settings are kept');
is( answer('', q{SET apikey.user_id = 'alice';},
		q{DO $$ BEGIN PERFORM set_config('apikey.user_id', 'bob', true); RAISE division_by_zero; EXCEPTION WHEN division_by_zero THEN NULL; END $$;},
		'BEGIN;', $who, 'COMMIT;'),
	'nobody -', 'nor after an exception block');
is( answer('', q{SET apikey.user_id = 'alice';},
		q{DO $$ BEGIN PERFORM set_config('apikey.user_id', 'bob', true); PERFORM apikey.current_user_id(); RAISE division_by_zero; EXCEPTION WHEN division_by_zero THEN RAISE NOTICE '%', apikey.current_user_id(); END $$;},
		$who),
	'nobody -', 'nor when the library came within it');
is(answer('-c apikey.user_id=alice', $who, 'BEGIN;', $who, 'COMMIT;'),
	"nobody -\nnobody -", 'an option of the connection does not');
is( answer('-c apikey.user_id=alice', 'BEGIN;', 'SAVEPOINT a;',
		q{SET LOCAL apikey.user_id = 'bob';}, 'ROLLBACK TO a;', $who, 'COMMIT;'),
	'nobody -', 'nor after ROLLBACK TO');
like(error('', q{SET apikey.user_id = E'a\nb';}, 'BEGIN;', $who),
	qr/22023|WARNING/, 'a malformed user id is told of when the library comes');

# The mode and the safeguards, likewise.
for my $set ('SET apikey.identity = %s;', q{SELECT set_config('apikey.identity', '%s', false);},
	'BEGIN; SET LOCAL apikey.identity = %s;', 'ALTER ROLE regress_apikey_app SET apikey.identity = %s; \c')
{
	for my $mode (qw(session role claims))
	{
		my $statement = sprintf($set, $mode);

		like( answer('', q{SET apikey.user_id = 'alice';},
				q{SET request.jwt.claims = '{"sub": "bob"}';}, $statement, $who),
			qr/^(?:\w+\n)?nobody -$/, "not by: $statement");
	}
}
is(answer('-c apikey.identity=role', $who), 'nobody -',
	'nor by an option of the connection');
is( answer('-c apikey.identity=session -c apikey.user_id=alice', $who),
	'nobody -', 'nor by two');
is( answer('', 'SET apikey.strict_checks = on;', $who, 'SHOW apikey.strict_checks;'),
	"nobody -\noff", 'strict_checks stays');
is( answer('-c apikey.allow_drop=on', $who, 'SHOW apikey.allow_drop;'),
	"nobody -\noff", 'allow_drop stays');
# ... which the event trigger looks at without loading anything else first.
like(error('', 'SET apikey.allow_drop = on;', 'DROP EXTENSION apikey;'),
	qr/42501/, 'nor does it let anybody drop the extension');
like( error('', q{SET apikey.master_key_source = 'env:HOME';}, $who,
		'SHOW apikey.master_key_source;'),
	qr/42501/, 'the key source is not the session\'s to set, nor to see');
is( answer('', q{SET apikey.master_key_source = 'command:/bin/false';}, 'BEGIN;',
		q{SELECT apikey.set_user_id('alice');}, q{SELECT apikey.reveal_key('k');}, 'COMMIT;'),
	"alice\nvalue-of-alice", 'and the server\'s is used');

# A superuser's word counts.
$node->safe_psql('postgres', q{ALTER ROLE regress_apikey_app SET apikey.identity = 'role'});
is(answer('', $who), 'regress_apikey_app regress_apikey_app',
	'the mode that a superuser gave the role');
is( answer('', q{SET apikey.user_id = 'alice';}, $who, q{SET apikey.identity = 'session';}, $who),
	"regress_apikey_app regress_apikey_app\nregress_apikey_app regress_apikey_app",
	'and which the role does not leave');
$node->safe_psql('postgres', q{ALTER ROLE regress_apikey_app RESET apikey.identity});
$node->safe_psql('postgres', q{ALTER DATABASE postgres SET apikey.identity = 'session'});
is(answer('-c apikey.user_id=alice', $who), 'alice alice',
	'mode session, for the database');

$node->stop;
done_testing();
