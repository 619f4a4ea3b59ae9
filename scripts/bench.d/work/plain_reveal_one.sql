SELECT value FROM plain WHERE user_id = :user AND name = :name;
