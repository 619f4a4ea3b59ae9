SELECT user_id, id, name, key_type FROM secrets WHERE value = md5('7-3');
