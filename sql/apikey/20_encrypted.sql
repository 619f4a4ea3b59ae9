-- Type apikey.encrypted: an encrypted value.  Storage is external, since
-- ciphertext does not compress.

CREATE TYPE apikey.encrypted;
COMMENT ON TYPE apikey.encrypted IS
'An encrypted value: an envelope of version, suite, data key id, nonce, ciphertext and tag (doc/format.md). Its text form begins with "ak1.". Accepts only a well-formed envelope (else 22P02, or 22P03 for binary input), so that plaintext cannot be stored by mistake.';

CREATE FUNCTION apikey.encrypted_in(cstring) RETURNS apikey.encrypted
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'apikey_encrypted_in';
COMMENT ON FUNCTION apikey.encrypted_in(cstring) IS
'Text input of apikey.encrypted; 22P02 for anything but an envelope, without echoing it.';

CREATE FUNCTION apikey.encrypted_out(apikey.encrypted) RETURNS cstring
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'apikey_encrypted_out';
COMMENT ON FUNCTION apikey.encrypted_out(apikey.encrypted) IS
'Text output of apikey.encrypted: "ak1." and the envelope in base64url.';

CREATE FUNCTION apikey.encrypted_recv(internal) RETURNS apikey.encrypted
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'apikey_encrypted_recv';
COMMENT ON FUNCTION apikey.encrypted_recv(internal) IS
'Binary input of apikey.encrypted; 22P03 for anything but an envelope.';

CREATE FUNCTION apikey.encrypted_send(apikey.encrypted) RETURNS bytea
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'apikey_encrypted_send';
COMMENT ON FUNCTION apikey.encrypted_send(apikey.encrypted) IS
'Binary output of apikey.encrypted: the bytes of the envelope.';

CREATE TYPE apikey.encrypted (
	INPUT = apikey.encrypted_in,
	OUTPUT = apikey.encrypted_out,
	RECEIVE = apikey.encrypted_recv,
	SEND = apikey.encrypted_send,
	INTERNALLENGTH = VARIABLE,
	STORAGE = external
);

CREATE FUNCTION apikey.data_key_id(encrypted apikey.encrypted) RETURNS uuid
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'apikey_data_key_id';
COMMENT ON FUNCTION apikey.data_key_id(apikey.encrypted) IS
'Returns the id of the data key that a value is encrypted with, as the envelope has it; needs no key. KA004: the value is damaged.';
