/*-------------------------------------------------------------------------
 *
 * model_view_row.h
 *		A row of a model view (create_model_view.c), as its trigger gets it and
 *		returns it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_MODEL_VIEW_ROW_H
#define APIKEY_MODEL_VIEW_ROW_H

#include "access/htup.h"
#include "utils/rel.h"

/* The columns that the trigger reads; the names and types of others are ignored. */
typedef enum ApikeyModelColumn
{
	MODEL_ID,
	MODEL_USER_ID,
	MODEL_NAME,
	MODEL_KEY_TYPE,
	MODEL_VALUE,
	MODEL_EXPIRES_AT,
	MODEL_METADATA,
	MODEL_ENV_VAR,
	MODEL_IS_ACTIVE,
	MODEL_DISABLED_REASON,
	MODEL_DISABLED_AT,
	MODEL_DELETED_AT,
	MODEL_COLUMNS
} ApikeyModelColumn;

typedef struct ApikeyModelView
{
	Relation	view;
	int			columns[MODEL_COLUMNS]; /* the index of each, from 0 */
	Oid			users;			/* whose ids user_id shows; InvalidOid:
								 * user_id is the user id itself */
	Oid			user_id_type;
} ApikeyModelView;

/* All columns of a row, those that the trigger does not read, too. */
typedef struct ApikeyModelRow
{
	Datum	   *values;
	bool	   *nulls;
} ApikeyModelRow;

/*
 * Raise 55000 unless the relation is a view that has the columns and types of
 * one made by create_model_view().
 */
extern void apikey_model_view_read(Relation view, ApikeyModelView *model);

/* The name of a column, for messages. */
extern const char *apikey_model_column_name(ApikeyModelColumn column);

extern ApikeyModelRow apikey_model_row_read(const ApikeyModelView *model, HeapTuple tuple);

/* The value of a column; sets *is_null. */
extern Datum apikey_model_row_get(const ApikeyModelView *model, const ApikeyModelRow *row,
								  ApikeyModelColumn column, bool *is_null);

/* Is the column NULL, or an empty string, which some ORMs send instead? */
extern bool apikey_model_row_is_empty(const ApikeyModelView *model, const ApikeyModelRow *row,
									  ApikeyModelColumn column);

/* Do the two rows differ in the column? */
extern bool apikey_model_row_differs(const ApikeyModelView *model, const ApikeyModelRow *left,
									 const ApikeyModelRow *right, ApikeyModelColumn column);

/*
 * The row as the view shows it now, for RETURNING: that of the user's key with
 * the id (a uuid), read from apikey.keys, and shown_user_id as its user_id.
 * Columns that apikey.keys does not have stay as they are in row; "value" is
 * NULL.
 */
extern HeapTuple apikey_model_row_form(const ApikeyModelView *model, ApikeyModelRow *row,
									   const char *user_id, Datum shown_user_id, Datum id);

#endif							/* APIKEY_MODEL_VIEW_ROW_H */
