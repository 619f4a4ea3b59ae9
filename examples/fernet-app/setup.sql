-- As a superuser, once, in the application's database.

CREATE EXTENSION apikey;

-- The owner of the tables, who runs the migrations.  It keeps the privileges
-- granted here for as long as the way back is needed.
CREATE ROLE app_owner LOGIN;
GRANT CREATE ON SCHEMA public TO app_owner;

GRANT apikey_admin, apikey_reveal TO app_owner;
GRANT EXECUTE ON FUNCTION
	apikey.fernet_encrypt(text), apikey.fernet_decrypt(text, interval)
	TO app_owner;

-- The application: it stores keys and reads them.
CREATE ROLE app LOGIN;
GRANT apikey_reveal TO app;
