-- Data keys

CREATE TABLE apikey.data_keys (
	id uuid PRIMARY KEY,
	purpose text NOT NULL CHECK (purpose IN ('value', 'column')),
	wrapped_key bytea,
	created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	deactivated_at timestamptz,
	destroyed_at timestamptz,
	lost_at timestamptz,
	CHECK ((wrapped_key IS NULL) = (destroyed_at IS NOT NULL)),
	CHECK (lost_at IS NULL OR deactivated_at IS NOT NULL)
);
SELECT pg_extension_config_dump('apikey.data_keys', '');

COMMENT ON TABLE apikey.data_keys IS
'The keys that encrypt values, each wrapped with a master key. Only apikey''s own roles may read it; the view apikey.key_status shows what administrators need. If a row is lost, so is every value encrypted with it.';
COMMENT ON COLUMN apikey.data_keys.id IS 'Random; part of the header of each value encrypted with the key.';
COMMENT ON COLUMN apikey.data_keys.purpose IS '"value": for api_keys; "column": for what apikey.encrypt() puts into other tables. Authenticated in the wrap.';
COMMENT ON COLUMN apikey.data_keys.wrapped_key IS 'The key, encrypted with the master key whose fingerprint it contains (doc/format.md); NULL once destroyed.';
COMMENT ON COLUMN apikey.data_keys.created_at IS 'When the key was created; the newest active key of a purpose encrypts.';
COMMENT ON COLUMN apikey.data_keys.deactivated_at IS 'When the key was deactivated: since then it only decrypts; NULL: it is active.';
COMMENT ON COLUMN apikey.data_keys.destroyed_at IS 'When the wrapped key was destroyed; NULL: it was not.';
COMMENT ON COLUMN apikey.data_keys.lost_at IS 'When apikey.abandon_lost_data_keys() found that no master key can unwrap it; NULL: it has not.';

-- Stored keys.  No triggers, no foreign keys, and user_id in every unique
-- index, so that the table can be distributed by user_id.  No CHECK, which would be
-- read again for each INSERT: the policy allows only the user_id of a valid identity.

CREATE TABLE apikey.api_keys (
	id uuid NOT NULL,
	user_id text COLLATE "C" NOT NULL,
	name text COLLATE "C" NOT NULL,
	key_type text COLLATE "C" NOT NULL,
	encrypted_value apikey.encrypted NOT NULL,
	hint text NOT NULL,
	fingerprint bytea NOT NULL,
	env_var text,
	metadata jsonb NOT NULL DEFAULT '{}',
	created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now(),
	expires_at timestamptz,
	disabled_at timestamptz,
	disabled_reason text,
	deleted_at timestamptz,
	is_active boolean NOT NULL GENERATED ALWAYS AS (deleted_at IS NULL AND disabled_at IS NULL) STORED,
	PRIMARY KEY (user_id, id)
);
SELECT pg_extension_config_dump('apikey.api_keys', '');

COMMENT ON TABLE apikey.api_keys IS
'The users'' API keys, each with an encrypted value. Only apikey''s own roles may read or write it: applications use the view apikey.keys and the functions.';
COMMENT ON COLUMN apikey.api_keys.id IS 'Random; unique per user.';
COMMENT ON COLUMN apikey.api_keys.user_id IS 'The user whose key it is: 1 to 255 characters, compared byte for byte.';
COMMENT ON COLUMN apikey.api_keys.name IS 'The name that the user gave the key: 1 to 200 characters; unique among the user''s keys that are not deleted.';
COMMENT ON COLUMN apikey.api_keys.key_type IS 'The provider: a key_type of apikey.key_types.';
COMMENT ON COLUMN apikey.api_keys.encrypted_value IS 'The encrypted value; it can only be decrypted for this user_id, id, key_type and name.';
COMMENT ON COLUMN apikey.api_keys.hint IS 'The part of the value that a list may show: the prefix of its type, "...", and the last four characters of a value that is long enough.';
COMMENT ON COLUMN apikey.api_keys.fingerprint IS 'HMAC of the value (16 bytes), with a key derived from the data key; used to find a value without decrypting any.';
COMMENT ON COLUMN apikey.api_keys.env_var IS 'The environment variable used only for this key; NULL: those of its type.';
COMMENT ON COLUMN apikey.api_keys.metadata IS 'What the application stores about the key: a JSON object of at most 8 KiB, not encrypted.';
COMMENT ON COLUMN apikey.api_keys.created_at IS 'When the key was created.';
COMMENT ON COLUMN apikey.api_keys.updated_at IS 'When the user or an administrator last changed the key; rotation does not count.';
COMMENT ON COLUMN apikey.api_keys.expires_at IS 'When the key expires: from then on it is not revealed; NULL: never.';
COMMENT ON COLUMN apikey.api_keys.disabled_at IS 'When the key was disabled; NULL: it is not disabled.';
COMMENT ON COLUMN apikey.api_keys.disabled_reason IS 'Why the key was disabled.';
COMMENT ON COLUMN apikey.api_keys.deleted_at IS 'When the key was soft-deleted; NULL: it is not deleted.';
COMMENT ON COLUMN apikey.api_keys.is_active IS 'Neither deleted nor disabled; whether the key has expired does not matter.';

-- No samples in pg_statistic of values, encrypted or not, nor of what users write:
-- the planner's estimates would reveal one user's names to another, and a sample
-- would outlive a purged key.
ALTER TABLE apikey.api_keys
	ALTER COLUMN encrypted_value SET STATISTICS 0,
	ALTER COLUMN hint SET STATISTICS 0,
	ALTER COLUMN fingerprint SET STATISTICS 0,
	ALTER COLUMN name SET STATISTICS 0,
	ALTER COLUMN env_var SET STATISTICS 0,
	ALTER COLUMN metadata SET STATISTICS 0,
	ALTER COLUMN disabled_reason SET STATISTICS 0;

CREATE UNIQUE INDEX api_keys_name_idx ON apikey.api_keys (user_id, name) WHERE deleted_at IS NULL;
COMMENT ON INDEX apikey.api_keys_name_idx IS 'Names are unique per user among keys not deleted.';
CREATE INDEX api_keys_data_key_idx ON apikey.api_keys (apikey.data_key_id(encrypted_value), user_id, id);
COMMENT ON INDEX apikey.api_keys_data_key_idx IS 'The rows encrypted with each data key, for key_status and rotation.';
CREATE INDEX api_keys_fingerprint_idx ON apikey.api_keys (fingerprint);
COMMENT ON INDEX apikey.api_keys_fingerprint_idx IS 'Look-up by value, for find_keys.';
CREATE INDEX api_keys_deleted_idx ON apikey.api_keys (deleted_at) WHERE deleted_at IS NOT NULL;
COMMENT ON INDEX apikey.api_keys_deleted_idx IS 'Deleted keys by age, for purge_deleted.';
CREATE INDEX api_keys_expires_idx ON apikey.api_keys (expires_at) WHERE expires_at IS NOT NULL AND deleted_at IS NULL;
COMMENT ON INDEX apikey.api_keys_expires_idx IS 'Keys by expiry, for attention.';
CREATE INDEX api_keys_disabled_idx ON apikey.api_keys (disabled_at) WHERE disabled_at IS NOT NULL AND deleted_at IS NULL;
COMMENT ON INDEX apikey.api_keys_disabled_idx IS 'Disabled keys by age, for attention.';

ALTER TABLE apikey.api_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE apikey.api_keys FORCE ROW LEVEL SECURITY;
-- To every role: whatever is granted by mistake shows only one user's rows.
CREATE POLICY own_keys ON apikey.api_keys
	USING (user_id = apikey.current_user_id())
	WITH CHECK (user_id = apikey.current_user_id());
COMMENT ON POLICY own_keys ON apikey.api_keys IS 'Each user''s rows, only for that identity.';
CREATE POLICY maintenance ON apikey.api_keys TO apikey_maintenance USING (true) WITH CHECK (true);
COMMENT ON POLICY maintenance ON apikey.api_keys IS 'All rows, for the internal role that works across users.';

-- When keys were last used.  A table of its own, so that revealing a key changes
-- no row of api_keys; without foreign keys, as that has none.  There is room for
-- updates on each page, and no column that changes is in an index, so that an
-- update touches no index.

CREATE TABLE apikey.key_usage (
	user_id text COLLATE "C" NOT NULL,
	id uuid NOT NULL,
	last_used_at timestamptz NOT NULL,
	uses bigint NOT NULL,
	PRIMARY KEY (user_id, id)
) WITH (fillfactor = 70);
SELECT pg_extension_config_dump('apikey.key_usage', '');

COMMENT ON TABLE apikey.key_usage IS
'When each key was last revealed, and about how often; no row: never. Written at most once per apikey.usage_interval and key. Only apikey''s own roles may read or write it: the views of keys show it.';
COMMENT ON COLUMN apikey.key_usage.user_id IS 'The user whose key it is.';
COMMENT ON COLUMN apikey.key_usage.id IS 'The id of the key.';
COMMENT ON COLUMN apikey.key_usage.last_used_at IS 'When a session last recorded a use; later uses within apikey.usage_interval are not recorded.';
COMMENT ON COLUMN apikey.key_usage.uses IS 'The number of uses that sessions have recorded: a lower bound.';

ALTER TABLE apikey.key_usage ENABLE ROW LEVEL SECURITY;
ALTER TABLE apikey.key_usage FORCE ROW LEVEL SECURITY;
CREATE POLICY own_keys ON apikey.key_usage
	USING (user_id = apikey.current_user_id())
	WITH CHECK (user_id = apikey.current_user_id());
COMMENT ON POLICY own_keys ON apikey.key_usage IS 'Each user''s rows, only for that identity.';
CREATE POLICY maintenance ON apikey.key_usage TO apikey_maintenance USING (true) WITH CHECK (true);
COMMENT ON POLICY maintenance ON apikey.key_usage IS 'All rows, for the internal role that works across users.';
