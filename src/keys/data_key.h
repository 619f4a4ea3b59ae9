/*-------------------------------------------------------------------------
 *
 * data_key.h
 *		The data keys, unwrapped: a cache of this backend.
 *
 * A key that a function here returns is valid until the next call of any of
 * them: use it at once, with nothing between that could read the catalogue.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_DATA_KEY_H
#define APIKEY_DATA_KEY_H

#include "utils/uuid.h"

#include "core/keys.h"

/* Purposes of a data key. */
#define APIKEY_PURPOSE_VALUE	"value"
#define APIKEY_PURPOSE_COLUMN	"column"

typedef enum ApikeyDataKeyState
{
	APIKEY_DATA_KEY_OPEN,
	APIKEY_DATA_KEY_ABSENT,		/* no such data key */
	APIKEY_DATA_KEY_DESTROYED,	/* retired: its wrapped key is gone */
	APIKEY_DATA_KEY_FOREIGN,	/* wrapped under a master key not given */
	APIKEY_DATA_KEY_DAMAGED,	/* the wrap does not open under its master key */
	APIKEY_DATA_KEY_NO_MASTER	/* there is no master key at all */
} ApikeyDataKeyState;

/*
 * Find a data key by id and purpose, for reading.  *key is set only for
 * APIKEY_DATA_KEY_OPEN.  Never raises for the want of a key.
 */
extern ApikeyDataKeyState apikey_data_key_lookup(const uint8_t *id,
												 const char *purpose,
												 const ApikeyDataKey **key);

/* The same, raising KA001, KA002 or KA003 when it does not open. */
extern const ApikeyDataKey *apikey_data_key_get(const uint8_t *id,
												const char *purpose);

/* Raise the same where the data key itself is wanted, and no value. */
extern void apikey_data_key_require(const uint8_t *id, const char *purpose);

/*
 * The newest active key of a purpose, for writing; NULL when there are none
 * at all.  Raises KA001, KA002 or KA003 when there are some and it cannot be
 * used.
 */
extern const ApikeyDataKey *apikey_data_key_active(const char *purpose);

/*
 * The same for purpose "value", making the first one when there is none, in
 * this transaction and without a lock.  The caller holds ROW EXCLUSIVE on
 * api_keys already.
 */
extern const ApikeyDataKey *apikey_data_key_active_or_new(void);

/*
 * What apikey_data_key_lookup() told, as a sentence for a report; palloc'ed.
 */
extern char *apikey_data_key_problem(ApikeyDataKeyState state, const uint8_t *id);

/*
 * Make a new active data key under the primary master key, in this
 * transaction; *id gets its id.  Raises KA001, or KA002 when no data key opens
 * and one needs a master key that is not at hand.
 */
extern void apikey_data_key_create(const char *purpose, pg_uuid_t *id);

/*
 * The fingerprints that a value has under each live data key of purpose
 * "value": *fingerprints is palloc'ed and holds APIKEY_FINGERPRINT_SIZE bytes
 * for each.  Returns how many.  Takes in first what others have committed.  Raises KA001, KA002 or KA003 when a live key
 * does not open, since rows under it would be missed.
 */
extern int	apikey_data_key_all_fingerprints(const void *value, size_t len,
											 uint8_t **fingerprints);

/*
 * Have the rows read anew, though no change is known: for what must not rest
 * on an older state of them.
 */
extern void apikey_data_key_reload(void);

#endif							/* APIKEY_DATA_KEY_H */
