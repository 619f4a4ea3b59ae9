-- Moves the users' keys out of apikey, into an empty table api_keys of Fernet
-- tokens, and takes them out of apikey.  In one transaction.
--
-- A key that came from there gets its old id and key_type again, a newer one
-- the next free id; one that was disabled or deleted is not active.

LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE;

DO $back$
DECLARE
	key record;
BEGIN
	FOR key IN
		SELECT a.*, u.id AS number, (a.metadata ->> 'old_id')::int AS old_id
			FROM apikey.all_keys a JOIN users u ON a.user_id = u.id::text
			ORDER BY old_id NULLS LAST, a.created_at, a.id
	LOOP
		PERFORM apikey.set_user_id(key.user_id);
		-- Only a key that can be used is revealed.
		IF key.deleted_at IS NOT NULL THEN
			PERFORM apikey.restore_key(key.id, 'moving back ' || key.id);
		END IF;
		IF key.disabled_at IS NOT NULL THEN
			PERFORM apikey.enable_key(key.id);
		END IF;
		IF key.expires_at IS NOT NULL THEN
			PERFORM apikey.update_key(key.id, new_expires_at => 'infinity');
		END IF;
		INSERT INTO api_keys (id, user_id, name, key_type, encrypted_value, created_at, updated_at, is_active)
			VALUES (coalesce(key.old_id, (SELECT coalesce(max(id), 0) + 1 FROM api_keys)), key.number,
				key.name, coalesce(key.metadata ->> 'old_key_type', key.key_type),
				apikey.fernet_encrypt(apikey.reveal_key(key.id)),
				key.created_at, key.updated_at, key.is_active);
	END LOOP;
	PERFORM setval('api_keys_id_seq', (SELECT max(id) FROM api_keys));
END
$back$;

SELECT apikey.unlink_users('users');
SELECT sum(apikey.purge_user(id::text)) FROM users;
