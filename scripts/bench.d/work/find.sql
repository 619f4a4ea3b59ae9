SELECT * FROM apikey.find_keys(:secret);
