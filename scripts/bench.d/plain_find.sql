\set u random(1, 1000)
SELECT user_id, id FROM plain WHERE value = md5(:u::text || '-3');
