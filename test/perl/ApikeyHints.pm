package ApikeyHints;

# The hints of the source code: what errors, warnings and status() advise.  For
# 155_hints.pl, which follows each of them.

use strict;
use warnings;

use Exporter 'import';
use File::Basename;
use PostgreSQL::Test::Utils;

our @EXPORT = qw(hints_of_source hint_pattern);

# The argument that is a hint, from 0.
my %hint_argument = (
	errhint => 0,
	GUC_check_errhint => 0,
	apikey_refuse_argument => 3,
	apikey_key_source_fail => 2,
	apikey_status_put => 4,
	apikey_value_finding => 3,
	refuse_column => 2,
	fail_command => 2);
my $literal = qr/"((?:[^"\\\n]|\\.)*)"/;

# The arguments of a call, of which the text follows the opening parenthesis.
sub arguments
{
	my ($text) = @_;
	my ($depth, $argument, @arguments) = (1, '');

	while ($text =~ /\G($literal|.)/gcs)
	{
		my $token = $1;

		$depth++ if $token =~ /^[(\[{]$/;
		$depth-- if $token =~ /^[)\]}]$/;
		last if $depth == 0;
		if ($token eq ',' && $depth == 1)
		{
			push(@arguments, $argument);
			$argument = '';
			next;
		}
		$argument .= $token;
	}
	return (@arguments, $argument);
}

# The string literals of an expression, adjacent ones joined.
sub literals
{
	my ($expression) = @_;

	$expression =~ s/"\s*\n?\s*"//g;
	return $expression =~ /$literal/g;
}

# A literal as the text that it stands for.
sub unescape
{
	my ($text) = @_;

	return $text =~ s/\\(.)/$1/gr;
}

sub hints_of_c
{
	my ($text, $macros) = @_;
	my @expressions;

	$text =~ s{/\*.*?\*/}{}gs;
	for my $name (keys %hint_argument)
	{
		while ($text =~ /(?<![\w.])$name\s*\(/g)
		{
			my @arguments = arguments(substr($text, pos($text)));

			push(@expressions, $arguments[ $hint_argument{$name} ] // '');
		}
	}
	# variables and members, tables with a member of that name, and functions that
	# return a hint
	push(@expressions, $1) while $text =~ /\bhint\s*=\s*((?:[^;"]|$literal)*?)[;\n]\s/g;
	push(@expressions, $text =~ /\{[A-Z_]+, ($literal)\}/g) if $text =~ /^\t+const char \*hint;/m;
	push(@expressions, $2 =~ s/append\w*|psprintf//gr) while $text =~ /^(?:\w*hint\w*|\w*advice\w*)\(([^)]*)\)\n\{(.*?)^\}/gms;
	return map { literals($_), map { $macros->{$_} // () } /\b([A-Z][A-Z_]+)\b/g } @expressions;
}

# All hints, each with the file that it is in: text with the placeholders of printf.
sub hints_of_source
{
	my ($top) = @_;
	my (%macros, %hints);
	my %files = map { $_ => slurp_file($_) } glob("$top/src/*/*.[ch]");

	for (values %files)
	{
		$macros{$1} = $2 while /^#define\s+(\w+)\s+$literal/gm;
	}
	for my $file (keys %files)
	{
		$hints{ unescape($_) } = basename($file) for hints_of_c($files{$file}, \%macros);
	}
	# In SQL, a sentence that is no comment on an object.
	for my $file (glob("$top/sql/apikey/*.sql"))
	{
		my $text = slurp_file($file) =~ s/^COMMENT ON .*?;$//gmsr =~ s/--.*$//gmr;

		$hints{ $1 =~ s/''/'/gr } = basename($file)
		  while $text =~ /HINT = (?:format\()?'((?:[^']|'')*)'/g;
		next unless $file =~ /status/;
		$hints{ $1 =~ s/''/'/gr } = basename($file) while $text =~ /'((?:[^'\n]|'')*\.(?:  Run )?)'/g;
	}
	# neither placeholders alone nor parts of a sentence
	delete @hints{ grep { !/^(?:[A-Z]|%s  |apikey\.).* / } keys %hints };
	return %hints;
}

# What a hint looks like in a message.
sub hint_pattern
{
	my ($hint) = @_;

	return join('.*?', map { quotemeta } split(/%[-*.\d]*(?:zu|l*[dus]|I|L)/, $hint, -1));
}

1;
