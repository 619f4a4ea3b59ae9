/*-------------------------------------------------------------------------
 *
 * data_key.h
 *		The data keys, unwrapped.
 *
 * A key that a function here returns is valid until the next call of any of
 * them: use it at once, with nothing between that could call them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_DATA_KEY_H
#define APIKEY_DATA_KEY_H

#include "utils/uuid.h"

#include "core/keys.h"
#include "keys/data_key_state.h"

/* Purposes of a data key. */
#define APIKEY_PURPOSE_VALUE	"value"
#define APIKEY_PURPOSE_COLUMN	"column"

/*
 * Find a data key by id (APIKEY_DATA_KEY_ID_SIZE bytes) and purpose, for
 * decryption.  *key is set for APIKEY_DATA_KEY_OPEN, else NULL.  Raises no
 * error about the key itself.
 */
extern ApikeyDataKeyState apikey_data_key_lookup(const uint8_t *id,
												 const char *purpose,
												 const ApikeyDataKey **key);

/* The same; KA001, KA002 or KA003 in every other state. */
extern const ApikeyDataKey *apikey_data_key_get(const uint8_t *id,
												const char *purpose);

/* The same, for a caller that is not decrypting a value. */
extern const ApikeyDataKey *apikey_data_key_require(const uint8_t *id,
													const char *purpose);

/*
 * The newest active data key of a purpose, for encryption; NULL if there is no
 * active one.  Raises KA001, KA002 or KA003 if it cannot be unwrapped.
 */
extern const ApikeyDataKey *apikey_data_key_active(const char *purpose);

/*
 * The same for purpose "value"; if there is none, makes it in this transaction
 * and without a lock (doc/design.md, Locks).  The caller holds ROW EXCLUSIVE on
 * api_keys.
 */
extern const ApikeyDataKey *apikey_data_key_active_or_new(void);

/*
 * What a state of apikey_data_key_lookup() means, as a sentence for a report;
 * palloc'ed.  NULL for APIKEY_DATA_KEY_OPEN.  May read the table.
 */
extern char *apikey_data_key_problem(ApikeyDataKeyState state, const uint8_t *id);

/*
 * Make a new active data key, wrapped with the primary master key, in this
 * transaction; *id is set to its id.  Raises 55000 where none may be made, KA001
 * without a master key, and KA002 if no data key can be unwrapped and one needs a
 * master key that is not available.
 */
extern void apikey_data_key_create(const char *purpose, pg_uuid_t *id);

/* apikey.create_data_keys */
extern bool apikey_data_key_creation_is_on(void);

/* Define that setting; called once, by _PG_init. */
extern void apikey_data_key_create_init(void);

/*
 * The fingerprints of a value with each data key of purpose "value"
 * that is neither destroyed nor lost, committed changes of other sessions
 * included.
 * *fingerprints is palloc'ed and holds APIKEY_FINGERPRINT_SIZE bytes for each.
 * Returns how many.  If complete, raises KA001, KA002 or KA003 if one of the keys
 * cannot be unwrapped, since rows encrypted with it would be missed; otherwise
 * leaves such keys out.
 */
extern int	apikey_data_key_all_fingerprints(const void *value, size_t len,
											 bool complete,
											 uint8_t **fingerprints);

/*
 * Is a data key marked as lost, destroyed or absent?  Reads no master key, so a
 * key that is not lost need not be available.
 */
extern bool apikey_data_key_is_lost(const uint8_t *id);

/*
 * Read the rows again, though no change is known: for a caller that must not
 * rely on an older state of them.
 */
extern void apikey_data_key_reload(void);

/*
 * A number that changes when the committed data keys do: while it is the same, each
 * value has the same fingerprints.  Raises what reading the data keys raises.
 */
extern uint64 apikey_data_key_version(void);

#endif							/* APIKEY_DATA_KEY_H */
