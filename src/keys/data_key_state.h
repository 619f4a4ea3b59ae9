/*-------------------------------------------------------------------------
 *
 * data_key_state.h
 *		Whether a data key can be used, and if not, why.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_DATA_KEY_STATE_H
#define APIKEY_DATA_KEY_STATE_H

typedef enum ApikeyDataKeyState
{
	APIKEY_DATA_KEY_OPEN,
	APIKEY_DATA_KEY_ABSENT,		/* no such data key */
	APIKEY_DATA_KEY_DESTROYED,	/* retired: its wrapped key is gone */
	APIKEY_DATA_KEY_FOREIGN,	/* its master key is not available */
	APIKEY_DATA_KEY_LOST,		/* abandoned, being foreign or damaged */
	APIKEY_DATA_KEY_DAMAGED,	/* its master key does not unwrap it */
	APIKEY_DATA_KEY_NO_MASTER	/* no master key is available */
} ApikeyDataKeyState;

#endif							/* APIKEY_DATA_KEY_STATE_H */
