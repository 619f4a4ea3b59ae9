/*-------------------------------------------------------------------------
 *
 * redaction_test.c
 *		Hiding secrets in SQL text and in texts of log messages.
 *
 * Each case has a text and what is left of it.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "hidden_text.h"
#include "key_shape.h"
#include "log_text.h"
#include "sql_redact.h"
#include "support.h"
#include "value_match.h"

#define R	"<redacted>"

/* A key whose shape is known, and a value that has none. */
#define KEY		"gsk_a1b2c3d4e5f6g7h8i9j0k1l2m3"
#define VALUE	"it's a \\ long-enough value"
#define MARKED	"a''b\"c\"\\\\d\nlonger"

typedef struct Case
{
	const char *text;
	const char *left;			/* NULL: the text as it is */
} Case;

/* The prepared statement "q" calls a function of ours. */
static bool
executes_q(const char *name, size_t len)
{
	return len == 1 && *name == 'q';
}

static const ApikeySqlDialect standard = {false, executes_q};
static const ApikeySqlDialect escaping = {true, NULL};

static const Case statements[] = {
	{"SELECT abalance FROM pgbench_accounts WHERE aid = 1;", NULL},
	{"SELECT f('secret')", NULL},
	{"SELECT apikey.reveal_key('name')", NULL},
	{"SELECT apikey.create_key('n', 'openai', 's')", "SELECT apikey.create_key('n', 'openai', '" R "')"},
	{"select CREATE_KEY('n','openai','s')", "select CREATE_KEY('n','openai','" R "')"},
	{"SELECT \"apikey\" . \"create_key\" ('n', 'openai', 's')",
	"SELECT \"apikey\" . \"create_key\" ('n', 'openai', '" R "')"},
	{"SELECT apikey.create_key /* a ( */ ('n', 'openai', 's')",
	"SELECT apikey.create_key /* a ( */ ('n', 'openai', '" R "')"},
	{"SELECT apikey.create_key -- it's (\n('n', 'openai', 's')",
	"SELECT apikey.create_key " R "\n('n', 'openai', '" R "')"},
	{"SELECT create_key(name => 'n', key_type => 'openai', value => 's')",
	"SELECT create_key(name => 'n', key_type => 'openai', value => '" R "')"},
	{"SELECT create_key(nam => 'n', valeu := 's')", "SELECT create_key(nam => '" R "', valeu := '" R "')"},
	{"SELECT apikey.update_key('n', new_value => 's', new_name => 'm')",
	"SELECT apikey.update_key('n', new_value => '" R "', new_name => 'm')"},
	{"SELECT apikey.create_key_for('u1', 'n', 'openai', 's')",
	"SELECT apikey.create_key_for('u1', 'n', 'openai', '" R "')"},
	{"CALL apikey.store_key('n', 'openai', 's', NULL)", "CALL apikey.store_key('n', 'openai', '" R "', NULL)"},
	/* a value in the place of a name */
	{"SELECT apikey.create_key('0123456789abcdef0123456789abcdef', 'custom', 's')",
	"SELECT apikey.create_key('" R "', 'custom', '" R "')"},
	{"SELECT apikey.create_key('n', 'custom')", "SELECT apikey.create_key('n', '" R "')"},
	/* all kinds of literals */
	{"SELECT create_key('n', 't', E'a\\'b', E'\\\\')", "SELECT create_key('n', 't', E'" R "', E'" R "')"},
	{"SELECT create_key('n', 't', 'a\\', 'b')", "SELECT create_key('n', 't', '" R "', '" R "')"},
	{"SELECT create_key('n', 't', 'it''s', '''', '')", "SELECT create_key('n', 't', '" R "', '" R "', '')"},
	{"SELECT create_key('n', 't', $$s'$$, $a$s$$'$a$)", "SELECT create_key('n', 't', $$" R "$$, $a$" R "$a$)"},
	{"SELECT create_key('n', 't', U&'\\0061', X'61', B'0', N's')",
	"SELECT create_key('n', 't', U&'" R "', X'" R "', B'" R "', N'" R "')"},
	{"SELECT create_key('n', 't', 'a'\n'b')", "SELECT create_key('n', 't', '" R "'\n'" R "')"},
	{"SELECT create_key('n', 't', 'a' || $1 || 'b')", "SELECT create_key('n', 't', '" R "' || $1 || '" R "')"},
	{"SELECT create_key($1, $2, $3)", NULL},
	/* the value stands elsewhere */
	{"WITH v AS (SELECT 's' AS v) SELECT apikey.encrypt(v, 'c') FROM v",
	"WITH v AS (SELECT '" R "' AS v) SELECT apikey.encrypt(v, '" R "') FROM v"},
	/* misspelled */
	{"SELECT apikey.craete_kye('n', 't', 's')", "SELECT apikey.craete_kye('" R "', '" R "', '" R "')"},
	{"SELECT crate_key('s')", "SELECT crate_key('" R "')"},
	{"SELECT create_kye('s')", "SELECT create_kye('" R "')"},
	{"SELECT create_keyx('s')", "SELECT create_keyx('" R "')"},
	{"SELECT make_key('s')", NULL},
	/* statements in literals */
	{"DO $$ BEGIN PERFORM apikey.create_key('n', 't', 's'); END $$",
	"DO $$ BEGIN PERFORM apikey.create_key('n', 't', '" R "'); END $$"},
	{"DO $$ DECLARE v text := 's'; BEGIN PERFORM create_key('n', 't', v); END $$",
	"DO $$ DECLARE v text := '" R "'; BEGIN PERFORM create_key('n', 't', v); END $$"},
	{"DO 'BEGIN PERFORM create_key(''n'', ''t'', ''it''''s''); END'",
	"DO 'BEGIN PERFORM create_key(''n'', ''t'', ''" R "''); END'"},
	{"DO $$BEGIN EXECUTE 'SELECT create_key(''n'', ''t'', ''s'')' || 's'; END$$",
	"DO $$BEGIN EXECUTE 'SELECT create_key(''n'', ''t'', ''" R "'')' || '" R "'; END$$"},
	{"DO E'BEGIN PERFORM create_key(\\'n\\', \\'t\\', \\'s\\'); END'", "DO E'" R "'"},
	/* writing to a model view, by the names of its columns */
	{"INSERT INTO my_keys (name, key_type, value) VALUES ('n', 't', 's')",
	"INSERT INTO my_keys (name, key_type, value) VALUES ('" R "', '" R "', '" R "')"},
	{"Update \"k\" SET \"KEY_TYPE\"='t', \"value\" = 's'",
	"Update \"k\" SET \"KEY_TYPE\"='" R "', \"value\" = '" R "'"},
	{"COPY k (key_type, value) FROM STDIN DELIMITER ','", "COPY k (key_type, value) FROM STDIN DELIMITER '" R "'"},
	{"DO $$ BEGIN INSERT INTO k (key_type, value) SELECT 't', 's'; END $$",
	"DO $$ BEGIN INSERT INTO k (key_type, value) SELECT '" R "', '" R "'; END $$"},
	{"SELECT value FROM k WHERE key_type = 't'", NULL},
	{"INSERT INTO k (my_type, value) VALUES ('t', 's')", NULL},
	{"INSERT INTO k (key_type, values) VALUES ('t', 's')", NULL},
	/* EXECUTE */
	{"EXECUTE q('n', 's')", "EXECUTE q('" R "', '" R "')"},
	{"EXECUTE \"q\" ('s')", "EXECUTE \"q\" ('" R "')"},
	{"EXECUTE other('s')", NULL},
	/* messages that quote a statement */
	{"duration: 0.123 ms  statement: SELECT apikey.create_key('n', 't', 's');",
	"duration: 0.123 ms  statement: SELECT apikey.create_key('n', 't', '" R "');"},
	{"SQL statement \"SELECT create_key('n', 't', 's')\"\nPL/pgSQL function inline_code_block line 1 at PERFORM",
	"SQL statement \"SELECT create_key('n', 't', '" R "')\"\nPL/pgSQL function inline_code_block line 1 at PERFORM"},
	{"Output: apikey.create_key('n'::text, 't'::text, 's'::text, NULL::text)",
	"Output: apikey.create_key('n'::text, 't'::text, '" R "'::text, NULL::text)"},
	{"\"Query Text\": \"SELECT \\\"apikey\\\".\\\"create_key\\\"('n',\\n't', 's')\"",
	"\"Query Text\": \"SELECT \\\"apikey\\\".\\\"create_key\\\"('n',\\n't', '" R "')\""},
	{"Process 12: SELECT apikey.create_key('n', 't', 's');\nProcess 13: SELECT apikey.create_key('m', 't', 'x",
	"Process 12: SELECT apikey.create_key(" R},
	{"l'instruction : SELECT apikey.create_key('n', 't', 's')", "l" R},
	/* in error: hidden from the first quotation mark or call on */
	{"SELECT apikey.create_key('n', 't', 's", "SELECT apikey.create_key(" R},
	{"SELECT apikey.create_key(n, t, $$s", "SELECT apikey.create_key(" R},
	{"SELECT 'a' AS b, apikey.create_key('n' 't's)", "SELECT " R},
	{"SELECT apikey.create_key('n', 't', 's'x)", "SELECT apikey.create_key(" R},
	{"SELECT \"it's\", create_key('n', 't', 's')", "SELECT \"it" R}
};

static const Case escaped[] = {
	{"SELECT create_key('n', 't', 'a\\'b', 's')", "SELECT create_key('n', 't', '" R "', '" R "')"}
};

static const Case parameters[] = {
	{"parameters: $1 = 'n', $2 = 'it''s', $3 = NULL, $10 = 's'",
	"parameters: $1 = '" R "', $2 = '" R "', $3 = NULL, $10 = '" R "'"},
	{"parameters: $1 = 's...", "parameters: $1 = '" R},
	{"costs $12, or $ = 'a', or $1 = b", NULL}
};

static const Case audits[] = {
	{"AUDIT: SESSION,1,1,READ,SELECT,,,\"SELECT f($1, \"\"a\"\")\",\"n,s\"",
	"AUDIT: SESSION,1,1,READ,SELECT,,,\"SELECT f($1, \"\"a\"\")\"," R},
	{"AUDIT: SESSION,1,1,READ,SELECT,,,SELECT 1,s", "AUDIT: SESSION,1,1,READ,SELECT,,,SELECT 1," R},
	{"AUDIT: SESSION,1,1,READ,SELECT,,,SELECT 1,<not logged>", NULL},
	{"AUDIT: SESSION,1,1,READ,SELECT,,,SELECT 1,", NULL},
	{"AUDIT: SESSION,1", NULL},
	{"a,b,c,d,e,f,g,h,i", NULL}
};

static const Case quoted[] = {
	{"Token \"s\" is invalid.", "Token \"" R "\" is invalid."},
	{"Token \"{\"a\": \"s\"}\" is invalid.", "Token \"" R "\" is invalid."},
	{"Token \"a\"s\" is invalid.", "Token \"" R},
	{"Token \"s", "Token \"" R},
	{"nothing", NULL}
};

static const Case values[] = {
	{"it is: it's a \\ long-enough value.", "it is: " R "."},
	{"'it''s a \\ long-enough value'", "'" R "'"},
	{"E'it\\'s a \\\\ long-enough value'", "E'" R "'"},
	{"twice it's a \\ long-enough value, it's a \\ long-enough value", "twice " R ", " R},
	{"cut off: it's a \\ l", "cut off: " R},
	{"(it's a \\ long-eno...)", "(" R "...)"},
	{"it's a \\ list", NULL},
	{"it's", NULL}
};

/* Two of a mark, and a line break. */
static const Case marked[] = {
	{"plain a''b\"c\"\\\\d\nlonger.", "plain " R "."},
	{"'a''''b\"c\"\\\\d\nlonger'", "'" R "'"},
	{"'a''''''''b\"c\"\\\\d\nlonger'", "'" R "'"},
	{"E'a\\'\\'b\"c\"\\\\\\\\d\\nlonger'", "E'" R "'"},
	{"\"a''b\"\"c\"\"\\\\d\nlonger\"", "\"" R "\""},
	{"{\"a''b\\\"c\\\"\\\\\\\\d\\nlonger\"}", "{\"" R "\"}"},
	{"cut a''b\"c\"\\\\\\", "cut " R}
};

static const Case shapes[] = {
	{"key " KEY ".", "key " R},
	{"'" KEY "'", "'" R "'"},
	{"\\n" KEY "\\n", "\\n" R "\\n"},
	{"x" KEY, NULL},
	{"my_" KEY, NULL},
	{"sk-proj-ab1cd2-efghijk", R},
	{"sk-proj-abcdefghijklmnop", NULL},
	{"sk-0123456789abcdef", R},
	{"sk-learn-pipelines-2-and-3-and-more", NULL},
	{"SG.aaaaaaaaaaaaaaa_B1.bbb", R},
	{"gsk_short1", NULL}
};

static const Case constants[] = {
	{":constvalue 34 [ -120 0 0 0 105 116 39 115 32 97 32 92 32 108 111 110 103 45 101 110 111 117 103 104 32 118 97 108 117 101 ]",
	":constvalue 34 [" R "]"},
	{":constvalue 4 [ 1 0 0 0 ] [", NULL}
};

static const char *const prefixes[] = {"SG.", "gsk_", "sk-", "sk-proj-"};
static ApikeyKeyShapes known;

static void
hide_statement(char *text, size_t len)
{
	apikey_sql_redact(text, len, &standard);
}

static void
hide_escaped(char *text, size_t len)
{
	apikey_sql_redact(text, len, &escaping);
}

static void
hide_value(char *text, size_t len)
{
	apikey_value_hide(text, len, VALUE, strlen(VALUE));
}

static void
hide_marked(char *text, size_t len)
{
	apikey_value_hide(text, len, MARKED, strlen(MARKED));
}

static void
hide_shapes(char *text, size_t len)
{
	apikey_key_shapes_hide(&known, text, len);
}

static bool
hide_in_bytes(char *bytes, size_t count)
{
	return apikey_value_hide(bytes, count, VALUE, strlen(VALUE));
}

static void
hide_constants(char *text, size_t len)
{
	apikey_log_hide_constants(text, len, hide_in_bytes);
}

static void
check(const char *what, void (*hide) (char *, size_t), const Case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
	{
		const char *left = cases[i].left != NULL ? cases[i].left : cases[i].text;
		size_t		len = strlen(cases[i].text);
		char	   *text = need(len + 1);
		char	   *out;
		size_t		size;

		memcpy(text, cases[i].text, len + 1);
		hide(text, len);
		size = apikey_hidden_size(text, len);
		out = need(size + 1);
		apikey_hidden_write(text, len, out);
		out[size] = '\0';
		if (!ok(strcmp(out, left) == 0, "%s %zu", what, i + 1))
			printf("# %s\n", out);
		apikey_hidden_fill(text, len);
		ok(strlen(text) == len, "which keeps its length");
		free(out);
		free(text);
	}
}

#define CHECK(cases, hide) check(#cases, hide, cases, lengthof(cases))

int
main(void)
{
	apikey_key_shapes_set(&known, prefixes, lengthof(prefixes));
	CHECK(statements, hide_statement);
	CHECK(escaped, hide_escaped);
	CHECK(parameters, apikey_log_hide_parameters);
	CHECK(audits, apikey_log_hide_audit);
	CHECK(quoted, apikey_log_hide_quoted);
	CHECK(values, hide_value);
	CHECK(marked, hide_marked);
	CHECK(shapes, hide_shapes);
	CHECK(constants, hide_constants);
	ok(apikey_log_is_node_dump("   {QUERY \n   :commandType 1", 29), "a dump of a query");
	ok(apikey_log_is_node_dump("(\n   {PLANNEDSTMT :x", 20), "a dump of a list");
	ok(!apikey_log_is_node_dump("{\"event\": 1}", 12), "JSON is none");
	ok(!apikey_log_is_node_dump("", 0), "nor is nothing");
	return done();
}
