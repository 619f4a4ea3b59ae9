SELECT * FROM apikey.find_keys(md5('7-3'));
