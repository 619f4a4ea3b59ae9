-- What ALTER DEFAULT PRIVILEGES of the installing superuser gave away, to
-- whomever, is taken back before anything is granted.  What PUBLIC has by
-- right may have been taken from it that way, and is granted.

DO $default_privileges$
DECLARE
	statement text;
BEGIN
	FOR statement IN
		SELECT format('REVOKE ALL ON %s FROM %s', object,
				CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END)
			FROM (SELECT 'TABLE ' || oid::regclass, relacl, relowner FROM pg_class
					WHERE relnamespace = 'apikey'::regnamespace AND relkind IN ('r', 'v')
				UNION ALL
				SELECT 'ROUTINE ' || oid::regprocedure, proacl, proowner FROM pg_proc
					WHERE pronamespace = 'apikey'::regnamespace
				UNION ALL
				SELECT 'TYPE ' || oid::regtype, typacl, typowner FROM pg_type
					WHERE typnamespace = 'apikey'::regnamespace
				UNION ALL
				SELECT 'SCHEMA apikey', nspacl, nspowner FROM pg_namespace
					WHERE nspname = 'apikey') o(object, acl, owner),
				aclexplode(acl) a
			WHERE a.grantee <> owner
				-- harmless functions, and the type, are PUBLIC's by right
				AND NOT (a.grantee = 0 AND (object LIKE 'ROUTINE %' OR object LIKE 'TYPE %'))
	LOOP
		EXECUTE statement;
	END LOOP;
END
$default_privileges$;

GRANT EXECUTE ON FUNCTION apikey.current_user_id(), apikey.data_key_id(apikey.encrypted),
	apikey.encrypted_in(cstring), apikey.encrypted_out(apikey.encrypted),
	apikey.encrypted_recv(internal), apikey.encrypted_send(apikey.encrypted)
	TO PUBLIC;
GRANT USAGE ON TYPE apikey.encrypted TO PUBLIC;
