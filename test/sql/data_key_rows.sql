-- Of data keys, of which there may be many, a session reads those that it needs:
-- those of the values that it reveals, and all when something concerns all.
SET search_path = regress_apikey;
\pset format unaligned
\pset tuples_only on
SET apikey.identity = 'session';
SET apikey.user_id = 'ann';
SELECT apikey.create_key('first', 'custom', secret('first-', 24)) IS NOT NULL;
SELECT count(apikey.rotate_data_key()) FROM generate_series(1, 5);
SELECT apikey.create_key('second', 'custom', secret('second-', 24)) IS NOT NULL;
SELECT count(apikey.rotate_data_key('column')) FROM generate_series(1, 5);

-- What a call reads of data_keys in this transaction.
CREATE FUNCTION rows_read(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	before bigint[] = (SELECT ARRAY[seq_scan, idx_tup_fetch] FROM pg_stat_xact_all_tables WHERE relid = 'apikey.data_keys'::regclass);
	outcome text = left(regress_apikey.outcome(call), 7);
BEGIN
	RETURN (SELECT format('%s: %s scans, %s rows by index', outcome, seq_scan - before[1], idx_tup_fetch - before[2])
		FROM pg_stat_xact_all_tables WHERE relid = 'apikey.data_keys'::regclass);
END $$;
\set call 'SELECT rows_read(\'SELECT apikey.reveal_key(\'\'first\'\')\'), rows_read(\'SELECT apikey.reveal_key(\'\'second\'\')\');'
\c -
SET search_path = regress_apikey;
SET apikey.identity = 'session';
SET apikey.user_id = 'ann';
\pset format unaligned
\pset tuples_only on
BEGIN;
:call
:call
-- All are read once, and the two are not read again.
SELECT rows_read('SELECT count(*) FROM apikey.find_keys(''none such'')');
SELECT rows_read('SELECT count(*) FROM apikey.find_keys(''none such'')');
:call
COMMIT;

-- A row that is changed is read again, and so is each when the change is rolled back.
BEGIN;
UPDATE apikey.data_keys SET lost_at = NULL WHERE id = (SELECT apikey.data_key_id(encrypted_value) FROM apikey.api_keys WHERE name = 'first');
:call
ROLLBACK;
BEGIN;
:call
COMMIT;

-- Where the table is not as the script made it, a statement reads the row.
BEGIN;
ALTER TABLE apikey.data_keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY none ON apikey.data_keys USING (false);
:call
ALTER TABLE apikey.data_keys FORCE ROW LEVEL SECURITY;
SELECT outcome('SELECT apikey.reveal_key(''first'')');
ROLLBACK;
BEGIN;
REVOKE SELECT ON apikey.data_keys FROM apikey_owner;
SELECT outcome('SELECT apikey.reveal_key(''first'')');
ROLLBACK;
BEGIN;
CREATE TABLE child () INHERITS (apikey.data_keys);
:call
ROLLBACK;
BEGIN;
ALTER TABLE apikey.data_keys DROP CONSTRAINT data_keys_pkey;
SELECT left(outcome('SELECT apikey.reveal_key(''first'')'), 6);
ROLLBACK;

-- A data key that is absent, and one whose purpose is another.
BEGIN;
DELETE FROM apikey.data_keys WHERE id = (SELECT apikey.data_key_id(encrypted_value) FROM apikey.api_keys WHERE name = 'first');
SELECT outcome('SELECT apikey.reveal_key(''first'')');
:call
ROLLBACK;
BEGIN;
UPDATE apikey.data_keys SET purpose = 'column' WHERE id = (SELECT apikey.data_key_id(encrypted_value) FROM apikey.api_keys WHERE name = 'first');
SELECT outcome('SELECT apikey.reveal_key(''first'')');
ROLLBACK;
:call

SELECT apikey.purge_user('ann');
RESET apikey.identity;
RESET apikey.user_id;
DROP FUNCTION rows_read;
