\set u random(1, 1000)
SELECT user_id, id FROM apikey.find_keys(md5(:u::text || '-3'));
