SELECT apikey.reveal_key(:name) FROM apikey.set_user_id(:user::text);
