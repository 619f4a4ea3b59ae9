-- For workers: read the caller's values.

CREATE FUNCTION apikey.reveal_key(name text) RETURNS text
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_reveal_key';
COMMENT ON FUNCTION apikey.reveal_key(text) IS
'The value of a key of the caller. name: the key''s name, or its id as text. KA005: no such key (nor deleted, nor another user''s); KA006: it is expired or disabled; KA003, KA004: the stored value was altered; KA001, KA002: no master key, or not the one needed; KA007: no identity; 40001: the transaction''s snapshot is older than a whole rotation, run it again. Call it once per key, not in a WHERE clause.';
REVOKE ALL ON FUNCTION apikey.reveal_key(text) FROM PUBLIC;

CREATE FUNCTION apikey.reveal_key(id uuid) RETURNS text
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_reveal_key_by_id';
COMMENT ON FUNCTION apikey.reveal_key(uuid) IS
'As apikey.reveal_key(text), the key given by its id.';
REVOKE ALL ON FUNCTION apikey.reveal_key(uuid) FROM PUBLIC;

CREATE FUNCTION apikey.reveal_env(
	names text[] DEFAULT NULL,
	key_types text[] DEFAULT NULL)
	RETURNS jsonb
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_reveal_env';
COMMENT ON FUNCTION apikey.reveal_env(text[], text[]) IS
'What an execution needs: an object with the value of keys of the caller under each of their environment variables. names: keys by name or id; key_types: the usable keys of these types, the newest where two share a variable; both: all of these, a named key before a type''s. Neither: every usable key, the newest where two share a variable; one that does not open is left out with a WARNING. An empty array asks for none. Asked for and absent: KA005; expired or disabled: KA006; two named keys with one variable, or one without any: 22023; each names them all. 40001 as for apikey.reveal_key().';
REVOKE ALL ON FUNCTION apikey.reveal_env(text[], text[]) FROM PUBLIC;
