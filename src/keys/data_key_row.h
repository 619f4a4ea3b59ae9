/*-------------------------------------------------------------------------
 *
 * data_key_row.h
 *		Reading the rows of apikey.data_keys.  For data_key_cache.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_DATA_KEY_ROW_H
#define APIKEY_DATA_KEY_ROW_H

#include "core/keys.h"

/* What is read of a row. */
typedef struct ApikeyDataKeyRow
{
	uint8_t		id[APIKEY_DATA_KEY_ID_SIZE];
	char	   *purpose;
	bool		active;			/* neither deactivated nor destroyed */
	bool		lost;			/* abandoned as lost */
	bytea	   *wrapped;		/* NULL once destroyed */
} ApikeyDataKeyRow;

/*
 * Read the row with an id, as it is committed now or was changed by this
 * transaction, into the current memory context; false if there is none.
 */
extern bool apikey_data_key_row_read(const uint8_t *id, ApikeyDataKeyRow *row);

/*
 * The same of all data keys that are not destroyed, the newest first.  *rows is
 * palloc'ed; returns how many there are.
 */
extern int	apikey_data_key_row_read_all(ApikeyDataKeyRow **rows);

#endif							/* APIKEY_DATA_KEY_ROW_H */
