-- Fernet tokens, for what Python's cryptography has written or is to read.
-- Granted to nobody until an administrator does.

CREATE FUNCTION apikey.fernet_encrypt(value text) RETURNS text
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_fernet_encrypt';
COMMENT ON FUNCTION apikey.fernet_encrypt(text) IS
'Encrypts a value with the first key of apikey.fernet_key_source and returns the Fernet token, with the present time in it. KA001: there is no Fernet key. NULL for a NULL value.';
REVOKE ALL ON FUNCTION apikey.fernet_encrypt(text) FROM PUBLIC;

CREATE FUNCTION apikey.fernet_decrypt(token text, max_age interval DEFAULT NULL) RETURNS text
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_fernet_decrypt';
COMMENT ON FUNCTION apikey.fernet_decrypt(text, interval) IS
'The value of a Fernet token, opened with any key of apikey.fernet_key_source. max_age: the greatest age, in whole seconds (a day has 24 hours, a month 30 days); NULL: any age. KA004: not a token; KA003: no key opens it (the detail has the fingerprints tried); KA001: there is no Fernet key; KA006: older than max_age, or more than 60 seconds from the future when there is a max_age; 22021: the value is not text in the database''s encoding; 22023: max_age is negative. NULL for a NULL token.';
REVOKE ALL ON FUNCTION apikey.fernet_decrypt(text, interval) FROM PUBLIC;

CREATE FUNCTION apikey.fernet_rotate(token text) RETURNS text
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_fernet_rotate';
COMMENT ON FUNCTION apikey.fernet_rotate(text) IS
'The token of the same value and the same time under the first key of apikey.fernet_key_source, as MultiFernet.rotate() makes it; the value is shown to nobody, and may be any bytes. Errors as of apikey.fernet_decrypt(). NULL for a NULL token.';
REVOKE ALL ON FUNCTION apikey.fernet_rotate(text) FROM PUBLIC;
