\set n random(1, 1000000000000)
INSERT INTO plain (user_id, name, key_type, value) VALUES ('7', 'new' || :n::text, 'custom', md5(:n::text)) RETURNING id;
