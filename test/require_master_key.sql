-- For make installcheck: fails on a server where apikey cannot be tested.
\set ON_ERROR_STOP 1
\set SHOW_CONTEXT never
LOAD 'apikey';
DO $$
BEGIN
	IF current_setting('apikey.master_key_source') = '' THEN
		RAISE EXCEPTION 'this server has no master key, so apikey cannot be tested on it'
			USING HINT = 'Add lines like these to its postgresql.conf, and restart it:
	shared_preload_libraries = ''apikey''
	apikey.master_key_source = ''file:/path/to/master.key''
The file holds 32 random bytes in base64 and is readable only by the server''s user.';
	END IF;
END $$;
