# If the library is not preloaded, a session can set its parameters before the
# library is loaded and checks them.  None of these settings gives the session an
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
ALTER ROLE regress_apikey_app SET apikey.empty_without_identity = on;
SELECT apikey.create_key_for(u, 'k', 'custom', 'value-of-' || u) FROM unnest(ARRAY['alice', 'bob', 'regress_apikey_app']) u;
});

my $app = $node->connstr('postgres') . ' user=regress_apikey_app';
my $who =
  q{SELECT coalesce(apikey.current_user_id(), 'nobody') || ' ' || coalesce(string_agg(user_id, ','), '-') FROM apikey.keys;};

# The output of statements in a new session of the application, one message each;
# warnings are ignored.
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
	't', 'the library is not loaded at first');
is(answer('', $who), 'nobody -', 'no identity at first');
like(error('-c apikey.empty_without_identity=off', $who),
	qr/KA007/, 'which is an error by default');

# Settings made before the library is loaded: which count, and which do not.
is( answer('', 'BEGIN;', q{SET LOCAL apikey.user_id = 'alice';}, $who, 'COMMIT;', $who),
	"alice alice\nnobody -", 'SET LOCAL counts in its transaction');
is( answer('', q{SELECT set_config('apikey.user_id', 'alice', true) \; } . $who),
	"alice\nalice alice", 'so does set_config()');
is( answer('', q{SET apikey.user_id = 'alice';}, $who, 'BEGIN;', $who, 'COMMIT;'),
	"nobody -\nnobody -", 'an earlier plain SET does not');
is( answer('', q{SET apikey.user_id = 'alice';}, 'BEGIN;', 'SAVEPOINT a;',
		q{SET LOCAL apikey.user_id = 'bob';}, 'ROLLBACK TO a;', $who, 'COMMIT;', $who),
	"nobody -\nnobody -", 'nor after ROLLBACK TO');
is( answer('', q{SET apikey.user_id = 'alice';}, 'BEGIN;', 'SAVEPOINT a;',
		q{SET LOCAL apikey.user_id = 'bob';}, $who, 'ROLLBACK TO a;', $who, 'COMMIT;', $who),
	"bob bob\nnobody -\nnobody -", 'nor if the library was loaded after the savepoint');
is( answer('', q{SET apikey.user_id = 'alice';}, 'BEGIN;',
		q{SET LOCAL apikey.user_id = 'bob';}, $who, 'COMMIT;', $who),
	"bob bob\nnobody -", 'nor after a transaction with another');
is( answer('', 'BEGIN;', q{SET apikey.user_id = 'alice';}, $who, 'COMMIT;', $who),
	"alice alice\nnobody -", 'a SET counts only in its own transaction');
is( answer('', 'BEGIN;', q{SET apikey.user_id = 'alice';}, 'SAVEPOINT a;',
		q{SET LOCAL apikey.user_id = 'bob';}, 'RELEASE a;', $who, 'COMMIT;', $who),
	"bob bob\nnobody -", 'the nesting of settings is kept');
is( answer('', q{SET apikey.user_id = 'alice';},
		q{DO $$ BEGIN PERFORM set_config('apikey.user_id', 'bob', true); RAISE division_by_zero; EXCEPTION WHEN division_by_zero THEN NULL; END $$;},
		'BEGIN;', $who, 'COMMIT;'),
	'nobody -', 'nor after an exception block');
is( answer('', q{SET apikey.user_id = 'alice';},
		q{DO $$ BEGIN PERFORM set_config('apikey.user_id', 'bob', true); PERFORM apikey.current_user_id(); RAISE division_by_zero; EXCEPTION WHEN division_by_zero THEN RAISE NOTICE '%', apikey.current_user_id(); END $$;},
		$who),
	'nobody -', 'nor if the library was loaded within it');
is(answer('-c apikey.user_id=alice', $who, 'BEGIN;', $who, 'COMMIT;'),
	"nobody -\nnobody -", 'a connection option does not');
is( answer('-c apikey.user_id=alice', 'BEGIN;', 'SAVEPOINT a;',
		q{SET LOCAL apikey.user_id = 'bob';}, 'ROLLBACK TO a;', $who, 'COMMIT;'),
	'nobody -', 'nor after ROLLBACK TO');
like(error('', q{SET apikey.user_id = E'a\nb';}, 'BEGIN;', $who),
	qr/22023|WARNING/, 'a malformed user id is reported when the library is loaded');

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
	'nor by a connection option');
is( answer('-c apikey.identity=session -c apikey.user_id=alice', $who),
	'nobody -', 'nor by two');
is( answer('', 'SET apikey.strict_checks = on;', $who, 'SHOW apikey.strict_checks;'),
	"nobody -\noff", 'strict_checks is unchanged');
is( answer('-c apikey.allow_drop=on', $who, 'SHOW apikey.allow_drop;'),
	"nobody -\noff", 'allow_drop is unchanged');
# ... even though the event trigger is the first to load the library.
like(error('', 'SET apikey.allow_drop = on;', 'DROP EXTENSION apikey;'),
	qr/42501/, 'nor does it let the role drop the extension');
like( error('', q{SET apikey.master_key_source = 'env:HOME';}, $who,
		'SHOW apikey.master_key_source;'),
	qr/42501/, 'a session can neither set nor see the key source');
is( answer('', q{SET apikey.master_key_source = 'command:/bin/false';}, 'BEGIN;',
		q{SELECT apikey.set_user_id('alice');}, q{SELECT apikey.reveal_key('k');}, 'COMMIT;'),
	"alice\nvalue-of-alice", 'and the server\'s is used');

# Counters, where the library is not preloaded: of the session.
my $metrics = q{SELECT name || ' ' || value FROM apikey.metrics
	WHERE name IN ('apikey_metrics_shared', 'apikey_refusals_total') AND (labels = '{}' OR value > 0)};
is($node->safe_psql('postgres', qq{DO \$\$ BEGIN PERFORM apikey.check_key('no_type', 'x'); EXCEPTION WHEN OTHERS THEN NULL; END \$\$; $metrics}),
	"apikey_metrics_shared 0\napikey_refusals_total 1", 'a session counts what it does');
is($node->safe_psql('postgres', $metrics), 'apikey_metrics_shared 0', 'and no other');

# A superuser's setting counts.
$node->safe_psql('postgres', q{ALTER ROLE regress_apikey_app SET apikey.identity = 'role'});
is(answer('', $who), 'regress_apikey_app regress_apikey_app',
	'the mode that a superuser set for the role');
is( answer('', q{SET apikey.user_id = 'alice';}, $who, q{SET apikey.identity = 'session';}, $who),
	"regress_apikey_app regress_apikey_app\nregress_apikey_app regress_apikey_app",
	'and which the role cannot change');
$node->safe_psql('postgres', q{ALTER ROLE regress_apikey_app RESET apikey.identity});
$node->safe_psql('postgres', q{ALTER DATABASE postgres SET apikey.identity = 'session'});
is(answer('-c apikey.user_id=alice', $who), 'alice alice',
	'mode session, for the database');

$node->stop;
done_testing();
