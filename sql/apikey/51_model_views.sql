-- Model views: ordinary views of the application's, to which an ORM can map a model.

CREATE FUNCTION apikey.model_user_id(user_id text, users regclass, type anyelement) RETURNS anyelement
	LANGUAGE C STABLE PARALLEL RESTRICTED
	AS 'MODULE_PATHNAME', 'apikey_model_user_id';
COMMENT ON FUNCTION apikey.model_user_id(text, regclass, anyelement) IS
'Returns the id, of the type of the third argument, that a user id has in a linked users table: what a model view shows as user_id. NULL: the user id belongs to another linked table. 22023: it is not the text of an id of that type.';

CREATE FUNCTION apikey.model_view_trigger() RETURNS trigger
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_model_view_trigger';
COMMENT ON FUNCTION apikey.model_view_trigger() IS
'Trigger of a model view, INSTEAD OF INSERT OR UPDATE OR DELETE FOR EACH ROW: calls apikey.create_key(), apikey.update_key(), apikey.disable_key(), apikey.enable_key() or apikey.delete_key(), as the role that writes to the view, and raises their errors. 22023: a column that cannot be set, or a user_id that is not the caller''s identity; 39P01: not called as its trigger; 42501: the role may not execute that function; 55000: the view is not a model view; KA007: no identity.';
REVOKE ALL ON FUNCTION apikey.model_view_trigger() FROM PUBLIC;

CREATE FUNCTION apikey.create_model_view(view text, users regclass DEFAULT NULL) RETURNS regclass
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'apikey_create_model_view';
COMMENT ON FUNCTION apikey.create_model_view(text, regclass) IS
'Creates a view of the caller''s keys to which an ORM can map a model, and returns it. It has the columns of apikey.keys and a write-only column value, which reads as NULL; INSERT, UPDATE and DELETE call apikey.create_key(), apikey.update_key(), apikey.disable_key() or apikey.enable_key() (when is_active changes) and apikey.delete_key(), as the role that writes, which needs privileges on the view and those of apikey_user. view: its name as in SQL, with or without a schema, in which the caller may create a view. users: a linked users table: user_id then has the type of its ids and shows them without the prefix; NULL: user_id is text. 22023: view is NULL; 42501: the caller may not create a view there; 42602: invalid name; 42P07: the name is in use; 55000: the users table is not linked.';
REVOKE ALL ON FUNCTION apikey.create_model_view(text, regclass) FROM PUBLIC;
