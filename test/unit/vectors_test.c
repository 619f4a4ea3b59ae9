/*-------------------------------------------------------------------------
 *
 * vectors_test.c
 *		The core against test/vectors/envelope.txt, which doc/format.md
 *		publishes.
 *
 * The file's sections must come in their order: each uses the keys before it.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "fernet.h"
#include "kdf.h"
#include "support.h"

#define MAX_FIELDS	16

typedef struct Section
{
	char		title[NAME_SIZE];
	int			count;
	char		names[MAX_FIELDS][NAME_SIZE];
	Field		fields[MAX_FIELDS];
} Section;

static ApikeyMasterKey *master = NULL;
static ApikeyDataKey *data_key = NULL;	/* of the latest envelope */
static ApikeyDataKey *value_key = NULL;
static ApikeyDataKey *column_key = NULL;

/* The field of that name, which must be there. */
static const Field *
get(const Section *s, const char *name)
{

	for (int i = 0; i < s->count; i++)
	{
		if (strcmp(s->names[i], name) == 0)
			return &s->fields[i];
	}
	printf("Bail out!  no %s in [%s]\n", name, s->title);
	exit(1);
}

static bool
equals(const Field *field, const void *data, size_t len)
{
	return field->len == len && memcmp(field->data, data, len) == 0;
}

static ApikeySpan
span_of(const Field *field)
{
	ApikeySpan	result = {field->data, field->len};

	return result;
}

static void
check_derived(const Section *s, const char *label, const char *name)
{
	uint8_t		out[32];

	ok(apikey_hkdf(get(s, "raw")->data, APIKEY_KEY_SIZE, label,
				   out, sizeof(out)) == APIKEY_OK &&
	   equals(get(s, name), out, sizeof(out)), "%s: %s", s->title, name);
}

static void
check_master(const Section *s)
{
	check_derived(s, "apikey/1/master/wrap", "wrap_key");
	master = apikey_master_key_new(get(s, "raw")->data);
	ok(master != NULL && equals(get(s, "id"), master->id, sizeof(master->id)),
	   "%s: id", s->title);
}

static void
check_fernet_key(const Section *s)
{
	ApikeyFernetKey *key = apikey_fernet_key_new(get(s, "raw")->data);

	ok(key != NULL && equals(get(s, "id"), key->id, sizeof(key->id)),
	   "%s: id", s->title);
	apikey_fernet_key_free(key);
}

static void
check_data_key(const Section *s, ApikeyDataKey **key)
{
	const Field *id = get(s, "id");
	const Field *raw = get(s, "raw");
	const char *purpose = key == &value_key ? "value" : "column";
	uint8_t		wrapped[APIKEY_WRAPPED_SIZE];
	uint8_t		out[APIKEY_KEY_SIZE];

	check_derived(s, "apikey/1/data/encrypt", "encrypt_key");
	*key = apikey_data_key_new(id->data, raw->data);
	ok(*key != NULL && equals(get(s, "fingerprint_key"), (*key)->fingerprint,
							  sizeof((*key)->fingerprint)),
	   "%s: fingerprint_key", s->title);
	ok(equals(get(s, "purpose"), purpose, strlen(purpose)),
	   "%s: purpose", s->title);
	ok(apikey_data_key_wrap(master, id->data, purpose,
							get(s, "wrap_nonce")->data, raw->data,
							wrapped) == APIKEY_OK &&
	   equals(get(s, "wrapped"), wrapped, sizeof(wrapped)),
	   "%s: wrapped", s->title);
	ok(apikey_data_key_unwrap(master, id->data, purpose,
							  get(s, "wrapped")->data,
							  get(s, "wrapped")->len, out) == APIKEY_OK &&
	   equals(raw, out, sizeof(out)), "%s: unwrapped", s->title);
}

/* Associated data is the concatenation of a header and a context. */
static bool
is_associated_data(const Field *ad, const Field *envelope,
				   const ApikeyContext *context)
{
	return ad->len == APIKEY_ENVELOPE_HEADER_SIZE + context->len &&
		memcmp(ad->data, envelope->data, APIKEY_ENVELOPE_HEADER_SIZE) == 0 &&
		memcmp(ad->data + APIKEY_ENVELOPE_HEADER_SIZE, context->data,
			   context->len) == 0;
}

static void
check_text(const Section *s)
{
	const Field *envelope = get(s, "envelope");
	const Field *text = get(s, "text");
	size_t		len = apikey_envelope_text_size(envelope->len);
	char	   *out = need(len);
	uint8_t    *read = need(len);
	size_t		read_len;

	apikey_envelope_to_text(envelope->data, envelope->len, out);
	ok(equals(text, out, len), "%s: text", s->title);
	ok(apikey_envelope_from_text((const char *) text->data, text->len,
								 read, &read_len) == APIKEY_OK &&
	   equals(envelope, read, read_len), "%s: text is parsed", s->title);
	free(out);
	free(read);
}

static void
check_envelope(const Section *s, const ApikeyContext *context)
{
	const Field *value = get(s, "value");
	const Field *envelope = get(s, "envelope");
	uint8_t    *out = need(envelope->len);
	uint8_t		fingerprint[APIKEY_FINGERPRINT_SIZE];

	ok(equals(get(s, "context"), context->data, context->len),
	   "%s: context", s->title);
	ok(is_associated_data(get(s, "ad"), envelope, context), "%s: ad",
	   s->title);
	ok(envelope->len == value->len + APIKEY_ENVELOPE_OVERHEAD &&
	   apikey_envelope_seal(data_key, context, get(s, "nonce")->data,
							value->data, value->len, out) == APIKEY_OK &&
	   equals(envelope, out, envelope->len), "%s: envelope", s->title);
	ok(apikey_envelope_open(data_key, context, envelope->data, envelope->len,
							out) == APIKEY_OK &&
	   equals(value, out, value->len), "%s: opened", s->title);
	ok(apikey_data_key_fingerprint(data_key, value->data, value->len,
								   fingerprint) == APIKEY_OK &&
	   equals(get(s, "fingerprint"), fingerprint, sizeof(fingerprint)),
	   "%s: fingerprint", s->title);
	check_text(s);
	free(out);
}

static void
check_stored_key(const Section *s)
{
	ApikeyContext context;

	data_key = value_key;
	if (apikey_context_value(&context, span_of(get(s, "user_id")),
							 get(s, "id")->data, span_of(get(s, "key_type")),
							 span_of(get(s, "name"))))
	{
		check_envelope(s, &context);
		apikey_context_free(&context);
	}
}

static void
check_column(const Section *s)
{
	ApikeyContext context;

	data_key = column_key;
	if (apikey_context_column(&context, span_of(get(s, "context_name"))))
	{
		check_envelope(s, &context);
		apikey_context_free(&context);
	}
}

/* Check a section that has been read, and empty it. */
static void
check_section(Section *s)
{
	if (strcmp(s->title, "[master key]") == 0)
		check_master(s);
	else if (strcmp(s->title, "[data key of values]") == 0)
		check_data_key(s, &value_key);
	else if (strcmp(s->title, "[data key of columns]") == 0)
		check_data_key(s, &column_key);
	else if (strncmp(s->title, "[stored key", 11) == 0)
		check_stored_key(s);
	else if (strncmp(s->title, "[column", 7) == 0)
		check_column(s);
	else if (strcmp(s->title, "[fernet key]") == 0)
		check_fernet_key(s);
	else
		ok(false, "%s: no check for this section", s->title);
	for (int i = 0; i < s->count; i++)
		free_field(&s->fields[i]);
	s->count = 0;
}

int
main(int argc, char **argv)
{
	FILE	   *file = open_file(argc > 1 ? argv[1] :
								 "../vectors/envelope.txt");
	Section		s = {0};
	char		name[NAME_SIZE];
	int			sections = 0;

	while (next_field(file, name, &s.fields[s.count]))
	{
		if (s.fields[s.count].data != NULL && s.count < MAX_FIELDS - 1)
			strcpy(s.names[s.count++], name);
		else if (name[0] == '[')
		{
			if (sections++ > 0)
				check_section(&s);
			strcpy(s.title, name);
		}
	}
	check_section(&s);
	fclose(file);
	ok(sections == 8, "all of the sections");
	apikey_master_key_free(master);
	apikey_data_key_free(value_key);
	apikey_data_key_free(column_key);
	return done();
}
