SELECT count(apikey.decrypt(secret, 'items:' || id)) FROM items;
