/*-------------------------------------------------------------------------
 *
 * key_columns.h
 *		The columns of apikey.api_keys that make an ApikeyKeyRow.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_KEY_COLUMNS_H
#define APIKEY_KEY_COLUMNS_H

/* The columns that apikey_key_row_read() expects in the rows of a statement. */
#define APIKEY_KEY_ROW_COLUMNS \
	APIKEY_KEY_ROW_SEALED_COLUMNS ", env_var, metadata, expires_at," \
	" disabled_at IS NOT NULL, deleted_at IS NOT NULL, hint"

/* The same, in the same order. */
typedef enum ApikeyKeyColumn
{
	APIKEY_KEY_USER_ID,
	APIKEY_KEY_ID,
	APIKEY_KEY_NAME,
	APIKEY_KEY_TYPE,
	APIKEY_KEY_ENCRYPTED_VALUE,
	APIKEY_KEY_ENV_VAR,
	APIKEY_KEY_METADATA,
	APIKEY_KEY_EXPIRES_AT,
	APIKEY_KEY_IS_DISABLED,
	APIKEY_KEY_IS_DELETED,
	APIKEY_KEY_HINT
} ApikeyKeyColumn;

#define APIKEY_KEY_COLUMNS (APIKEY_KEY_HINT + 1)

typedef struct ApikeyKeyColumns
{
	Datum		values[APIKEY_KEY_COLUMNS];
	bool		nulls[APIKEY_KEY_COLUMNS];
} ApikeyKeyColumns;

/* Only those needed to decrypt the value; the rest of ApikeyKeyRow is then 0. */
#define APIKEY_KEY_ROW_SEALED_COLUMNS \
	"user_id, id, name, key_type, encrypted_value"

#endif							/* APIKEY_KEY_COLUMNS_H */
