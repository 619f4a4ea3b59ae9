/*-------------------------------------------------------------------------
 *
 * failure_test.c
 *		Every call that can fail, made to fail once.
 *
 * The linker redirects the core's calls to libcrypto and malloc to this file
 * (--wrap; the Makefile names them from the list below).  A scenario uses all
 * of the core.  For each call that it makes, it runs in a separate process
 * with that call failing: once while the cached contexts are being created,
 * and once in a second run of the same process, when they exist.  A call
 * fails either before it has done anything or, if that leaks nothing, after
 * it has done its work.
 *
 * Each result must be clean: the scenario succeeds as if nothing had
 * happened, or it reports the failure and every output is wiped; libcrypto's
 * error queue is empty; and the next scenario in that process works.  With
 * the address sanitizer a leak also fails the process.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

#include "fernet.h"
#include "kdf.h"
#include "support.h"

#define VALUE		"some value or other"
#define VALUE_LEN	(sizeof(VALUE) - 1)
#define SEALED_LEN	(VALUE_LEN + APIKEY_ENVELOPE_OVERHEAD)
#define TOKEN_SIZE	120			/* of VALUE, as a Fernet token */

typedef enum Mode
{
	FAIL_BEFORE,
	FAIL_AFTER
} Mode;

static bool armed = false;
static int	calls = 0;
static int	failing_call = 0;
static Mode mode = FAIL_BEFORE;
static const char *failed_name = NULL;

/* Is this the call that fails?  A call of libcrypto also queues an error. */
static bool
fails(const char *name)
{
	if (!armed || ++calls != failing_call)
		return false;
	failed_name = name;
	if (strncmp(name, "EVP_", 4) == 0)
		ERR_raise(ERR_LIB_EVP, ERR_R_INTERNAL_ERROR);
	return true;
}

/* A wrapped function that returns 1, or 0 when it fails. */
#define WRAP_STATUS(name, parameters, arguments) \
	extern int __real_##name parameters; \
	extern int __wrap_##name parameters; \
	int __wrap_##name parameters \
	{ \
		bool		failing = fails(#name); \
		int			result = 1; \
		if (!failing || mode == FAIL_AFTER) \
			result = __real_##name arguments; \
		return failing ? 0 : result; \
	}

/* A wrapped function that allocates; it can fail only before that. */
#define WRAP_MAKER(type, name, parameters, arguments) \
	extern type __real_##name parameters; \
	extern type __wrap_##name parameters; \
	type __wrap_##name parameters \
	{ \
		return fails(#name) ? NULL : __real_##name arguments; \
	}

WRAP_MAKER(void *, malloc, (size_t size), (size))
WRAP_MAKER(void *, CRYPTO_secure_zalloc,
		   (size_t size, const char *file, int line), (size, file, line))
WRAP_STATUS(CRYPTO_secure_malloc_init, (size_t size, size_t minsize), (size, minsize))
WRAP_MAKER(EVP_CIPHER *, EVP_CIPHER_fetch,
		   (OSSL_LIB_CTX *library, const char *name, const char *properties),
		   (library, name, properties))
WRAP_MAKER(EVP_CIPHER_CTX *, EVP_CIPHER_CTX_new, (void), ())
WRAP_MAKER(EVP_MAC *, EVP_MAC_fetch,
		   (OSSL_LIB_CTX *library, const char *name, const char *properties),
		   (library, name, properties))
WRAP_MAKER(EVP_MAC_CTX *, EVP_MAC_CTX_new, (EVP_MAC *mac), (mac))
WRAP_MAKER(EVP_KDF *, EVP_KDF_fetch,
		   (OSSL_LIB_CTX *library, const char *name, const char *properties),
		   (library, name, properties))
WRAP_MAKER(EVP_KDF_CTX *, EVP_KDF_CTX_new, (EVP_KDF *kdf), (kdf))
WRAP_STATUS(EVP_CipherInit_ex2,
			(EVP_CIPHER_CTX *context, const EVP_CIPHER *cipher,
			 const unsigned char *key, const unsigned char *iv, int enc,
			 const OSSL_PARAM params[]),
			(context, cipher, key, iv, enc, params))
WRAP_STATUS(EVP_CipherUpdate,
			(EVP_CIPHER_CTX *context, unsigned char *out, int *out_len,
			 const unsigned char *in, int in_len),
			(context, out, out_len, in, in_len))
WRAP_STATUS(EVP_CipherFinal_ex,
			(EVP_CIPHER_CTX *context, unsigned char *out, int *out_len),
			(context, out, out_len))
WRAP_STATUS(EVP_CIPHER_CTX_ctrl,
			(EVP_CIPHER_CTX *context, int type, int arg, void *pointer),
			(context, type, arg, pointer))
WRAP_STATUS(EVP_MAC_CTX_set_params,
			(EVP_MAC_CTX *context, const OSSL_PARAM params[]),
			(context, params))
WRAP_STATUS(EVP_MAC_init,
			(EVP_MAC_CTX *context, const unsigned char *key, size_t key_len,
			 const OSSL_PARAM params[]),
			(context, key, key_len, params))
WRAP_STATUS(EVP_MAC_update,
			(EVP_MAC_CTX *context, const unsigned char *data, size_t len),
			(context, data, len))
WRAP_STATUS(EVP_MAC_final,
			(EVP_MAC_CTX *context, unsigned char *out, size_t *out_len,
			 size_t out_size),
			(context, out, out_len, out_size))
WRAP_STATUS(EVP_KDF_derive,
			(EVP_KDF_CTX *context, unsigned char *out, size_t len,
			 const OSSL_PARAM params[]),
			(context, out, len, params))

/* What went wrong in this process, apart from reported failures. */
static int	faults = 0;

static void
expect(bool passed, const char *what)
{
	if (!passed)
	{
		fprintf(stderr, "# %s fails: %s\n",
				failed_name != NULL ? failed_name : "nothing", what);
		faults++;
	}
}

/*
 * One step of the scenario: if it reports a failure, its output must be wiped.
 * True if it worked.  No tag is wrong here, so that APIKEY_UNOPENED can only
 * come from the failing call.
 */
static bool
step(ApikeyResult result, const void *out, size_t len)
{
	expect(ERR_peek_error() == 0, "the error queue is not empty");
	if (result == APIKEY_OK)
		return true;
	expect(result == APIKEY_LIBCRYPTO_FAILED ||
		   (result == APIKEY_UNOPENED &&
			strcmp(failed_name, "EVP_CipherFinal_ex") == 0),
		   "the result is not a failure of libcrypto");
	expect(all_zero(out, len), "the output is not wiped");
	return false;
}

/* The lower layers, whose callers would wipe what they leave. */
static bool
use_cipher(void)
{
	uint8_t		key[APIKEY_XAES_KEY_SIZE] = {7};
	uint8_t		nonce[APIKEY_XAES_NONCE_SIZE] = {8};
	uint8_t		sealed[VALUE_LEN + APIKEY_XAES_TAG_SIZE];
	uint8_t		opened[VALUE_LEN];
	ApikeyXaes	xaes;

	memset(&xaes, 0xEE, sizeof(xaes));
	if (!step(apikey_xaes_init(&xaes, key) ? APIKEY_OK : APIKEY_LIBCRYPTO_FAILED,
			  &xaes, sizeof(xaes)))
		return false;
	memset(sealed, 0xEE, sizeof(sealed));
	memset(opened, 0xEE, sizeof(opened));
	return step(apikey_xaes_seal(&xaes, nonce, NULL, 0, (const uint8_t *) VALUE,
								 VALUE_LEN, sealed), sealed, sizeof(sealed)) &&
		step(apikey_xaes_open(&xaes, nonce, NULL, 0, sealed, sizeof(sealed),
							  opened), opened, sizeof(opened));
}

/* HKDF and HMAC, with outputs that a key would not expose. */
static bool
use_kdf(void)
{
	uint8_t		key[APIKEY_KEY_SIZE] = {9};
	uint8_t		derived[APIKEY_KEY_SIZE];
	uint8_t		digest[APIKEY_SHA256_SIZE];

	memset(derived, 0xEE, sizeof(derived));
	memset(digest, 0xEE, sizeof(digest));
	return step(apikey_hkdf(key, sizeof(key), "x", derived, sizeof(derived)),
				derived, sizeof(derived)) &&
		step(apikey_hmac(key, sizeof(key), VALUE, VALUE_LEN, digest),
			 digest, sizeof(digest));
}

static bool
use_master_key(const ApikeyMasterKey *master)
{
	uint8_t		id[APIKEY_DATA_KEY_ID_SIZE] = {1};
	uint8_t		random[APIKEY_XAES_NONCE_SIZE] = {2};
	uint8_t		nonce[APIKEY_XAES_NONCE_SIZE];
	uint8_t		raw[APIKEY_KEY_SIZE] = {3};
	uint8_t		wrapped[APIKEY_WRAPPED_SIZE];
	uint8_t		again[APIKEY_KEY_SIZE];

	memset(wrapped, 0xEE, sizeof(wrapped));
	memset(again, 0xEE, sizeof(again));
	memset(nonce, 0xEE, sizeof(nonce));
	if (!step(apikey_wrap_nonce(master, id, "value", random, raw, nonce),
			  nonce, sizeof(nonce)) ||
		!step(apikey_data_key_wrap(master, id, "value", nonce, raw, wrapped),
			  wrapped, sizeof(wrapped)) ||
		!step(apikey_data_key_unwrap(master, id, "value", wrapped,
									 sizeof(wrapped), again),
			  again, sizeof(again)))
		return false;
	expect(memcmp(raw, again, sizeof(raw)) == 0, "another key is unwrapped");
	return true;
}

static bool
use_data_key(const ApikeyDataKey *key, const ApikeyContext *context)
{
	uint8_t		random[APIKEY_XAES_NONCE_SIZE] = {4};
	uint8_t		nonce[APIKEY_XAES_NONCE_SIZE];
	uint8_t		sealed[SEALED_LEN];
	uint8_t		opened[VALUE_LEN];
	uint8_t		fingerprint[APIKEY_FINGERPRINT_SIZE];

	memset(sealed, 0xEE, sizeof(sealed));
	memset(opened, 0xEE, sizeof(opened));
	memset(fingerprint, 0xEE, sizeof(fingerprint));
	memset(nonce, 0xEE, sizeof(nonce));
	if (!step(apikey_envelope_nonce(key, context, random, VALUE, VALUE_LEN, nonce),
			  nonce, sizeof(nonce)) ||
		!step(apikey_envelope_seal(key, context, nonce, VALUE, VALUE_LEN,
								   sealed), sealed, sizeof(sealed)) ||
		!step(apikey_envelope_open(key, context, sealed, sizeof(sealed),
								   opened), opened, sizeof(opened)) ||
		!step(apikey_data_key_fingerprint(key, VALUE, VALUE_LEN, fingerprint),
			  fingerprint, sizeof(fingerprint)))
		return false;
	expect(memcmp(opened, VALUE, VALUE_LEN) == 0, "another value is opened");
	return true;
}

/* A Fernet token, made and opened. */
static bool
use_fernet(const ApikeyFernetKey *key)
{
	uint8_t		iv[APIKEY_CBC_BLOCK_SIZE] = {10};
	char		text[TOKEN_SIZE];
	uint8_t		buffer[TOKEN_SIZE];
	uint8_t		value[APIKEY_CBC_PADDED_SIZE(VALUE_LEN)];
	ApikeyFernetToken token;
	size_t		len;

	expect(apikey_fernet_token_size(VALUE_LEN) == TOKEN_SIZE,
		   "another size of the token");
	memset(text, 0xEE, sizeof(text));
	memset(value, 0xEE, sizeof(value));
	if (!step(apikey_fernet_seal(key, 11, iv, VALUE, VALUE_LEN, text),
			  text, sizeof(text)))
		return false;
	expect(apikey_fernet_parse(text, sizeof(text), buffer,
							   &token) == APIKEY_OK, "the token is not a Fernet token");
	if (!step(apikey_fernet_open(key, &token, value, &len),
			  value, sizeof(value)))
		return false;
	expect(len == VALUE_LEN && memcmp(value, VALUE, len) == 0,
		   "another value is decrypted");
	return true;
}

/* All of the core once; false if a step reported a failure. */
static bool
scenario(void)
{
	uint8_t		raw[APIKEY_KEY_SIZE] = {5};
	uint8_t		id[APIKEY_DATA_KEY_ID_SIZE] = {6};
	ApikeyMasterKey *master = NULL;
	ApikeyDataKey *key = NULL;
	ApikeyFernetKey *fernet = NULL;
	ApikeyContext context = {0};
	bool		worked = false;

	if (use_cipher() && use_kdf())
		master = apikey_master_key_new(raw);
	expect(ERR_peek_error() == 0, "the error queue is not empty");
	if (master != NULL && use_master_key(master))
		key = apikey_data_key_new(id, raw);
	expect(ERR_peek_error() == 0, "the error queue is not empty");
	if (key != NULL && apikey_context_column(&context, span("c")) &&
		use_data_key(key, &context))
		fernet = apikey_fernet_key_new(raw);
	expect(ERR_peek_error() == 0, "the error queue is not empty");
	if (fernet != NULL)
		worked = use_fernet(fernet);
	apikey_fernet_key_free(fernet);
	apikey_context_free(&context);
	apikey_data_key_free(key);
	apikey_master_key_free(master);
	return worked;
}

/* Run the scenario with a call failing; which is 0 for none. */
static bool
run_failing(int which)
{
	bool		worked;

	calls = 0;
	failing_call = which;
	failed_name = NULL;
	armed = true;
	worked = scenario();
	armed = false;
	return worked;
}

/*
 * In a separate process: optionally a run that creates the cached contexts,
 * one that fails, and two that must work.
 */
static bool
run_process(int which, bool warm)
{
	int			status;
	pid_t		pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
	{
		if (warm)
			expect(run_failing(0), "the first run");
		run_failing(which);
		expect(failed_name != NULL, "there is no such call");
		expect(run_failing(0) && run_failing(0), "the next run");
		exit(faults > 0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid &&
		WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* The number of calls in a run: the first one of a process, or a later one. */
static int
count_calls(bool warm)
{
	int			pipe_ends[2];
	int			result = 0;
	pid_t		pid;

	if (pipe(pipe_ends) != 0)
		return 0;
	pid = fork();
	if (pid == 0)
	{
		bool		worked = run_failing(0) && (!warm || run_failing(0));

		_exit(!worked || write(pipe_ends[1], &calls, sizeof(calls)) < 0);
	}
	close(pipe_ends[1]);
	if (read(pipe_ends[0], &result, sizeof(result)) != sizeof(result))
		result = 0;
	close(pipe_ends[0]);
	waitpid(pid, NULL, 0);
	return result;
}

static void
test_all(bool warm, const char *what)
{
	int			total = count_calls(warm);
	int			clean = 0;

	for (int which = 1; which <= total; which++)
	{
		mode = FAIL_BEFORE;
		clean += run_process(which, warm);
		mode = FAIL_AFTER;
		clean += run_process(which, warm);
	}
	ok(total > 40 && clean == 2 * total, "%d calls fail cleanly, %s",
	   total, what);
}

int
main(void)
{
	test_all(false, "while the contexts are being created");
	test_all(true, "when the contexts exist");
	return done();
}
