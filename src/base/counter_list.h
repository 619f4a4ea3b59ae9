/*-------------------------------------------------------------------------
 *
 * counter_list.h
 *		The counters of apikey.metrics, one line for each; see counter.h.
 *
 * APIKEY_COUNTER(symbol, name, label, label value, unit)
 *
 * Included with that macro defined, several times, so without an include guard.
 * name follows the conventions of Prometheus; counters that have it in common
 * differ in the value of their label, which may be NULL as the label is.  The
 * view shows the counter divided by unit: 1, or 1e6 for seconds that are counted
 * in microseconds.  A new counter is a line here, and a query in
 * examples/postgres_exporter.yaml if its name is new.
 *
 *-------------------------------------------------------------------------
 */

/* What functions did, also in transactions that were rolled back. */
APIKEY_COUNTER(CREATES, "apikey_creates_total", NULL, NULL, 1)
APIKEY_COUNTER(REVEALS_KEY, "apikey_reveals_total", "function", "reveal_key", 1)
APIKEY_COUNTER(REVEALS_ENV, "apikey_reveals_total", "function", "reveal_env", 1)
APIKEY_COUNTER(REENCRYPTIONS, "apikey_reencryptions_total", NULL, NULL, 1)

/* Errors raised by the extension.  The last one is for all other SQLSTATEs. */
APIKEY_COUNTER(REFUSALS_FIRST, "apikey_refusals_total", "sqlstate", "KA001", 1)
APIKEY_COUNTER(REFUSALS_KA002, "apikey_refusals_total", "sqlstate", "KA002", 1)
APIKEY_COUNTER(REFUSALS_KA003, "apikey_refusals_total", "sqlstate", "KA003", 1)
APIKEY_COUNTER(REFUSALS_KA004, "apikey_refusals_total", "sqlstate", "KA004", 1)
APIKEY_COUNTER(REFUSALS_KA005, "apikey_refusals_total", "sqlstate", "KA005", 1)
APIKEY_COUNTER(REFUSALS_KA006, "apikey_refusals_total", "sqlstate", "KA006", 1)
APIKEY_COUNTER(REFUSALS_KA007, "apikey_refusals_total", "sqlstate", "KA007", 1)
APIKEY_COUNTER(REFUSALS_KA008, "apikey_refusals_total", "sqlstate", "KA008", 1)
APIKEY_COUNTER(REFUSALS_22023, "apikey_refusals_total", "sqlstate", "22023", 1)
APIKEY_COUNTER(REFUSALS_23505, "apikey_refusals_total", "sqlstate", "23505", 1)
APIKEY_COUNTER(REFUSALS_40001, "apikey_refusals_total", "sqlstate", "40001", 1)
APIKEY_COUNTER(REFUSALS_42501, "apikey_refusals_total", "sqlstate", "42501", 1)
APIKEY_COUNTER(REFUSALS_54000, "apikey_refusals_total", "sqlstate", "54000", 1)
APIKEY_COUNTER(REFUSALS_55000, "apikey_refusals_total", "sqlstate", "55000", 1)
APIKEY_COUNTER(REFUSALS_OTHER, "apikey_refusals_total", "sqlstate", "other", 1)

/* Attempts to read a key source, the failed ones among them, and how long they took. */
APIKEY_COUNTER(SOURCE_READS, "apikey_key_source_reads_total", NULL, NULL, 1)
APIKEY_COUNTER(SOURCE_FAILURES, "apikey_key_source_failures_total", NULL, NULL, 1)
APIKEY_COUNTER(SOURCE_TIME, "apikey_key_source_read_seconds_total", NULL, NULL, 1e6)

/* How often a session's cache read its table, or compiled the pattern of a type. */
APIKEY_COUNTER(LOADS_DATA_KEYS, "apikey_cache_loads_total", "cache", "data_keys", 1)
APIKEY_COUNTER(LOADS_KEY_TYPES, "apikey_cache_loads_total", "cache", "key_types", 1)
APIKEY_COUNTER(LOADS_PATTERNS, "apikey_cache_loads_total", "cache", "patterns", 1)
APIKEY_COUNTER(LOADS_USER_LINKS, "apikey_cache_loads_total", "cache", "user_links", 1)

/* Keys that were looked up in an index, without a statement. */
APIKEY_COUNTER(LOOKUPS_DIRECT, "apikey_direct_lookups_total", NULL, NULL, 1)

/* Records of the trace. */
APIKEY_COUNTER(AUDIT_LOG, "apikey_audit_events_total", "target", "log", 1)
APIKEY_COUNTER(AUDIT_WAL, "apikey_audit_events_total", "target", "wal", 1)

/* Writes to apikey.key_usage. */
APIKEY_COUNTER(USAGE_WRITES, "apikey_usage_writes_total", NULL, NULL, 1)
APIKEY_COUNTER(USAGE_FAILURES, "apikey_usage_write_failures_total", NULL, NULL, 1)
APIKEY_COUNTER(USAGE_ROLLBACKS, "apikey_usage_rollbacks_total", NULL, NULL, 1)
