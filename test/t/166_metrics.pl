# apikey.metrics in shared memory: it counts what all sessions do, and starts again
# with the server.  The queries for postgres_exporter fit it.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use ApikeyTest;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $python = '/usr/bin/python3';
my ($node, $key_file) = new_node('metrics');

$node->safe_psql('postgres', 'CREATE ROLE exporter LOGIN IN ROLE apikey_monitor');

sub metric
{
	my ($name) = @_;

	return $node->safe_psql('postgres', "SELECT sum(value) FROM apikey.metrics WHERE name = 'apikey_$name'");
}

# ----------------------------------------------------------------------
# Shared memory
# ----------------------------------------------------------------------

is(metric('metrics_shared'), '1', 'the counters are shared');
run_as($node, $_, q{SELECT apikey.create_key('k', 'custom', 'some-value'), apikey.reveal_key('k')}) for 1 .. 5;
run_as($node, 1, q{SELECT apikey.reveal_key('absent')});
is(join(' ', map { metric($_) } qw(creates_total reveals_total refusals_total usage_writes_total)),
	'5 5 1 5', 'what several sessions did is counted');
cmp_ok(metric('key_source_reads_total'), '>=', 5, 'each read the key file');
is(metric('key_source_failures_total'), '0', 'and none failed');

# A source that fails, until it is there again.
rename($key_file, "$key_file.away") or die "could not rename: $!";
is((run_as($node, 1, q{SELECT apikey.reveal_key('k')}))[1], 'KA001', 'no key file');
rename("$key_file.away", $key_file) or die "could not rename: $!";
cmp_ok(metric('key_source_failures_total'), '>=', 1, 'the failure is counted');
cmp_ok(metric('key_source_read_seconds_total'), '>', 0, 'and the time that it took');

# A use with KA001 is undone with the rest of the transaction.
is($node->safe_psql('postgres', 'SELECT sum(uses) FROM apikey.key_usage'), '5', 'no use without a value');

my $since = metric('metrics_start_time_seconds');
$node->restart;
is(metric('reveals_total'), '0', 'a restart sets them to 0');
cmp_ok(metric('metrics_start_time_seconds'), '>', $since, 'which the start time shows');

# Uses survive it, and are written again only after the interval.
run_as($node, 1, q{SELECT apikey.reveal_key('k')});
is($node->safe_psql('postgres', q{SELECT uses FROM apikey.all_keys WHERE user_id = '1'}), '1',
	'a new session knows when the last use was written');

# What has not been collected; before the first time, there is no such row.
is(metric('audit_lag_bytes'), '', 'nothing was ever collected');
$node->safe_psql('postgres', 'CALL apikey.collect_audit()');
my $lag = metric('audit_lag_bytes');
cmp_ok($lag, '>=', 0, 'collected');
$node->safe_psql('postgres', $_) for q{SELECT pg_logical_emit_message(false, 'x', repeat('x', 100000))}, 'CREATE TABLE flushed ()';
cmp_ok(metric('audit_lag_bytes'), '>=', $lag + 100000, 'the write-ahead log goes on');
$node->safe_psql('postgres', 'CALL apikey.collect_audit()');
cmp_ok(metric('audit_lag_bytes'), '<', 100000, 'collected again');
is($node->safe_psql('postgres', q{BEGIN; UPDATE apikey.audit_position SET system_identifier = 1; SELECT count(*) FROM apikey.metrics WHERE name = 'apikey_audit_lag_bytes'}),
	'0', 'a position of another server counts for nothing');

# ----------------------------------------------------------------------
# examples/postgres_exporter.yaml
# ----------------------------------------------------------------------

SKIP:
{
	skip 'python3-yaml is not installed', 1 if system("$python -c 'import yaml' 2>/dev/null") != 0;

	my $output = '';
	IPC::Run::run([ $python, "$FindBin::RealBin/../python/exporter_queries.py",
			"$FindBin::RealBin/../../examples/postgres_exporter.yaml" ], '>', \$output);
	my %offered = ();

	for (@{ decode_json($output) })
	{
		my ($namespace, $query, $columns) = @$_;
		my ($wanted) = $query =~ s/\n*\z//r;
		my $described = $node->safe_psql('postgres', "$wanted \\gdesc", extra_params => [ '-U', 'exporter' ]);

		is(join(' ', sort map { /^(\w+)\|/ } split(/\n/, $described)), join(' ', sort keys %$columns),
			"$namespace: the query has the columns");
		cmp_ok($node->safe_psql('postgres', "SELECT count(*) FROM ($wanted) q", extra_params => [ '-U', 'exporter' ]),
			'>', 0, "$namespace: and rows") unless $namespace eq 'apikey_attention';
		my ($label) = grep { $columns->{$_} eq 'LABEL' } keys %$columns;
		for my $column (grep { $_ ne ($label // '') } keys %$columns)
		{
			my $name = "${namespace}_$column";

			is($columns->{$column}, $name =~ /_total$/ ? 'COUNTER' : 'GAUGE', "$name: its kind");
			$offered{ $name . ($label ? " $label" : '') } = 1;
		}
	}
	delete @offered{ 'apikey_attention_keys reason', 'apikey_status_items severity' };
	is(join("\n", sort keys %offered), $node->safe_psql('postgres',
			q{SELECT DISTINCT concat_ws(' ', name, l.key) COLLATE "C" FROM apikey.metrics
				LEFT JOIN LATERAL jsonb_object_keys(labels) l(key) ON true ORDER BY 1}),
		'each metric of the view has a query, and there is none for anything else');
}

$node->stop;
done_testing();
