-- Moves the table api_keys, whose values are Fernet tokens, to apikey.
--
-- Runs in one transaction (psql --single-transaction -f, or Alembic's).  All
-- rows are moved, and compared, or none: what cannot be moved is listed in the
-- error's detail by its id, and all stays as it was.
--
-- Kept: user, name, value (but for white space around it), created_at,
-- updated_at; what was not active arrives deleted.  A key_type that apikey does
-- not know is noted in metadata.  The new id is a uuid that ends in the old
-- one, of up to 12 digits; a user cannot choose such an id.  Another table of
-- yours needs another number than the 00000001 in front, here and in
-- move_back.sql.

-- A transaction that keeps its first snapshot would not see what was written
-- before the lock was there, and lose it.
DO $$
BEGIN
	IF current_setting('transaction_isolation') <> 'read committed' THEN
		RAISE EXCEPTION 'keys are moved under READ COMMITTED alone'
			USING HINT = 'SET default_transaction_isolation = ''read committed'' first.';
	END IF;
END
$$;

-- Nobody writes meanwhile.
LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE;
LOCK TABLE api_keys IN ACCESS EXCLUSIVE MODE;

DO $move$
DECLARE
	old record;
	secret text;
	fits boolean;
	problem text;
	problems text[] := '{}';
	of_old_form int := 0;
	total int := 0;
BEGIN
	FOR old IN
		-- A type that apikey does not know becomes "custom", which takes any
		-- value; an administrator can add a type to apikey.custom_key_types.
		SELECT k.*, coalesce(t.key_type, 'custom') AS new_type,
				CASE WHEN t.key_type IS NULL THEN jsonb_build_object('old_key_type', k.key_type) END AS note
			FROM api_keys k LEFT JOIN apikey.key_types t USING (key_type)
			ORDER BY k.id
	LOOP
		total := total + 1;
		BEGIN
			secret := apikey.fernet_decrypt(old.encrypted_value);
			-- Formats change, and what was accepted is kept.
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
			of_old_form := of_old_form + (NOT fits)::int;
		EXCEPTION
			-- No token, no key that opens it, not text; a value, name or other
			-- argument that apikey refuses; a name or id that the user has there.
			-- Anything else is no matter of this row, and ends the move.
			WHEN SQLSTATE 'KA004' OR SQLSTATE 'KA003' OR SQLSTATE '22021' OR SQLSTATE '22P05'
				OR SQLSTATE 'KA008' OR SQLSTATE '22023' OR SQLSTATE '23505' THEN
				GET STACKED DIAGNOSTICS problem = MESSAGE_TEXT;
				problems := problems || format('api_keys.id %s: %s', old.id, problem);
		END;
	END LOOP;

	IF problems <> '{}' THEN
		RAISE EXCEPTION '% of % rows of api_keys cannot be moved', cardinality(problems), total
			USING DETAIL = array_to_string(problems[1:50], E'\n'),
				HINT = 'Nothing was moved.  Mend these rows (at most 50 are listed) or set them aside, and try again.';
	END IF;
	RAISE NOTICE '% rows moved, % of them of a form that their type has no more', total, of_old_form;
END
$move$;

-- From now on keys follow their users.
SELECT apikey.link_users('users', 'id')
	WHERE NOT EXISTS (SELECT FROM apikey.linked_users WHERE users = 'users'::regclass);

-- Row by row: does this user have a key of this id with this value, name,
-- times and state, which opens?  find_keys() compares by a keyed hash.
DO $compare$
DECLARE
	differ text;
BEGIN
	WITH old AS (
		SELECT k.*, ('00000001-0000-8000-8000-' || to_char(k.id, 'FM000000000000'))::uuid AS new_id
			FROM api_keys k
	)
	SELECT string_agg(old.id::text, ', ' ORDER BY old.id) INTO differ
		FROM old LEFT JOIN apikey.verify_keys() closed
			ON closed.user_id = old.user_id::text AND closed.id = old.new_id
		WHERE closed.id IS NOT NULL
			OR NOT EXISTS (
				SELECT FROM apikey.find_keys(apikey.fernet_decrypt(old.encrypted_value)) new
					WHERE new.user_id = old.user_id::text
						AND new.id = old.new_id
						AND new.name = old.name
						AND new.created_at = old.created_at
						AND new.updated_at = old.updated_at
						AND new.is_active = old.is_active);
	IF differ IS NOT NULL THEN
		RAISE EXCEPTION 'the move does not compare'
			USING DETAIL = 'api_keys.id ' || differ, HINT = 'Nothing was moved.';
	END IF;
END
$compare$;

DROP TABLE api_keys;
