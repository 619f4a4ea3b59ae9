-- A form that sends back the hint that it was shown does not overwrite the key.
SET search_path = regress_apikey;
\pset format unaligned
\pset tuples_only on
SET apikey.identity = 'session';
SET apikey.user_id = 'alice';
SET ROLE regress_apikey_worker;
SELECT outcome(format('SELECT apikey.create_key(%L, %L, %L, check_format => false)', name, key_type, value))
FROM (VALUES ('prefix', 'openai', openai()), ('no prefix', 'custom', 'correct-horse-battery-9b21'), ('short', 'custom', 'Tr0ub4dor&3'),
	('dots', 'custom', 'ab.cd.ef.gh.ij.kl.mn.op.qr..'), ('not ASCII', 'custom', 'correct-horse-battery-äöüß')) k(name, key_type, value);
SELECT name, hint FROM apikey.keys ORDER BY name COLLATE "C";

-- What each key's hint becomes on a page; false: stored.
CREATE TEMP TABLE forms AS
	SELECT * FROM (VALUES
		(1, '%1$s...%2$s'), (2, '%1$s…%2$s'), (3, '%1$s***%2$s'), (4, '%1$s**%2$s'), (5, '%1$s*%2$s'), (6, '%1$s%2$s'), (7, '%2$s'),
		(8, '%1$s••••••••%2$s'), (9, '%1$s····%2$s'), (10, '%1$s●%2$s'), (11, '%1$sxxxxXXXX%2$s'), (12, '%1$s----%2$s'), (13, '%1$s####%2$s'),
		(14, '%1$s____%2$s'), (15, '%1$s........%2$s'), (16, '%1$s **** %2$s'), (17, '%1$s ... %2$s'), (18, '  %1$s...%2$s '), (19, '"%1$s...%2$s"'),
		(20, '(%1$s...%2$s)'), (21, 'current: %1$s...%2$s'), (22, '****************%2$s'), (23, '…%2$s'), (24, '%1$s********'), (25, '********'),
		(26, 'xxxxxxxx'), (27, '...'), (28, '––––%2$s'), (29, '████████%2$s')) f(n, form);
SELECT k.key, string_agg(CASE WHEN o.outcome LIKE 'KA008 on %' THEN '' ELSE format('[%s %s: %s]', f.n, call, o.outcome) END, '') AS not_refused
FROM (SELECT name AS key, key_type, left(hint, position('...' IN hint) - 1) AS prefix, substr(hint, position('...' IN hint) + 3) AS tail FROM apikey.keys) k,
	forms f,
	unnest(ARRAY['SELECT apikey.set_key(%1$L, %2$L, %3$L, check_format => false)', 'SELECT apikey.update_key(%1$L, %3$L, check_format => false)',
		'SELECT apikey.update_key(id, %3$L, check_format => false) FROM apikey.keys WHERE name = %1$L']) WITH ORDINALITY c(call, position),
	LATERAL (SELECT outcome(format(call, k.key, k.key_type, format(f.form, k.prefix, k.tail)))) o
WHERE k.key NOT IN ('short', 'dots') OR f.n IN (1, 25, 26, 27)
GROUP BY k.key ORDER BY k.key COLLATE "C";
-- With a prefix, any other short mask, and other letter case.
SELECT form, left(outcome(format('SELECT apikey.set_key(''prefix'', ''openai'', %L, check_format => false)', format(form, right(hint, 4)))), 14)
FROM apikey.keys, unnest('{sk-&hellip;%s,sk-%%2A%%2A%%2A%s,sk-[...]%s,SK-...%s,sk-&bull;&bull;%s,sk-(hidden)%s}'::text[]) form WHERE name = 'prefix';
-- The message.
SELECT outcome($$SELECT apikey.set_key('prefix', 'openai', overlay((SELECT hint FROM apikey.keys WHERE name = 'prefix') PLACING '##' FROM 4 FOR 3), check_format => false)$$);
-- The values are still there.
SELECT name, apikey.reveal_key(name) IN (openai(), 'correct-horse-battery-9b21', 'Tr0ub4dor&3', 'ab.cd.ef.gh.ij.kl.mn.op.qr..', 'correct-horse-battery-äöüß')
FROM apikey.keys ORDER BY name COLLATE "C";

-- Real values are not taken for hints, whatever they have in common with the last one.
SELECT name, value, outcome(format('SELECT apikey.set_key(%L, %L, %L)', name, key_type, value)) FROM (VALUES
	('prefix', 'openai', openai()), ('prefix', 'openai', 'sk-' || left(openai('x'), 0) || right(openai('x'), 44) || right(openai(), 4)),
	('no prefix', 'custom', 'another-horse-9b21'), ('no prefix', 'custom', 'wrong-horse-battery-9b21'), ('no prefix', 'custom', 'xkcd-936-9b21'),
	('short', 'custom', 'Tr0ub4dor&4'), ('short', 'custom', 'x-x-x-x-1')) v(name, key_type, value);

SELECT apikey.purge_own_keys();
DROP TABLE forms;
RESET ROLE;
