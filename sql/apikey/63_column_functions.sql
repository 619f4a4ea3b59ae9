-- For columns of other tables.  Granted to nobody until an administrator grants them.

CREATE FUNCTION apikey.encrypt(value text, context text) RETURNS apikey.encrypted
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_encrypt';
COMMENT ON FUNCTION apikey.encrypt(text, text) IS
'Encrypts a value for a column of type apikey.encrypted. context: what the value belongs to (for example, a table, column and row); decrypt() requires the same. NULL for a NULL value. 22023: context is NULL; 55000: no data key for columns exists, create one with apikey.rotate_data_key(''column''); KA001: no master key is available; KA002: wrong master key.';
REVOKE ALL ON FUNCTION apikey.encrypt(text, text) FROM PUBLIC;

CREATE FUNCTION apikey.decrypt(encrypted apikey.encrypted, context text) RETURNS text
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_decrypt';
COMMENT ON FUNCTION apikey.decrypt(apikey.encrypted, text) IS
'Returns the value that was given to apikey.encrypt(). NULL for a NULL value. 22023: context is NULL; KA003: the value was altered, or belongs to another context (no context decrypts a stored key); KA004: the value is damaged; KA001: no master key is available; KA002: wrong master key.';
REVOKE ALL ON FUNCTION apikey.decrypt(apikey.encrypted, text) FROM PUBLIC;
