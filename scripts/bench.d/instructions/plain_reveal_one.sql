SELECT value FROM plain WHERE user_id = '7' AND name = 'key3';
