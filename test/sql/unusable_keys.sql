-- A new value on a key that cannot be used does not look like success.
SET search_path = regress_apikey;
\pset format unaligned
\pset tuples_only on
SET apikey.identity = 'session';
SET apikey.user_id = 'alice';
-- Fixed ids.  The two expired keys are imported: nothing else can expire at once.
SET ROLE regress_apikey_admin;
SELECT apikey.create_key_for('alice', state, 'openai', openai(state), id => id::uuid,
	created_at => '2020-01-01', expires_at => CASE WHEN state LIKE 'expired%' THEN timestamptz '2020-02-01 00:00+00' END)
FROM (VALUES ('usable', '00000000-0000-0000-0000-000000000001'), ('disabled', '00000000-0000-0000-0000-000000000002'),
	('expired', '00000000-0000-0000-0000-000000000003'), ('expired and disabled', '00000000-0000-0000-0000-000000000004')) k(state, id);
SET ROLE regress_apikey_worker;
SELECT apikey.disable_key('disabled', 'paused'), apikey.disable_key('expired and disabled');
CREATE TEMP TABLE calls AS
	SELECT * FROM (VALUES
		(1, 'set_key', $$SELECT apikey.set_key(name, 'openai', openai('new')%s) FROM apikey.keys WHERE name = %L$$),
		(2, 'set_key by id', $$SELECT apikey.set_key(id::text, 'openai', openai('new')%s) FROM apikey.keys WHERE name = %L$$),
		(3, 'update_key', $$SELECT apikey.update_key(name, openai('new')%s) FROM apikey.keys WHERE name = %L$$),
		(4, 'update_key by id', $$SELECT apikey.update_key(id, openai('new')%s) FROM apikey.keys WHERE name = %L$$)) f(n, what, call);

SELECT state, what, outcome(format(call, '', state)) FROM calls,
	unnest('{usable,disabled,expired,expired and disabled}'::text[]) state ORDER BY n, state;
SELECT name, outcome(format('SELECT apikey.reveal_key(%L)', name)) = 'done', disabled_reason, expires_at
FROM apikey.keys ORDER BY name COLLATE "C";
-- Together with a name and metadata, nothing is changed either.
SELECT outcome($$SELECT apikey.update_key('expired', openai('new'), 'renamed', NULL, '{"a": 1}')$$);
SELECT outcome($$SELECT apikey.update_key('disabled', openai('new'), 'renamed', NULL, '{"a": 1}')$$);
SELECT count(*) FROM apikey.keys WHERE name = 'renamed' OR metadata <> '{}';

-- What the hints advise works: a new expiry, or none.
SELECT what, 
	(SELECT outcome(format(call, CASE WHEN what LIKE 'set%' THEN ', ' ELSE ', new_' END || 'expires_at => ''2100-01-01''', 'expired'))) AS new,
	outcome(format(call, ', clear => ''{expires_at}''', 'expired')) AS cleared
FROM calls ORDER BY n;
SELECT apikey.reveal_key('expired') = openai('new');
-- Enabled first, and disabled again in the same transaction.
BEGIN;
SELECT apikey.enable_key('disabled');
SELECT apikey.set_key('disabled', 'openai', openai('new'));
SELECT apikey.disable_key('disabled', 'paused');
COMMIT;
SELECT outcome($$SELECT apikey.reveal_key('disabled')$$);
SELECT apikey.enable_key('disabled');
SELECT apikey.reveal_key('disabled') = openai('new');
-- Both, in either order.
SELECT outcome($$SELECT apikey.update_key('expired and disabled', openai('new'), clear => '{expires_at}')$$);
SELECT apikey.enable_key('expired and disabled');
SELECT outcome($$SELECT apikey.update_key('expired and disabled', openai('new'))$$);
SELECT outcome($$SELECT apikey.update_key('expired and disabled', openai('new'), clear => '{expires_at}')$$);
SELECT apikey.reveal_key('expired and disabled') = openai('new');

-- Calls without a value change what they are asked to.
SELECT apikey.disable_key('usable', 'paused');
SELECT apikey.update_key('usable', new_name => 'renamed', new_metadata => '{"a": 1}');
SELECT apikey.update_key('renamed', new_expires_at => '2100-01-01');

-- Keys that are restored, or enabled, come back as they were: with a warning.
SELECT apikey.delete_key('renamed');
SELECT apikey.restore_key('00000000-0000-0000-0000-000000000001'::uuid);
SET ROLE regress_apikey_admin;
SELECT apikey.create_key_for('alice', 'old', 'openai', openai('old'), '2020-02-01 00:00+00', id => '00000000-0000-0000-0000-000000000005', created_at => '2020-01-01');
SELECT apikey.disable_key_for('alice', '00000000-0000-0000-0000-000000000005');
SELECT apikey.enable_key_for('alice', '00000000-0000-0000-0000-000000000005');
SELECT apikey.delete_key_for('alice', '00000000-0000-0000-0000-000000000005');
SELECT apikey.restore_key_for('alice', '00000000-0000-0000-0000-000000000005', 'older');
SELECT apikey.enable_key_for('alice', '00000000-0000-0000-0000-000000000001');

SET ROLE regress_apikey_worker;
SELECT apikey.purge_own_keys();
DROP TABLE calls;
RESET ROLE;
