package ApikeyMarker;

# A random marker that all values of a test contain, and the search for it: as text,
# in hex, base64 and base64url, and as decimal bytes, in texts and in files.

use strict;
use warnings;

use Exporter 'import';
use File::Find qw(find);
use MIME::Base64 qw(encode_base64);
use Test::More;

use ApikeyTest;

our @EXPORT = qw(marker planted_forms lines_with_marker has_no_marker search_files finds_planted);

my $marker = 'mk' . random_text(30);

# What to search for, and what contains it.  In base64 a text looks different at each
# of three alignments; the characters at both ends depend on the adjacent text, and
# are left out.
my %needles = (
	'text' => $marker,
	'hex' => unpack('H*', $marker),
	'hex in capitals' => uc unpack('H*', $marker),
	'decimal bytes' => join(' ', unpack('C*', $marker)));
my %planted = %needles;

for my $shift (0 .. 2)
{
	my $text = encode_base64(('x' x $shift) . $marker . 'xxx', '');
	my $inner = substr($text, 4, 36);

	$planted{"base64, shifted by $shift"} = $text;
	$needles{"base64, shifted by $shift"} = $inner;
	$planted{"base64url, shifted by $shift"} = $text =~ tr{+/}{-_}r;
	$needles{"base64url, shifted by $shift"} = $inner =~ tr{+/}{-_}r;
}

sub marker
{
	return $marker;
}

# The marker in each form, with what may be around it.
sub planted_forms
{
	return %planted;
}

sub lines_with_marker
{
	my ($text) = @_;
	my @found;

	for my $line (split(/\n/, $text))
	{
		push @found, $line if grep { index($line, $_) >= 0 } values %needles;
	}
	return @found;
}

sub has_no_marker
{
	my ($text, $title) = @_;
	my @found = lines_with_marker($text);

	ok(!@found, $title)
	  or diag(join("\n", map { substr($_, 0, 600) } @found[ 0 .. ($#found > 9 ? 9 : $#found) ]));
	return;
}

# Where the marker is found, below directories or in files: files by form; and how
# many files there are.
sub search_files
{
	my (@roots) = @_;
	my %found;
	my $count = 0;

	find(
		{
			no_chdir => 1,
			wanted => sub {
				return if -l $_ || !-f $_;
				open(my $file, '<:raw', $_) or die "could not read $_: $!";
				local $/ = undef;
				my $content = <$file> // '';
				close($file);
				$count++;
				for my $form (keys %needles)
				{
					push @{ $found{$form} }, $File::Find::name
					  if index($content, $needles{$form}) >= 0;
				}
			}
		},
		@roots);
	return (\%found, $count);
}

# The search finds what is there: each form, in a text.
sub finds_planted
{
	for my $form (sort keys %planted)
	{
		is(scalar(lines_with_marker("a\nx$planted{$form}x\nb")), 1,
			"the search finds the marker as $form");
	}
	return;
}

1;
