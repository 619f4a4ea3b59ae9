/*-------------------------------------------------------------------------
 *
 * counter.h
 *		Counters of what happens, for monitoring; apikey.metrics shows them.
 *
 * When the library is preloaded, they are in shared memory and count for the
 * whole server, since its start or the last crash of a backend.  Otherwise each
 * backend has its own, since it loaded the library.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_COUNTER_H
#define APIKEY_COUNTER_H

#include "utils/timestamp.h"

#define APIKEY_COUNTER(symbol, name, label, label_value, unit) APIKEY_COUNT_##symbol,
typedef enum ApikeyCounter
{
#include "base/counter_list.h"
	APIKEY_COUNTERS				/* how many there are */
} ApikeyCounter;
#undef APIKEY_COUNTER

typedef struct ApikeyCounterInfo
{
	const char *name;
	const char *label;			/* NULL: none */
	const char *label_value;
	double		unit;			/* divide the counter by this */
} ApikeyCounterInfo;

/* Indexed by ApikeyCounter. */
extern const ApikeyCounterInfo apikey_counter_info[APIKEY_COUNTERS];

/* Add to a counter; never fails. */
extern void apikey_count_add(ApikeyCounter counter, uint64 number);

static inline void
apikey_count(ApikeyCounter counter)
{
	apikey_count_add(counter, 1);
}

/* Count an error that the extension raises. */
extern void apikey_count_refusal(int sqlerrcode);

/* The present value of a counter. */
extern uint64 apikey_counter_read(ApikeyCounter counter);

/* Are these the counters of the whole server, and since when? */
extern bool apikey_counters_are_shared(void);
extern TimestampTz apikey_counters_since(void);

/* Have the memory allocated; called once, by _PG_init. */
extern void apikey_counter_init(void);

#endif							/* APIKEY_COUNTER_H */
