SELECT count(plain || 'items:' || id) FROM items;
