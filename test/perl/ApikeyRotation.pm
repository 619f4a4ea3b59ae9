package ApikeyRotation;

# What the tests of rotation share: running reencrypt_keys() in the background, and
# checking its results.

use strict;
use warnings;

use Exporter 'import';
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

our @EXPORT = qw(start_sql finish_sql wait_for rows_left check_rows);

# Run a statement in a separate session, in the background.  The test ends if it
# times out.
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

# Wait for the statement to end; returns its output.
sub finish_sql
{
	my ($run) = @_;

	$run->{handle}->finish;
	return $run->{out};
}

# Wait until a query returns "t"; false if it does not within a minute.
sub wait_for
{
	my ($node, $sql) = @_;

	for (1 .. 1800)
	{
		return 1 if $node->safe_psql('postgres', $sql) eq 't';
		usleep(100_000);
	}
	return 0;
}

# The number of rows that do not use the newest active data key.
sub rows_left
{
	my ($node) = @_;

	return $node->safe_psql('postgres',
		q{SELECT count(*) FROM apikey.api_keys WHERE apikey.data_key_id(encrypted_value) <>
			(SELECT id FROM apikey.data_keys WHERE purpose = 'value' AND deactivated_at IS NULL ORDER BY created_at DESC LIMIT 1)}
	);
}

# Every row can be decrypted, with a data key that exists.
sub check_rows
{
	my ($node, $title) = @_;

	is($node->safe_psql('postgres', 'SELECT * FROM apikey.verify_keys()'),
		'', "$title: every row can be decrypted");
	is( $node->safe_psql(
			'postgres',
			q{SELECT count(*) FROM apikey.api_keys WHERE apikey.data_key_id(encrypted_value)
				NOT IN (SELECT id FROM apikey.data_keys WHERE destroyed_at IS NULL)}),
		'0',
		"$title: with a data key that exists");
	return;
}

1;
