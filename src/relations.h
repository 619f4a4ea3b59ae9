/*-------------------------------------------------------------------------
 *
 * relations.h
 *		OIDs of the extension's tables, and word of their changes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_RELATIONS_H
#define APIKEY_RELATIONS_H

/* The OID of a table in schema apikey; 55000 when the extension is absent. */
extern Oid	apikey_relation(const char *name);

#endif							/* APIKEY_RELATIONS_H */
