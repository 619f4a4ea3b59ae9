-- Moves the users' keys from apikey into a new table api_keys with Fernet
-- tokens.  Run it in one transaction, while nobody uses the application.
--
-- A key that came from such a table gets back its old id, which is the end of its
-- uuid, and its old key_type; a newer one gets the next free id.  Keys that are
-- deleted, disabled or expired become inactive rows.
--
-- Keys of other users or another table, and keys that cannot be decrypted, stay
-- in apikey; a NOTICE reports how many.

-- A transaction that keeps its first snapshot would not see rows written before
-- it got the lock, and would lose them.
DO $$
BEGIN
	IF current_setting('transaction_isolation') <> 'read committed' THEN
		RAISE EXCEPTION 'keys can be moved only under READ COMMITTED'
			USING HINT = 'SET default_transaction_isolation = ''read committed'' first.';
	END IF;
END
$$;

LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE;

CREATE TABLE api_keys (
	id serial PRIMARY KEY,
	user_id integer NOT NULL REFERENCES users (id),
	name text NOT NULL,
	key_type text NOT NULL,
	encrypted_value text NOT NULL,
	created_at timestamptz NOT NULL,
	updated_at timestamptz NOT NULL,
	is_active boolean NOT NULL
);
CREATE INDEX ix_api_keys_user_id ON api_keys (user_id);
GRANT SELECT, INSERT, UPDATE, DELETE ON api_keys TO app;
GRANT USAGE ON SEQUENCE api_keys_id_seq TO app;

-- Newer keys get ids after the old ones.  (uuids sort like their text.)
SELECT setval('api_keys_id_seq', max(right(id::text, 12)::int))
	FROM apikey.all_keys
	WHERE id BETWEEN '00000001-0000-8000-8000-000000000001' AND '00000001-0000-8000-8000-002147483647'
		AND id::text !~ '[a-f]';

DO $back$
DECLARE
	key record;
	moved int := 0;
	not_decrypted int := 0;
	others int;
BEGIN
	FOR key IN
		SELECT a.*, u.id AS number, old.id AS old_id,
				CASE a.key_type WHEN 'custom' THEN a.metadata ->> 'old_key_type' END AS old_key_type,
				a.is_active AND coalesce(a.expires_at > now(), true) AS is_usable
			FROM apikey.all_keys a JOIN users u ON a.user_id = u.id::text,
				LATERAL (SELECT CASE WHEN a.id::text !~ '[a-f]' AND a.id
						BETWEEN '00000001-0000-8000-8000-000000000001' AND '00000001-0000-8000-8000-002147483647'
					THEN right(a.id::text, 12)::int END AS id) old
			WHERE old.id IS NOT NULL OR a.id::text !~ '^[0-9]{8}-0000-8000-8000-[0-9]{12}$'
			ORDER BY old_id NULLS LAST, a.created_at, a.id
	LOOP
		BEGIN
			PERFORM apikey.set_user_id(key.user_id);
			-- Only a usable key can be revealed.
			IF key.deleted_at IS NOT NULL THEN
				PERFORM apikey.restore_key(key.id, 'moving back ' || key.id);
			END IF;
			IF key.disabled_at IS NOT NULL THEN
				PERFORM apikey.enable_key(key.id);
			END IF;
			IF key.expires_at IS NOT NULL THEN
				PERFORM apikey.update_key(key.id, new_expires_at => 'infinity');
			END IF;
			-- An administrator may have given two users the same id.
			IF key.old_id IS NULL OR EXISTS (SELECT FROM api_keys WHERE id = key.old_id) THEN
				key.old_id := nextval('api_keys_id_seq');
			END IF;
			INSERT INTO api_keys (id, user_id, name, key_type, encrypted_value, created_at, updated_at, is_active)
				VALUES (key.old_id, key.number,
					key.name, coalesce(key.old_key_type, key.key_type),
					apikey.fernet_encrypt(apikey.reveal_key(key.id)),
					key.created_at, key.updated_at, key.is_usable);
			PERFORM apikey.delete_key(key.id), apikey.purge_key(key.id);
			moved := moved + 1;
		EXCEPTION
			WHEN SQLSTATE 'KA003' THEN
				not_decrypted := not_decrypted + 1;
		END;
	END LOOP;

	RAISE NOTICE '% keys moved back', moved;
	SELECT count(*) - not_decrypted INTO others FROM apikey.all_keys;
	IF not_decrypted > 0 OR others > 0 THEN
		RAISE NOTICE '% keys stay in apikey: % cannot be decrypted, % are of other users or another table',
			not_decrypted + others, not_decrypted, others;
	END IF;
	IF NOT EXISTS (SELECT FROM apikey.all_keys a JOIN users u ON a.user_id = u.id::text) THEN
		PERFORM apikey.unlink_users('users');
	END IF;
END
$back$;
