-- As a superuser, once, in the application's database.

CREATE EXTENSION apikey;

-- The owner of the tables, who runs the migrations.  It needs the privileges
-- granted here as long as moving back is to remain possible.
CREATE ROLE app_owner LOGIN;
GRANT CREATE ON SCHEMA public TO app_owner;

GRANT apikey_admin, apikey_reveal TO app_owner;
GRANT EXECUTE ON FUNCTION
	apikey.fernet_encrypt(text), apikey.fernet_decrypt(text, interval)
	TO app_owner;

-- The application: it stores keys and reads them.
CREATE ROLE app LOGIN;
GRANT apikey_reveal TO app;
