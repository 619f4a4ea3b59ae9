package ApikeyRotation;

# What the tests of rotation share: a run of reencrypt_keys() in the
# background, and the look at what it left.

use strict;
use warnings;

use Exporter 'import';
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

our @EXPORT = qw(start_sql finish_sql wait_for rows_left check_rows);

# Run a statement in a session of its own, in the background.  One that does not
# end in time ends the test.
sub start_sql
{
	my ($node, $sql) = @_;
	my %run = (out => '');

	$run{handle} = IPC::Run::start(
		[ 'psql', '-X', '-q', '-v', 'VERBOSITY=verbose', '-d', $node->connstr('postgres'), '-c', $sql ],
		'<' => \undef,
		'&>' => \$run{out},
		IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
	return \%run;
}

# Wait for its end; what it printed.
sub finish_sql
{
	my ($run) = @_;

	$run->{handle}->finish;
	return $run->{out};
}

# Wait until a query answers "t"; false when it does not within a minute.
sub wait_for
{
	my ($node, $sql) = @_;

	for (1 .. 600)
	{
		return 1 if $node->safe_psql('postgres', $sql) eq 't';
		usleep(100_000);
	}
	return 0;
}

# Rows that are not under the newest active data key.
sub rows_left
{
	my ($node) = @_;

	return $node->safe_psql('postgres',
		q{SELECT count(*) FROM apikey.api_keys WHERE apikey.data_key_id(encrypted_value) <>
			(SELECT id FROM apikey.data_keys WHERE purpose = 'value' AND deactivated_at IS NULL ORDER BY created_at DESC LIMIT 1)}
	);
}

# Every row opens, under a data key that is there.
sub check_rows
{
	my ($node, $title) = @_;

	is($node->safe_psql('postgres', 'SELECT * FROM apikey.verify_keys()'),
		'', "$title: every row opens");
	is( $node->safe_psql(
			'postgres',
			q{SELECT count(*) FROM apikey.api_keys WHERE apikey.data_key_id(encrypted_value)
				NOT IN (SELECT id FROM apikey.data_keys WHERE destroyed_at IS NULL)}),
		'0',
		"$title: under a data key that is there");
	return;
}

1;
