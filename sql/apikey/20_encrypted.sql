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

-- Comparison, by the bytes of the envelopes.  A value encrypted twice gives two
-- envelopes: only copies are equal.  The type has the layout of bytea, whose
-- functions do the work.
DO $compare$
DECLARE
	name text;
	symbol text;
	operator text;
	commutator text;
	negator text;
	estimate text;
	description text;
BEGIN
	FOR name, symbol, operator, commutator, negator, estimate, description IN VALUES
		('encrypted_eq', 'byteaeq', '=', '=', '<>', 'eq', 'Whether two encrypted values are the same envelope, which says nothing about their plaintexts.'),
		('encrypted_ne', 'byteane', '<>', '<>', '=', 'neq', 'Whether two encrypted values are different envelopes, which says nothing about their plaintexts.'),
		('encrypted_lt', 'bytealt', '<', '>', '>=', 'scalarlt', 'Whether the bytes of the first envelope sort before those of the second.'),
		('encrypted_le', 'byteale', '<=', '>=', '>', 'scalarle', 'Whether the bytes of the first envelope sort before those of the second, or are the same.'),
		('encrypted_gt', 'byteagt', '>', '<', '<=', 'scalargt', 'Whether the bytes of the first envelope sort behind those of the second.'),
		('encrypted_ge', 'byteage', '>=', '<=', '<', 'scalarge', 'Whether the bytes of the first envelope sort behind those of the second, or are the same.')
	LOOP
		EXECUTE format('CREATE FUNCTION apikey.%I(apikey.encrypted, apikey.encrypted) RETURNS boolean
			LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS %L', name, symbol);
		EXECUTE format('COMMENT ON FUNCTION apikey.%I(apikey.encrypted, apikey.encrypted) IS %L', name, description);
		EXECUTE format('CREATE OPERATOR apikey.%s (LEFTARG = apikey.encrypted, RIGHTARG = apikey.encrypted,
			FUNCTION = apikey.%I, COMMUTATOR = OPERATOR(apikey.%s), NEGATOR = OPERATOR(apikey.%s),
			RESTRICT = %ssel, JOIN = %sjoinsel%s)', operator, name, commutator, negator, estimate, estimate,
			CASE operator WHEN '=' THEN ', HASHES, MERGES' END);
		EXECUTE format('COMMENT ON OPERATOR apikey.%s (apikey.encrypted, apikey.encrypted) IS %L', operator, description);
	END LOOP;
END
$compare$;

CREATE FUNCTION apikey.encrypted_cmp(apikey.encrypted, apikey.encrypted) RETURNS integer
	LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteacmp';
COMMENT ON FUNCTION apikey.encrypted_cmp(apikey.encrypted, apikey.encrypted) IS
'Compares two envelopes by their bytes: negative, 0 or positive.';

CREATE FUNCTION apikey.encrypted_hash(apikey.encrypted) RETURNS integer
	LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'hashvarlena';
COMMENT ON FUNCTION apikey.encrypted_hash(apikey.encrypted) IS
'A hash of the bytes of an envelope, for hash joins and hash indexes.';

CREATE FUNCTION apikey.encrypted_hash_extended(apikey.encrypted, bigint) RETURNS bigint
	LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'hashvarlenaextended';
COMMENT ON FUNCTION apikey.encrypted_hash_extended(apikey.encrypted, bigint) IS
'A hash of the bytes of an envelope with a seed, for hash partitioning.';

CREATE OPERATOR CLASS apikey.encrypted_ops DEFAULT FOR TYPE apikey.encrypted USING btree AS
	OPERATOR 1 apikey.<, OPERATOR 2 apikey.<=, OPERATOR 3 apikey.=, OPERATOR 4 apikey.>=, OPERATOR 5 apikey.>,
	FUNCTION 1 apikey.encrypted_cmp(apikey.encrypted, apikey.encrypted);
COMMENT ON OPERATOR CLASS apikey.encrypted_ops USING btree IS 'Order of encrypted values by their bytes.';
COMMENT ON OPERATOR FAMILY apikey.encrypted_ops USING btree IS 'Order of encrypted values by their bytes.';

CREATE OPERATOR CLASS apikey.encrypted_ops DEFAULT FOR TYPE apikey.encrypted USING hash AS
	OPERATOR 1 apikey.=,
	FUNCTION 1 apikey.encrypted_hash(apikey.encrypted),
	FUNCTION 2 apikey.encrypted_hash_extended(apikey.encrypted, bigint);
COMMENT ON OPERATOR CLASS apikey.encrypted_ops USING hash IS 'Equality of encrypted values by their bytes.';
COMMENT ON OPERATOR FAMILY apikey.encrypted_ops USING hash IS 'Equality of encrypted values by their bytes.';

CREATE FUNCTION apikey.data_key_id(encrypted apikey.encrypted) RETURNS uuid
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'apikey_data_key_id';
COMMENT ON FUNCTION apikey.data_key_id(apikey.encrypted) IS
'Returns the id of the data key that a value is encrypted with, as the envelope has it; needs no key. KA004: the value is damaged.';
