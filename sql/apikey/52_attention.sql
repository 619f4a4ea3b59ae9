-- What wants a human: a row for each key and reason, for the caller's keys and
-- for those of all users.  Decrypts nothing and needs no master key.

-- Each reason is a branch of its own with a constant, so that a query for some
-- reasons runs only their branches; the first three use an index.  (A common view
-- below the two would check the privileges of whoever reads them.)
DO $attention$
DECLARE
	target record;
BEGIN
	FOR target IN
		WITH branches(place, reason, at, relations, condition, for_user, for_admin) AS (VALUES
			(1, 'expiring', 'k.expires_at', '',
				$$k.is_active AND k.deleted_at IS NULL AND k.expires_at > statement_timestamp()
					AND k.expires_at <= statement_timestamp() + interval '30 days'$$,
				'Get a new value from the provider, and call apikey.update_key() with it and a new expiry.',
				'Ask the user to replace the key before it expires.'),
			(2, 'expired', 'k.expires_at', '',
				'k.deleted_at IS NULL AND k.expires_at <= statement_timestamp()',
				'Call apikey.update_key() with a new value and expiry, or apikey.delete_key().',
				'Ask the user to replace the key, or call apikey.delete_key_for().'),
			(3, 'disabled', 'k.disabled_at', '',
				$$k.deleted_at IS NULL AND k.disabled_at < statement_timestamp() - interval '90 days'$$,
				'Call apikey.enable_key() if the key is still needed, or else apikey.delete_key().',
				'Call apikey.enable_key_for() if the key is still needed, or else apikey.delete_key_for().'),
			(4, 'unused', 'greatest(k.created_at, u.last_used_at)',
				'LEFT JOIN apikey.key_usage u ON u.user_id = k.user_id AND u.id = k.id',
				$$k.is_active AND (k.expires_at IS NULL OR k.expires_at > statement_timestamp())
					AND greatest(k.created_at, u.last_used_at) < statement_timestamp() - interval '90 days'
					AND current_setting('apikey.usage_interval', true) IS DISTINCT FROM '-1'$$,
				'Call apikey.delete_key() and revoke the key at its provider, unless it is still needed.',
				'Ask the user whether the key is still needed, or call apikey.disable_key_for().'),
			(5, 'undecryptable', 'coalesce(d.lost_at, d.destroyed_at)',
				'LEFT JOIN apikey.data_keys d ON d.id = apikey.data_key_id(k.encrypted_value)',
				'k.deleted_at IS NULL AND apikey.is_lost(apikey.data_key_id(k.encrypted_value))',
				'Call apikey.update_key() with the value, which may still be valid at its provider.',
				'Ask the user to enter the value again, unless the lost master key is found.'),
			(6, 'duplicate', 'k.created_at', '',
				$$k.deleted_at IS NULL AND EXISTS (SELECT FROM apikey.api_keys o
					WHERE o.fingerprint = k.fingerprint AND o.user_id = k.user_id AND o.id <> k.id AND o.deleted_at IS NULL)$$,
				'Call apikey.delete_key() for all but one of the keys with this value.',
				'Ask the user to keep only one of the keys with this value.'))
		SELECT view, string_agg(format(
					'SELECT k.id, k.user_id, k.name, %L::text AS reason, %s AS at, %L::text AS advice
						FROM apikey.api_keys k %s WHERE %s%s',
					reason, at, CASE WHEN for_all THEN for_admin ELSE for_user END, relations,
					CASE WHEN NOT for_all THEN 'apikey.has_identity() AND k.user_id = apikey.current_user_id() AND ' END,
					condition), ' UNION ALL ' ORDER BY place) AS definition
			FROM branches, (VALUES ('attention', false), ('all_attention', true)) v(view, for_all)
			GROUP BY view
	LOOP
		EXECUTE format('CREATE VIEW apikey.%I WITH (security_barrier = true) AS %s', target.view, target.definition);
	END LOOP;
END
$attention$;
COMMENT ON VIEW apikey.attention IS
'The caller''s keys that want a human, one row for each key and reason; deleted keys are left out. KA007: there is no identity (with apikey.empty_without_identity, the view is empty).';
COMMENT ON VIEW apikey.all_attention IS
'Every user''s keys that want a human, one row for each key and reason, for administrators and monitoring. With a condition on reason, only those reasons are looked for: "expiring", "expired" and "disabled" use an index, the others read the table of keys.';

DO $comments$
DECLARE
	relation regclass;
	attribute name;
	description text;
BEGIN
	FOR relation, attribute, description IN
		SELECT v.relation, c.attribute, c.description
			FROM unnest(ARRAY['apikey.attention', 'apikey.all_attention']::regclass[]) v(relation),
				(VALUES
		('id', 'The key''s id.'),
		('user_id', 'The user whose key it is.'),
		('name', 'The name of the key.'),
		('reason', '"expiring": expires within 30 days; "expired"; "disabled": for 90 days; "unused": usable, and neither created nor used for 90 days (not while apikey.usage_interval is -1); "undecryptable": encrypted with a data key that was abandoned as lost, destroyed, or does not exist; "duplicate": another key of the user has the same value, encrypted with the same data key.'),
		('at', 'When it expires or expired, was disabled, was last used or created, or its data key was lost or destroyed (NULL: does not exist); for "duplicate", when the key was created.'),
		('advice', 'What to do about it.')) c(attribute, description)
	LOOP
		EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', relation, attribute, description);
	END LOOP;
END
$comments$;
