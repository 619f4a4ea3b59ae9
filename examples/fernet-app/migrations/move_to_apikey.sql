-- Moves the table api_keys, whose values are Fernet tokens, to apikey.
--
-- Runs in one transaction (psql --single-transaction -f, or Alembic's).  Either
-- all rows are moved and compared, or none: the error's detail lists the rows
-- that cannot be moved by id, and everything stays as it was.
--
-- Kept: user, name, value (except white space around it), created_at and
-- updated_at; a row that is not active becomes a deleted key.  A key_type that
-- apikey does not know is kept in metadata.  The new id is a uuid that ends with
-- the old one, of up to 12 digits; users cannot choose such an id.  For another
-- table, replace the 00000001 at the start of the uuid with another number, here
-- and in move_back.sql.

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

-- Nobody else may write in the meantime.
LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE;
LOCK TABLE api_keys IN ACCESS EXCLUSIVE MODE;

DO $move$
DECLARE
	old record;
	secret text;
	fits boolean;
	problem text;
	problems text[] := '{}';
	of_old_format int := 0;
	total int := 0;
BEGIN
	FOR old IN
		-- A type that apikey does not know becomes "custom", which accepts any
		-- value; an administrator can add a type to apikey.custom_key_types.
		SELECT k.*, coalesce(t.key_type, 'custom') AS new_type,
				CASE WHEN t.key_type IS NULL THEN jsonb_build_object('old_key_type', k.key_type) END AS note
			FROM api_keys k LEFT JOIN apikey.key_types t USING (key_type)
			ORDER BY k.id
	LOOP
		total := total + 1;
		BEGIN
			secret := apikey.fernet_decrypt(old.encrypted_value);
			-- Formats change; values that were accepted in the past are kept.
			fits := NOT EXISTS (SELECT FROM apikey.check_key(old.new_type, secret)
				WHERE severity = 'error');
			PERFORM apikey.create_key_for(
				user_id => old.user_id::text,
				name => old.name,
				key_type => old.new_type,
				value => secret,
				metadata => old.note,
				id => ('00000001-0000-8000-8000-' || to_char(old.id, 'FM000000000000'))::uuid,
				created_at => old.created_at,
				updated_at => old.updated_at,
				deleted_at => CASE WHEN NOT old.is_active THEN old.updated_at END,
				check_format => fits);
			of_old_format := of_old_format + (NOT fits)::int;
		EXCEPTION
			-- Not a token, no key that decrypts it, not text; a value, name or
			-- other argument that apikey refuses; a name or id that the user
			-- already has.  Any other error is not about this row, and ends the move.
			WHEN SQLSTATE 'KA004' OR SQLSTATE 'KA003' OR SQLSTATE '22021' OR SQLSTATE '22P05'
				OR SQLSTATE 'KA008' OR SQLSTATE '22023' OR SQLSTATE '23505' THEN
				GET STACKED DIAGNOSTICS problem = MESSAGE_TEXT;
				problems := problems || format('api_keys.id %s: %s', old.id, problem);
		END;
	END LOOP;

	IF problems <> '{}' THEN
		RAISE EXCEPTION '% of % rows of api_keys cannot be moved', cardinality(problems), total
			USING DETAIL = array_to_string(problems[1:50], E'\n'),
				HINT = 'Nothing was moved.  Fix these rows (at most 50 are listed) or set them aside, and try again.';
	END IF;
	RAISE NOTICE '% rows moved, % of them in a format that their type no longer has', total, of_old_format;
END
$move$;

-- From now on, deleting a user also deletes the user's keys.
SELECT apikey.link_users('users', 'id')
	WHERE NOT EXISTS (SELECT FROM apikey.linked_users WHERE users = 'users'::regclass);

-- Row by row: does this user have a key with this id, value, name, times and
-- state, and can it be decrypted?  find_keys() compares by a keyed hash.
DO $compare$
DECLARE
	differ text;
BEGIN
	WITH old AS (
		SELECT k.*, ('00000001-0000-8000-8000-' || to_char(k.id, 'FM000000000000'))::uuid AS new_id
			FROM api_keys k
	)
	SELECT string_agg(old.id::text, ', ' ORDER BY old.id) INTO differ
		FROM old LEFT JOIN apikey.verify_keys() damaged
			ON damaged.user_id = old.user_id::text AND damaged.id = old.new_id
		WHERE damaged.id IS NOT NULL
			OR NOT EXISTS (
				SELECT FROM apikey.find_keys(apikey.fernet_decrypt(old.encrypted_value)) new
					WHERE new.user_id = old.user_id::text
						AND new.id = old.new_id
						AND new.name = old.name
						AND new.created_at = old.created_at
						AND new.updated_at = old.updated_at
						AND new.is_active = old.is_active);
	IF differ IS NOT NULL THEN
		RAISE EXCEPTION 'moved keys differ from the rows of api_keys'
			USING DETAIL = 'api_keys.id ' || differ, HINT = 'Nothing was moved.';
	END IF;
END
$compare$;

DROP TABLE api_keys;
