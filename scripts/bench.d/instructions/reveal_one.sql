SELECT apikey.reveal_key('key3') FROM apikey.set_user_id('7'::text);
