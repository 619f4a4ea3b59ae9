-- Removes what the tests share.
SET client_min_messages = error;
DROP SCHEMA regress_apikey CASCADE;
DROP ROLE regress_apikey_web, regress_apikey_worker, regress_apikey_admin, regress_apikey_monitor, regress_apikey_nobody;
LOAD 'apikey';
SET apikey.allow_drop = on;
DROP EXTENSION apikey;
-- Only the roles are left behind, since they belong to the whole cluster.
SELECT nspname FROM pg_namespace WHERE nspname LIKE '%apikey%';
SELECT evtname FROM pg_event_trigger;
SELECT rolname FROM pg_roles WHERE rolname LIKE 'regress\_apikey\_%';
