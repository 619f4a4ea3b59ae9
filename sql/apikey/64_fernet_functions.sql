-- Fernet tokens, to exchange with Python's cryptography.  Granted to nobody until
-- an administrator grants them.

CREATE FUNCTION apikey.fernet_encrypt(value text) RETURNS text
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_fernet_encrypt';
COMMENT ON FUNCTION apikey.fernet_encrypt(text) IS
'Encrypts a value with the first key of apikey.fernet_key_source and returns the Fernet token, which contains the current time. KA001: no Fernet key is available. NULL for a NULL value.';
REVOKE ALL ON FUNCTION apikey.fernet_encrypt(text) FROM PUBLIC;

CREATE FUNCTION apikey.fernet_decrypt(token text, max_age interval DEFAULT NULL) RETURNS text
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_fernet_decrypt';
COMMENT ON FUNCTION apikey.fernet_decrypt(text, interval) IS
'Returns the value of a Fernet token, decrypted with any key of apikey.fernet_key_source. max_age: the maximum age, in whole seconds (a day has 24 hours, a month 30 days); NULL: any age. KA004: not a token; KA003: no key decrypts it (the detail has the fingerprints of the keys tried); KA001: no Fernet key is available; KA006: older than max_age or, if max_age is given, from more than 60 seconds in the future; 22021: the value is not text in UTF-8; 22P05: it contains characters that the database encoding cannot represent; 22023: max_age is negative. NULL for a NULL token.';
REVOKE ALL ON FUNCTION apikey.fernet_decrypt(text, interval) FROM PUBLIC;

CREATE FUNCTION apikey.fernet_rotate(token text) RETURNS text
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_fernet_rotate';
COMMENT ON FUNCTION apikey.fernet_rotate(text) IS
'Returns a token with the same value and the same time, encrypted with the first key of apikey.fernet_key_source, as MultiFernet.rotate() does; the value is not revealed, and may be any bytes. Raises the same errors as apikey.fernet_decrypt(). NULL for a NULL token.';
REVOKE ALL ON FUNCTION apikey.fernet_rotate(text) FROM PUBLIC;
