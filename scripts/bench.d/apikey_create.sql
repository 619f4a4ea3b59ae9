\set n random(1, 1000000000000)
SELECT apikey.create_key('new' || :n::text, 'custom', md5(:n::text));
