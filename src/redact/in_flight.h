/*-------------------------------------------------------------------------
 *
 * in_flight.h
 *		The values that the current statement has stored or revealed.
 *
 * PostgreSQL may quote one in any message of the statement.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_IN_FLIGHT_H
#define APIKEY_IN_FLIGHT_H

/* Remember a copy of a value; of a long one, its beginning.  Raises nothing. */
extern void apikey_in_flight_add(const char *value, size_t len);

/* Has the current statement none?  Raises nothing. */
extern bool apikey_in_flight_is_empty(void);

/*
 * Hide (core/hidden_text.h) the values in a text; returns whether there was one.
 * Raises nothing.
 */
extern bool apikey_in_flight_hide(char *text, size_t len);

/* Called once, by _PG_init. */
extern void apikey_in_flight_init(void);

#endif							/* APIKEY_IN_FLIGHT_H */
