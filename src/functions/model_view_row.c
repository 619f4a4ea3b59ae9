/*-------------------------------------------------------------------------
 *
 * model_view_row.c
 *		A row of a model view; see model_view_row.h.
 *
 * Anyone can create the trigger on a view of his own.  So nothing is assumed of
 * the view: columns are found by their names, their types must be those that
 * the trigger expects, and whose ids user_id shows is read from the definition
 * of the view, which follows a users table that is renamed, dumped or restored.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "nodes/value.h"
#include "parser/parse_func.h"
#include "rewrite/rewriteHandler.h"
#include "utils/builtins.h"
#include "utils/datum.h"

#include "base/errors.h"
#include "exec/statement.h"
#include "functions/model_view_row.h"

/* In the order of ApikeyModelColumn. */
static const struct
{
	const char *name;
	Oid			type;			/* InvalidOid: any */
}			columns[MODEL_COLUMNS] = {
	{"id", UUIDOID},
	{"user_id", InvalidOid},
	{"name", TEXTOID},
	{"key_type", TEXTOID},
	{"value", TEXTOID},
	{"expires_at", TIMESTAMPTZOID},
	{"metadata", JSONBOID},
	{"env_var", TEXTOID},
	{"is_active", BOOLOID},
	{"disabled_reason", TEXTOID},
	{"disabled_at", TIMESTAMPTZOID},
	{"deleted_at", TIMESTAMPTZOID}
};

static ApikeyStatement select_key = {
	.role = APIKEY_AS_OWNER,
	.sql = "SELECT * FROM apikey.keys"
	" WHERE user_id OPERATOR(pg_catalog.=) $1 AND id OPERATOR(pg_catalog.=) $2",
	.arg_count = 2,
	.arg_types = {TEXTOID, UUIDOID}
};

pg_noreturn static void
raise_other_view(Relation view)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("\"%s\" is not a model view of API keys", RelationGetRelationName(view)),
			 errhint("Create it with apikey.create_model_view()."),
			 apikey_err_hide_statement()));
}

/* The index of a column of that name and type, or -1. */
static int
find_column(TupleDesc desc, const char *name, Oid type)
{
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);

		if (strcmp(NameStr(attribute->attname), name) == 0)
			return !OidIsValid(type) || attribute->atttypid == type ? i : -1;
	}
	return -1;
}

/* The users table whose ids the expression shows: the argument of model_user_id(). */
static Oid
users_of_expression(Node *expression, Relation view)
{
	Oid			types[] = {TEXTOID, REGCLASSOID, ANYELEMENTOID};
	List	   *name = list_make2(makeString("apikey"), makeString("model_user_id"));
	FuncExpr   *call;
	Node	   *users;

	if (IsA(expression, CollateExpr))
		expression = (Node *) ((CollateExpr *) expression)->arg;
	if (IsA(expression, Var) && exprType(expression) == TEXTOID)
		return InvalidOid;
	call = (FuncExpr *) expression;
	if (!IsA(expression, FuncExpr) || call->funcid != LookupFuncName(name, 3, types, false))
		raise_other_view(view);
	users = lsecond(call->args);
	if (!IsA(users, Const) || ((Const *) users)->constisnull)
		raise_other_view(view);
	return DatumGetObjectId(((Const *) users)->constvalue);
}

void
apikey_model_view_read(Relation view, ApikeyModelView *model)
{
	TargetEntry *target;

	if (view->rd_rel->relkind != RELKIND_VIEW)
		raise_other_view(view);
	model->view = view;
	for (int i = 0; i < MODEL_COLUMNS; i++)
	{
		model->columns[i] = find_column(RelationGetDescr(view), columns[i].name,
										columns[i].type);
		if (model->columns[i] < 0)
			raise_other_view(view);
	}
	target = list_nth_node(TargetEntry, get_view_query(view)->targetList,
						   model->columns[MODEL_USER_ID]);
	model->users = users_of_expression((Node *) target->expr, view);
	model->user_id_type = exprType((Node *) target->expr);
}

const char *
apikey_model_column_name(ApikeyModelColumn column)
{
	return columns[column].name;
}

ApikeyModelRow
apikey_model_row_read(const ApikeyModelView *model, HeapTuple tuple)
{
	TupleDesc	desc = RelationGetDescr(model->view);
	ApikeyModelRow row;

	row.values = palloc(desc->natts * sizeof(Datum));
	row.nulls = palloc(desc->natts * sizeof(bool));
	heap_deform_tuple(tuple, desc, row.values, row.nulls);
	return row;
}

Datum
apikey_model_row_get(const ApikeyModelView *model, const ApikeyModelRow *row,
					 ApikeyModelColumn column, bool *is_null)
{
	*is_null = row->nulls[model->columns[column]];
	return row->values[model->columns[column]];
}

bool
apikey_model_row_is_empty(const ApikeyModelView *model, const ApikeyModelRow *row,
						  ApikeyModelColumn column)
{
	bool		is_null;
	Datum		value = apikey_model_row_get(model, row, column, &is_null);

	return is_null || (columns[column].type == TEXTOID &&
					   VARSIZE_ANY_EXHDR(DatumGetTextPP(value)) == 0);
}

bool
apikey_model_row_differs(const ApikeyModelView *model, const ApikeyModelRow *left,
						 const ApikeyModelRow *right, ApikeyModelColumn column)
{
	Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(model->view),
												model->columns[column]);
	bool		left_null;
	bool		right_null;
	Datum		left_value = apikey_model_row_get(model, left, column, &left_null);
	Datum		right_value = apikey_model_row_get(model, right, column, &right_null);

	if (left_null || right_null)
		return left_null != right_null;
	return !datum_image_eq(left_value, right_value, attribute->attbyval, attribute->attlen);
}

HeapTuple
apikey_model_row_form(const ApikeyModelView *model, ApikeyModelRow *row,
					  const char *user_id, Datum shown_user_id, Datum id)
{
	TupleDesc	desc = RelationGetDescr(model->view);
	int			user_id_column = model->columns[MODEL_USER_ID];
	Datum		args[2];
	ApikeyRows	rows;

	args[0] = CStringGetTextDatum(user_id);
	args[1] = id;
	apikey_statement_run(&select_key, user_id, args, NULL, &rows);
	if (rows.count != 1)
		ereport(ERROR,
				(errcode(ERRCODE_APIKEY_NO_SUCH_KEY),
				 errmsg("API key does not exist"),
				 errdetail("It has been deleted meanwhile."),
				 apikey_err_argument("id")));
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);
		int			column = find_column(rows.desc, NameStr(attribute->attname),
										 attribute->atttypid);

		if (column >= 0)
			row->values[i] = apikey_rows_get(&rows, 0, column + 1, &row->nulls[i]);
	}
	row->values[user_id_column] = shown_user_id;
	row->nulls[user_id_column] = false;
	row->nulls[model->columns[MODEL_VALUE]] = true;
	return heap_form_tuple(desc, row->values, row->nulls);
}
