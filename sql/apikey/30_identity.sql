-- Identity: whose keys the caller means.

CREATE FUNCTION apikey.current_user_id() RETURNS text
	LANGUAGE C STABLE PARALLEL RESTRICTED
	AS 'MODULE_PATHNAME', 'apikey_current_user_id';
COMMENT ON FUNCTION apikey.current_user_id() IS
'The caller''s identity, as apikey.identity says where it comes from; NULL when there is none. What row-level security compares user_id with.';

CREATE FUNCTION apikey.set_user_id(user_id text) RETURNS text
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_set_user_id';
COMMENT ON FUNCTION apikey.set_user_id(text) IS
'Sets the caller''s identity for the rest of this transaction, and returns it. user_id: 1 to 255 characters without control characters (22023). Call it with a bound parameter, first in each transaction. 55000 where apikey.identity takes the identity from the role or from claims.';

CREATE FUNCTION apikey.set_user_id(user_id bigint) RETURNS text
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_set_user_id_bigint';
COMMENT ON FUNCTION apikey.set_user_id(bigint) IS
'As apikey.set_user_id(text), with the number''s decimal text.';

CREATE FUNCTION apikey.set_user_id(user_id uuid) RETURNS text
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_set_user_id_uuid';
COMMENT ON FUNCTION apikey.set_user_id(uuid) IS
'As apikey.set_user_id(text), with the uuid''s canonical text.';

REVOKE ALL ON FUNCTION apikey.set_user_id(text), apikey.set_user_id(bigint), apikey.set_user_id(uuid) FROM PUBLIC;
