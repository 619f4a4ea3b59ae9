-- Key types: the built-in ones, which this script inserts and pg_dump leaves out,
-- and the administrator's, which are dumped.  A single table with a dump condition
-- would lose a changed built-in row, or make the restore fail.

CREATE FUNCTION apikey.check_key_type_row() RETURNS trigger
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_check_key_type_row';
COMMENT ON FUNCTION apikey.check_key_type_row() IS
'Trigger of the tables of key types: checks a new row. 22023: the row is invalid, with the column at fault in the COLUMN field; 39P01: not called as its trigger.';
REVOKE ALL ON FUNCTION apikey.check_key_type_row() FROM PUBLIC;

CREATE TABLE apikey.builtin_key_types (
	key_type text COLLATE "C" PRIMARY KEY,
	label text NOT NULL,
	env_vars text[] NOT NULL DEFAULT '{}',
	pattern text,
	prefixes text[] NOT NULL DEFAULT '{}',
	checksum text,
	enforcement text NOT NULL DEFAULT 'reject',
	docs_url text,
	allow_whitespace boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE apikey.builtin_key_types IS
'The built-in key types. To change one, insert a row with its name into apikey.custom_key_types: changes made here are not dumped.';
COMMENT ON COLUMN apikey.builtin_key_types.key_type IS 'The name of the type: at most 63 characters of a-z, 0-9 and _.';
COMMENT ON COLUMN apikey.builtin_key_types.label IS 'The display name: 1 to 200 characters.';
COMMENT ON COLUMN apikey.builtin_key_types.env_vars IS 'The environment variables that clients of the provider read, in order of preference: at most 32, with names that a key may have. Where several types have the same variable, one that lists it first has precedence in apikey.reveal_env().';
COMMENT ON COLUMN apikey.builtin_key_types.pattern IS 'The format of a value: a PostgreSQL regular expression for the C collation that begins with ^, ends with $ and has no | outside parentheses; NULL: any.';
COMMENT ON COLUMN apikey.builtin_key_types.prefixes IS 'Prefixes of values that identify the provider: at most 32, each of 2 to 40 printable ASCII characters. They also serve to recognize a value given for another type.';
COMMENT ON COLUMN apikey.builtin_key_types.checksum IS 'The checksum that values contain: github, github_fine_grained, gitlab, cloudflare or vercel; NULL: none that is known.';
COMMENT ON COLUMN apikey.builtin_key_types.enforcement IS 'What happens to a value that does not match the pattern: "reject" or "warn".';
COMMENT ON COLUMN apikey.builtin_key_types.docs_url IS 'The provider''s web page about its keys.';
COMMENT ON COLUMN apikey.builtin_key_types.allow_whitespace IS 'Whether a value may contain spaces, tabs and line breaks; it is then stored byte for byte, without being trimmed.';

-- With the comments of the columns above.
CREATE TABLE apikey.custom_key_types (LIKE apikey.builtin_key_types INCLUDING ALL);
SELECT pg_catalog.pg_extension_config_dump('apikey.custom_key_types', '');
COMMENT ON TABLE apikey.custom_key_types IS
'The administrator''s key types. A row with the name of a built-in type replaces it; deleting the row restores the built-in type. 22023: the row is invalid.';

-- ENABLE ALWAYS, so that rows that logical replication brings are checked, too.
CREATE TRIGGER check_row BEFORE INSERT OR UPDATE ON apikey.builtin_key_types
	FOR EACH ROW EXECUTE FUNCTION apikey.check_key_type_row();
COMMENT ON TRIGGER check_row ON apikey.builtin_key_types IS 'Rejects an invalid row.';
ALTER TABLE apikey.builtin_key_types ENABLE ALWAYS TRIGGER check_row;

CREATE TRIGGER check_row BEFORE INSERT OR UPDATE ON apikey.custom_key_types
	FOR EACH ROW EXECUTE FUNCTION apikey.check_key_type_row();
COMMENT ON TRIGGER check_row ON apikey.custom_key_types IS 'Rejects an invalid row.';
ALTER TABLE apikey.custom_key_types ENABLE ALWAYS TRIGGER check_row;

CREATE VIEW apikey.key_types AS
	SELECT c.key_type, c.label, c.env_vars, c.pattern, c.prefixes, c.checksum,
		c.enforcement, c.docs_url, false AS builtin, c.allow_whitespace
	FROM apikey.custom_key_types c
	UNION ALL
	SELECT b.key_type, b.label, b.env_vars, b.pattern, b.prefixes, b.checksum,
		b.enforcement, b.docs_url, true AS builtin, b.allow_whitespace
	FROM apikey.builtin_key_types b
	WHERE NOT EXISTS (SELECT FROM apikey.custom_key_types c WHERE c.key_type = b.key_type);
COMMENT ON VIEW apikey.key_types IS
'The effective key types, one row per type: the built-in ones, and the administrator''s of apikey.custom_key_types, which take precedence.';
COMMENT ON COLUMN apikey.key_types.key_type IS 'The name of the type, as apikey.create_key() accepts it.';
COMMENT ON COLUMN apikey.key_types.label IS 'The display name.';
COMMENT ON COLUMN apikey.key_types.env_vars IS 'The environment variables under which apikey.reveal_env() returns a value, in order of preference.';
COMMENT ON COLUMN apikey.key_types.pattern IS 'The format of a value: a regular expression, for the C collation; NULL: any.';
COMMENT ON COLUMN apikey.key_types.prefixes IS 'Prefixes of values that identify the provider.';
COMMENT ON COLUMN apikey.key_types.checksum IS 'The checksum that values contain; NULL: none that is known.';
COMMENT ON COLUMN apikey.key_types.enforcement IS 'What happens to a value that does not match the pattern: "reject" or "warn".';
COMMENT ON COLUMN apikey.key_types.docs_url IS 'The provider''s web page about its keys.';
COMMENT ON COLUMN apikey.key_types.builtin IS 'True for a built-in row; false for one of the administrator''s, also where it replaces a built-in one.';
COMMENT ON COLUMN apikey.key_types.allow_whitespace IS 'Whether a value may contain spaces, tabs and line breaks; it is then stored byte for byte, without being trimmed.';

CREATE FUNCTION apikey.check_key(
	key_type text,
	value text,
	OUT severity text,
	OUT code text,
	OUT message text)
	RETURNS SETOF record
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_check_key';
COMMENT ON FUNCTION apikey.check_key(text, text) IS
'Returns what apikey.create_key() would report about a value, without storing it: no row for a valid value, else one row for each finding, errors first. severity: "error" (create_key rejects the value with KA008), "warning" (it is stored nevertheless) or "notice" (only said here); code: empty, too_long, mask, template, characters, other_provider, format, public_key, placeholder, checksum, short_lived, superseded, line_ends or duplicate; message: the message of that error or warning, without its hint, which never contains a part of the value. The notice duplicate names a key of the caller with the same value; without an identity or the master key, there is none. value: trimmed first unless the type allows white space; NULL counts as empty. 22023: key_type is NULL or not in apikey.key_types.';
REVOKE ALL ON FUNCTION apikey.check_key(text, text) FROM PUBLIC;

CREATE FUNCTION apikey.detect_key_type(value text) RETURNS SETOF text
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 10
	AS 'MODULE_PATHNAME', 'apikey_detect_key_type';
COMMENT ON FUNCTION apikey.detect_key_type(text) IS
'Returns the key types that a value could be of, most specific first: those whose prefix it begins with, then other formats, then types that accept almost any string, then "custom" or, for a value with white space inside, "custom_multiline". A type without a pattern is returned only for its prefixes. Meant as a suggestion in a form, since formats overlap. value: trimmed first; NULL: no row.';
REVOKE ALL ON FUNCTION apikey.detect_key_type(text) FROM PUBLIC;
