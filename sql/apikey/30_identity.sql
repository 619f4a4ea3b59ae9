-- Identity: the user for whom the caller acts.

CREATE FUNCTION apikey.current_user_id() RETURNS text
	LANGUAGE C STABLE PARALLEL RESTRICTED
	AS 'MODULE_PATHNAME', 'apikey_current_user_id';
COMMENT ON FUNCTION apikey.current_user_id() IS
'Returns the caller''s identity, from the source that the setting apikey.identity names; NULL when there is none. Row-level security compares user_id with it.';

CREATE FUNCTION apikey.set_user_id(user_id text) RETURNS text
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_set_user_id';
COMMENT ON FUNCTION apikey.set_user_id(text) IS
'Sets the caller''s identity for the rest of this transaction, and returns it. user_id: 1 to 255 characters, no control or invisible characters, and no white space at either end (22023). Call it with a bound parameter at the start of each transaction, or in FROM of the statement that needs it. KA007: this statement has already used another identity; 55000: apikey.identity takes the identity from the role or from claims.';

CREATE FUNCTION apikey.set_user_id(user_id bigint) RETURNS text
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_set_user_id_bigint';
COMMENT ON FUNCTION apikey.set_user_id(bigint) IS
'Same as apikey.set_user_id(text), with the decimal text of the number.';

CREATE FUNCTION apikey.set_user_id(user_id uuid) RETURNS text
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_set_user_id_uuid';
COMMENT ON FUNCTION apikey.set_user_id(uuid) IS
'Same as apikey.set_user_id(text), with the canonical text of the uuid.';

REVOKE ALL ON FUNCTION apikey.set_user_id(text), apikey.set_user_id(bigint), apikey.set_user_id(uuid) FROM PUBLIC;
