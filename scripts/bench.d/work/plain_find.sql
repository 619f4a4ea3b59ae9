SELECT user_id, id, name, key_type FROM plain WHERE value = :secret;
