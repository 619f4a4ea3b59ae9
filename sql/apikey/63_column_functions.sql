-- For columns of other tables.  Granted to nobody until an administrator does.

CREATE FUNCTION apikey.encrypt(value text, context text) RETURNS apikey.encrypted
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_encrypt';
COMMENT ON FUNCTION apikey.encrypt(text, text) IS
'Encrypts a value for a column of type apikey.encrypted. context: what the value belongs to (a table, column and row, say); decrypt() wants the same. 55000 before rotate_data_key(''column'') has made a data key; 22023: NULL context. NULL for a NULL value.';
REVOKE ALL ON FUNCTION apikey.encrypt(text, text) FROM PUBLIC;

CREATE FUNCTION apikey.decrypt(encrypted apikey.encrypted, context text) RETURNS text
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_decrypt';
COMMENT ON FUNCTION apikey.decrypt(apikey.encrypted, text) IS
'The value that apikey.encrypt() was given. KA003: altered, or another context; no context opens a stored key. NULL for a NULL value.';
REVOKE ALL ON FUNCTION apikey.decrypt(apikey.encrypted, text) FROM PUBLIC;
