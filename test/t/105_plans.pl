# The plans of the extension's own statements: none of those that concern a few keys
# reads a whole table, however many keys the planner believes there are, and
# although most columns have no statistics.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use ApikeyTest;
use PostgreSQL::Test::Utils;
use Test::More;

my ($node) = new_node('plans', conf => <<'END');
shared_preload_libraries = 'apikey, auto_explain'
apikey.identity = 'session'
apikey.user_id = 'user7'
autovacuum = off
auto_explain.log_min_duration = 0
auto_explain.log_nested_statements = on
END

$node->safe_psql('postgres', <<'END');
SET auto_explain.log_min_duration = -1;
SELECT count(apikey.create_key_for('user' || u, 'key' || k, 'custom', 'value-of-key-' || u || '-' || k || md5(u || '-' || k)))
	FROM generate_series(1, 200) u, generate_series(1, 10) k;
INSERT INTO apikey.key_usage SELECT user_id, id, now(), 1 FROM apikey.api_keys;
VACUUM ANALYZE apikey.api_keys, apikey.key_usage;
-- Ten million rows, in the planner's eyes.
UPDATE pg_class SET relpages = 1, reltuples = 1e7 * current_setting('block_size')::int / pg_relation_size(oid)
	WHERE oid IN ('apikey.api_keys'::regclass, 'apikey.key_usage'::regclass);
END

# The plan nodes that read a whole table or a whole index, or are compiled, in what
# a statement logs.  The index of deleted keys has few entries.
sub complaints
{
	my ($sql) = @_;
	my $offset = -s $node->logfile;
	my ($code, $output, $error) = $node->psql('postgres', $sql);
	is($error, '', "$sql: no error");
	my $log = slurp_file($node->logfile, $offset);
	ok($log =~ /Query Text:/, "$sql: plans are logged");
	my $table = qr/(?:api_keys|key_usage)\b/;
	return join ', ', $log =~ /(Seq Scan on $table|Index (?:Only )?Scan using (?!api_keys_deleted_idx)\w+ on $table[^\n]*(?!\n\s*Index Cond:)\n|JIT:)/g;
}

my $value = "'value-of-key-7-3' || md5('7-3')";
foreach my $sql (
	"SELECT * FROM apikey.find_keys($value)",
	"SET apikey.direct_lookup = off; SELECT * FROM apikey.find_keys($value)",
	"SELECT apikey.create_key('new', 'custom', 'another-value-of-a-key')",
	"SELECT apikey.set_key('new', 'custom', 'a-third-value-of-the-key')",
	"SELECT apikey.update_key('new', new_name => 'newer')",
	"SELECT apikey.disable_key('newer')",
	"SELECT apikey.delete_key('newer')",
	"SET client_min_messages = error; SELECT apikey.restore_key(id) FROM apikey.deleted_keys",
	"SELECT apikey.update_key('key3', new_env_var => 'A_KEY')",
	"SELECT apikey.reveal_key('key3')",
	"SET apikey.direct_lookup = off; SELECT apikey.reveal_key('key3')",
	"SET apikey.usage_interval = 0; SELECT apikey.reveal_key('key3')",
	"SELECT apikey.reveal_env(names => '{key3}')",
	"SET apikey.direct_lookup = off; SELECT apikey.reveal_env(names => '{key3}')",
	"SELECT name FROM apikey.keys",
	"SELECT * FROM apikey.deleted_keys",
	"SELECT apikey.move_keys('user7', 'user0')",
	"SELECT apikey.purge_user('user0')")
{
	is(complaints($sql), '', "$sql: nothing is read as a whole");
}

# A batch of a rotation is locked and written by one statement each, without a temporary
# file, though values are long; or row by row, if the table has a trigger, as one that is
# distributed has.
$node->safe_psql('postgres', q{SET auto_explain.log_min_duration = -1;
	SELECT count(apikey.create_key_for('long', 'key' || k, 'custom', repeat(md5(k::text), 250))) FROM generate_series(1, 200) k});

sub rotate
{
	my $offset = -s $node->logfile;

	is(complaints('SELECT apikey.rotate_data_key()')
		  . complaints(q{SET client_min_messages = warning; SET work_mem = '64kB'; SET temp_file_limit = 0;
			CALL apikey.reencrypt_keys(500)}),
		'', 'a rotation: nothing is read as a whole');
	return slurp_file($node->logfile, $offset);
}

my $written_together =
  qr/Update on api_keys k .*\n.*Nested Loop .*\n(?:.*\n){1,4}.*Index Scan using api_keys_pkey on api_keys k /;
like(rotate(), $written_together, 'a batch is written by one statement');
$node->safe_psql('postgres', q{CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
	CREATE TRIGGER nothing AFTER TRUNCATE ON apikey.api_keys EXECUTE FUNCTION nothing()});
my $log = rotate();
unlike($log, $written_together, 'not if the table has a trigger');
like($log, qr/Update on api_keys .*\n.*Index Scan using api_keys_pkey on api_keys /, 'but each row by its own statement');

# The check can fail.
isnt(complaints('SELECT count(*) FROM apikey.verify_keys()'), '', 'verify_keys() reads the table');

$node->stop;
done_testing();
