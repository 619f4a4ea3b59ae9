SELECT apikey.reveal_key('key3');
