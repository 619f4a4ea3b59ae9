SELECT count(apikey.encrypt(plain, 'items:' || id)) FROM items;
