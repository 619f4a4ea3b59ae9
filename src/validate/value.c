/*-------------------------------------------------------------------------
 *
 * value.c
 *		Validation of a value before it is stored.
 *
 * This file defines the order of the checks, and reports their findings.  The
 * checks read the value in place, and no finding contains it or a part of
 * it.  Validation itself raises an error only if a pattern does not compile,
 * the query is cancelled, or the key types cannot be read.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/errors.h"
#include "validate/value.h"
#include "validate/value_characters.h"
#include "validate/value_finding.h"
#include "validate/value_format.h"
#include "validate/value_mask.h"
#include "validate/value_plausibility.h"
#include "validate/value_special.h"

/* Reorder the findings: errors first. */
static List *
errors_first(List *findings)
{
	List	   *errors = NIL;
	List	   *warnings = NIL;
	ListCell   *cell;

	foreach(cell, findings)
	{
		if (((ApikeyFinding *) lfirst(cell))->is_error)
			errors = lappend(errors, lfirst(cell));
		else
			warnings = lappend(warnings, lfirst(cell));
	}
	return list_concat(errors, warnings);
}

/* What is refused in every type, whatever its format; NULL if nothing. */
static ApikeyFinding *
check_unconditionally(const ApikeyKeyType *type, const char *value, size_t len)
{
	ApikeyFinding *finding = apikey_value_check_length(len);

	/* "A template" is more helpful than "contains white space". */
	if (finding == NULL)
		finding = apikey_value_check_mask(type, value, len);
	if (finding == NULL)
		finding = apikey_value_check_characters(type, value, len);
	return finding;
}

List *
apikey_value_validate(const ApikeyKeyType *type, const char *value, size_t len)
{
	ApikeyFinding *finding = check_unconditionally(type, value, len);
	List	   *findings = NIL;

	if (finding != NULL)
		return list_make1(finding);

	/* A character that only looks right also spoils the format. */
	finding = apikey_value_check_ascii(type, value, len);
	if (finding == NULL)
		finding = apikey_value_check_format(type, value, len);
	if (finding != NULL)
		findings = list_make1(finding);
	if (finding == NULL || !finding->is_error)
		findings = list_concat(findings, apikey_value_check_special(type, value, len));
	findings = list_concat(findings, apikey_value_check_plausibility(type, value, len));
	return errors_first(findings);
}

bool
apikey_value_has_error(const List *findings)
{
	return findings != NIL && ((ApikeyFinding *) linitial(findings))->is_error;
}

/* What check_format => false leaves. */
static List *
validate_unformatted(const ApikeyKeyType *type, const char *value, size_t len)
{
	ApikeyFinding *finding = check_unconditionally(type, value, len);

	return finding != NULL ? list_make1(finding) : NIL;
}

/*
 * For the hint of an error: how to store the value in spite of it, unless it
 * would be refused without its format being checked, too.
 */
static const char *
advise_unchecked(const ApikeyKeyType *type, const char *value, size_t len)
{
	return validate_unformatted(type, value, len) == NIL ?
		"  To store the value anyway, call a function such as apikey.create_key() with check_format => false." : "";
}

/*
 * Errors come first in the list, so there are no warnings about a value that
 * is then refused.
 */
void
apikey_value_require_valid(const ApikeyKeyType *type, const char *value, size_t len,
						   const char *argument, bool check_format)
{
	List	   *findings = check_format ?
	apikey_value_validate(type, value, len) :
	validate_unformatted(type, value, len);
	ListCell   *cell;

	foreach(cell, findings)
	{
		const ApikeyFinding *finding = lfirst(cell);

		if (finding->is_error)
			ereport(ERROR,
					(errcode(ERRCODE_APIKEY_VALUE_REFUSED),
					 errmsg("%s", finding->message),
					 errhint("%s%s", finding->hint,
							 advise_unchecked(type, value, len)),
					 apikey_err_argument(argument)));
		apikey_warn_argument(argument, finding->message, finding->hint);
	}
}
