-- Made-up values for a pattern, which the tests of key types validate.  They are
-- generated, so that no file contains what looks like a key.
--
-- pg_temp.sample(pattern, seed) returns a string that the pattern matches, always
-- the same for the same seed; seed n chooses alternative number n; without a
-- pattern, a string that is of no provider's form.  It supports
-- the syntax that the built-in patterns use: literals, classes, groups,
-- alternatives, quantifiers, and negative look-ahead, which it skips.

CREATE FUNCTION pg_temp.pick(choices text, seed text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT substr(choices, 1 + ('x' || left(md5(seed), 6))::bit(24)::int % length(choices), 1)
$$;

-- The characters of a class that begins at pos; moves pos past it.
CREATE FUNCTION pg_temp.class_of(pattern text, INOUT pos int, OUT choices text) LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	choices := '';
	pos := pos + 1;
	WHILE substr(pattern, pos, 1) <> ']' LOOP
		IF substr(pattern, pos + 1, 1) = '-' AND substr(pattern, pos + 2, 1) <> ']' THEN
			choices := choices || (SELECT string_agg(chr(c), '' ORDER BY c)
				FROM generate_series(ascii(substr(pattern, pos, 1)), ascii(substr(pattern, pos + 2, 1))) c);
			pos := pos + 3;
		ELSE
			choices := choices || substr(pattern, pos, 1);
			pos := pos + 1;
		END IF;
	END LOOP;
	pos := pos + 1;
END $$;

-- The number of repetitions of what precedes pos; moves pos past the quantifier.
CREATE FUNCTION pg_temp.times(pattern text, seed int, INOUT pos int, OUT count int) LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
	bounds text[];
BEGIN
	bounds := regexp_match(substr(pattern, pos), '^\{(\d+)(,?)(\d*)\}');
	count := CASE substr(pattern, pos, 1) WHEN '?' THEN seed % 2 WHEN '*' THEN seed * 5 WHEN '+' THEN 1 + seed * 5 ELSE 1 END;
	IF bounds IS NOT NULL THEN
		count := bounds[1]::int + CASE
			WHEN bounds[2] = '' THEN 0
			WHEN bounds[3] = '' THEN seed % 5
			ELSE (bounds[3]::int - bounds[1]::int) * (seed % 3) / 2 END;
		pos := pos + length(substring(substr(pattern, pos) FROM '^\{[^}]*\}'));
	ELSIF substr(pattern, pos, 1) IN ('?', '*', '+') THEN
		pos := pos + 1;
	END IF;
END $$;

-- A string for the part from pos to the end of the group or pattern.
CREATE FUNCTION pg_temp.expand(pattern text, seed int, INOUT pos int, OUT result text) LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
	branches text[] := '{}';
	branch text := '';
	c text; choices text; start int; after int; count int; part text;
BEGIN
	LOOP
		c := substr(pattern, pos, 1);
		IF c IN ('', ')', '|') THEN
			branches := branches || branch;
			branch := '';
			EXIT WHEN c <> '|';
			pos := pos + 1;
			CONTINUE;
		ELSIF c IN ('^', '$') THEN
			pos := pos + 1;
			CONTINUE;
		END IF;
		start := pos;
		choices := NULL;
		IF substr(pattern, pos, 3) = '(?!' THEN
			SELECT e.pos + 1 INTO pos FROM pg_temp.expand(pattern, seed, pos + 3) e;
			CONTINUE;
		ELSIF c = '(' THEN
			SELECT e.pos + 1 INTO after FROM pg_temp.expand(pattern, seed, pos + 3) e;
		ELSIF c = '[' THEN
			SELECT k.pos, k.choices INTO after, choices FROM pg_temp.class_of(pattern, pos) k;
		ELSIF c = '\' THEN
			choices := substr(pattern, pos + 1, 1);
			after := pos + 2;
		ELSE
			choices := c;
			after := pos + 1;
		END IF;
		SELECT t.pos, t.count INTO pos, count FROM pg_temp.times(pattern, seed, after) t;
		FOR n IN 1 .. count LOOP
			IF choices IS NULL THEN
				SELECT e.result INTO part FROM pg_temp.expand(pattern, seed, start + 3) e;
			ELSE
				part := pg_temp.pick(choices, concat_ws(' ', seed, start, n, length(branch)));
			END IF;
			branch := branch || part;
		END LOOP;
	END LOOP;
	result := branches[1 + seed % cardinality(branches)];
END $$;

CREATE FUNCTION pg_temp.sample(pattern text, seed int DEFAULT 0) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT e.result FROM pg_temp.expand(coalesce(pattern, '^[0-9a-z]{30}$'), seed, 1) e
$$;

-- The same for a built-in type.
CREATE FUNCTION pg_temp.sample_of(type text, seed int DEFAULT 0) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT pg_temp.sample(t.pattern, seed) FROM apikey.builtin_key_types t WHERE t.key_type = type
$$;
