/*-------------------------------------------------------------------------
 *
 * model_user_id.h
 *		A user id as a model view shows it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_MODEL_USER_ID_H
#define APIKEY_MODEL_USER_ID_H

/*
 * The id, of the given type, of the row of the users table that the user id
 * stands for, in the current memory context; without a users table (InvalidOid),
 * the user id itself, as text.  False if the user id belongs to another linked
 * table.  Raises 22023 if it is not the text of an id of that type.
 */
extern bool apikey_model_user_id_of(const char *user_id, Oid users, Oid type, Datum *id);

#endif							/* APIKEY_MODEL_USER_ID_H */
