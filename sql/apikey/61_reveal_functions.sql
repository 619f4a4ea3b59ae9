-- For workers: read the caller's values.

CREATE FUNCTION apikey.reveal_key(name text) RETURNS text
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_reveal_key';
COMMENT ON FUNCTION apikey.reveal_key(text) IS
'Returns the value of a key of the caller. name: the key''s name, or its id as text. KA005: no such key (it does not exist, is deleted, or is another user''s); KA006: it has expired or is disabled; KA003, KA004: the stored value was altered; KA001: no master key is available; KA002: wrong master key; KA007: no identity; 40001: the transaction''s snapshot is older than a complete rotation, run the transaction again. Call it once for each key, not in a WHERE clause.';
REVOKE ALL ON FUNCTION apikey.reveal_key(text) FROM PUBLIC;

CREATE FUNCTION apikey.reveal_key(id uuid) RETURNS text
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_reveal_key_by_id';
COMMENT ON FUNCTION apikey.reveal_key(uuid) IS
'As apikey.reveal_key(text), with the key given by its id.';
REVOKE ALL ON FUNCTION apikey.reveal_key(uuid) FROM PUBLIC;

CREATE FUNCTION apikey.reveal_env(
	names text[] DEFAULT NULL,
	key_types text[] DEFAULT NULL)
	RETURNS jsonb
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_reveal_env';
COMMENT ON FUNCTION apikey.reveal_env(text[], text[]) IS
'Returns what a program needs: a JSON object with the values of keys of the caller, under each of their environment variables. names: keys by name or id; key_types: the usable keys of these types; both: all of these. Neither: every usable key; a key that cannot be decrypted is left out, with a WARNING. An empty array asks for none. Where two keys share a variable, a named key takes precedence over one of a type, then one whose own variable it is or whose type lists it first, then the newer one. KA005: a requested key does not exist; KA006: a requested key has expired or is disabled; 22023: two named keys share a variable, or a named key has none; each error names all such keys. Otherwise raises the same errors as apikey.reveal_key().';
REVOKE ALL ON FUNCTION apikey.reveal_env(text[], text[]) FROM PUBLIC;
