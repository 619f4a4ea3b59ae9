/*-------------------------------------------------------------------------
 *
 * key_read_event.c
 *		The events of reading key sources; see key_read_event.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "audit/audit.h"
#include "keys/key_read_event.h"

void
apikey_key_read_event(ApikeyKeyKind kind, const char *source, bool ok,
					  const ApikeyKeySourceError *error)
{
	if (ok || !error->interrupted)
		apikey_audit_source_read(kind == APIKEY_KEY_MASTER ? APIKEY_ACTION_READ_MASTER_KEY :
								 APIKEY_ACTION_READ_FERNET_KEY,
								 apikey_key_source_scheme(source), ok);
}
