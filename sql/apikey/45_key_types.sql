-- Key types: the ones that come with the extension, filled by this script and
-- not dumped, and the administrator's, dumped whole.  One table with a dump
-- condition would lose a changed row of the extension's own, or fail at restore.

CREATE FUNCTION apikey.check_key_type_row() RETURNS trigger
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_check_key_type_row';
COMMENT ON FUNCTION apikey.check_key_type_row() IS
'Trigger of the tables of key types: checks a row on its way in and refuses it with 22023, the column at fault in the COLUMN field. 39P01 when it is called as anything else.';
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
'The key types that come with the extension. To change one, put a row of its name into apikey.custom_key_types: what is changed here is in no dump.';
COMMENT ON COLUMN apikey.builtin_key_types.key_type IS 'The type''s name: a-z, 0-9 and _, at most 63.';
COMMENT ON COLUMN apikey.builtin_key_types.label IS 'Its name for people: 1 to 200 characters.';
COMMENT ON COLUMN apikey.builtin_key_types.env_vars IS 'The environment variables that clients of the provider read, in order of preference; each tells by its name that it holds a secret.';
COMMENT ON COLUMN apikey.builtin_key_types.pattern IS 'The form of a value: a regular expression from ^ to $ with no | outside of parentheses, of PostgreSQL''s own kind and for the C collation; NULL: any.';
COMMENT ON COLUMN apikey.builtin_key_types.prefixes IS 'What values begin with, as far as it tells the provider: at most 32, of 2 to 40 printable ASCII characters each. Another type''s value is known by them.';
COMMENT ON COLUMN apikey.builtin_key_types.checksum IS 'The checksum that values carry: github, github_fine_grained, gitlab, cloudflare or vercel; NULL: none that is known.';
COMMENT ON COLUMN apikey.builtin_key_types.enforcement IS 'What a value against the pattern meets: "reject" or "warn".';
COMMENT ON COLUMN apikey.builtin_key_types.docs_url IS 'The provider''s page on its keys.';
COMMENT ON COLUMN apikey.builtin_key_types.allow_whitespace IS 'Whether spaces, tabs and line breaks may stand inside a value.';

-- With the comments of the columns above.
CREATE TABLE apikey.custom_key_types (LIKE apikey.builtin_key_types INCLUDING ALL);
SELECT pg_catalog.pg_extension_config_dump('apikey.custom_key_types', '');
COMMENT ON TABLE apikey.custom_key_types IS
'The administrator''s key types. A row with the name of one of apikey.builtin_key_types replaces it; deleting the row brings that one back. Checked on the way in (22023).';

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
'The key types in force, one row per provider: those that come with the extension and, before them, the administrator''s of apikey.custom_key_types.';
COMMENT ON COLUMN apikey.key_types.key_type IS 'The type''s name, as apikey.create_key() takes it.';
COMMENT ON COLUMN apikey.key_types.label IS 'Its name for people.';
COMMENT ON COLUMN apikey.key_types.env_vars IS 'The environment variables under which apikey.reveal_env() gives a value, in order of preference.';
COMMENT ON COLUMN apikey.key_types.pattern IS 'The form of a value: a regular expression, for the C collation; NULL: any.';
COMMENT ON COLUMN apikey.key_types.prefixes IS 'What values begin with, as far as it tells the provider.';
COMMENT ON COLUMN apikey.key_types.checksum IS 'The checksum that values carry; NULL: none that is known.';
COMMENT ON COLUMN apikey.key_types.enforcement IS 'What a value against the pattern meets: "reject" or "warn".';
COMMENT ON COLUMN apikey.key_types.docs_url IS 'The provider''s page on its keys.';
COMMENT ON COLUMN apikey.key_types.builtin IS 'True for a row as the extension brings it; false for the administrator''s own, also where it replaces one.';
COMMENT ON COLUMN apikey.key_types.allow_whitespace IS 'Whether spaces, tabs and line breaks may stand inside a value.';

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
'What apikey.create_key() would say of a value, without storing it: no row when it is good, else one per finding, errors first. severity: "error" (create_key refuses it with KA008) or "warning" (stored all the same); code: empty, too_long, characters, other_provider, format, public_key, placeholder, checksum or short_lived; message: that error''s or warning''s message, without its hint, and never a part of the value. value: trimmed first; NULL: as empty. 22023: key_type is NULL or none of apikey.key_types.';
REVOKE ALL ON FUNCTION apikey.check_key(text, text) FROM PUBLIC;

CREATE FUNCTION apikey.detect_key_type(value text) RETURNS SETOF text
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 10
	AS 'MODULE_PATHNAME', 'apikey_detect_key_type';
COMMENT ON FUNCTION apikey.detect_key_type(text) IS
'The key types that a value could be of, most specific first: those whose prefix it begins with, then other forms, then types that take almost any string, then "custom". A suggestion for a form: formats overlap. value: trimmed first; NULL: no row.';
REVOKE ALL ON FUNCTION apikey.detect_key_type(text) FROM PUBLIC;
