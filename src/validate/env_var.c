/*-------------------------------------------------------------------------
 *
 * env_var.c
 *		The names of environment variables, of keys and of key types.
 *
 * A user chooses both the name and the value of a variable in which reveal_env()
 * passes a key to a program of the application.  So a name must not be one that
 * makes a program run other code, or send its data and the keys that it has from
 * elsewhere to another place.
 *
 * Names of one provider's client that have no default are allowed, since the key
 * is of no use without them: AWS_REGION, AZURE_OPENAI_ENDPOINT, DATABASE_URL.
 *
 * No message repeats the name: it may be a value passed in the wrong place.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/errors.h"
#include "validate/env_var.h"

#define HINT	"Use the name that clients of the provider read, such as ACME_API_KEY."

/*
 * The reserved names; "*" stands for any characters.  doc/reference.md has the
 * same list.
 */
static const char *const reserved[] = {
	/* Shells, and where programs and their files are found */
	"PATH", "*_PATH", "HOME", "*_HOME", "SHELL", "*_SHELL", "IFS", "ENV",
	"BASH_*", "BASHOPTS", "SHELLOPTS", "CDPATH", "FPATH", "GLOBIGNORE", "PS0",
	"PS1", "PS2", "PS3", "PS4", "ZDOTDIR", "INPUTRC", "HISTFILE", "TMPDIR",
	"TMP", "TEMP", "XDG_*", "NIX_*", "HOMEBREW_*", "*_CONFIG_DIR",
	"*_CONFIG_FILE", "*_CREDENTIALS_FILE", "COMSPEC", "PATHEXT",
	"PSMODULEPATH", "SYSTEMROOT", "WINDIR", "APPDATA", "LOCALAPPDATA",
	"USERPROFILE",

	/* Programs that other programs start */
	"*EDITOR", "VISUAL", "FCEDIT", "*PAGER", "BROWSER", "*_BROWSER",
	"*_COMMAND", "*_ASKPASS", "*_BIN", "*_EXE", "LESS", "LESSOPEN",
	"LESSCLOSE", "LESSKEY",

	/* The dynamic loader and the C library */
	"LD_*", "DYLD_*", "*_PRELOAD", "LIBPATH", "LOCPATH", "NLSPATH", "TZDIR",
	"GLIBC_TUNABLES", "MALLOC_*", "GETCONF_DIR", "HOSTALIASES", "LOCALDOMAIN",
	"RESOLV_*", "TERMINFO", "TERMINFO_DIRS", "TERMCAP",

	/* Languages, their tools and frameworks */
	"PYTHON*", "PIP_*", "UV_*", "CONDA_*", "VIRTUAL_ENV", "PYTEST_*",
	"IPYTHONDIR", "JUPYTER_*", "GUNICORN_*", "UWSGI_*", "PYSPARK_*",
	"AIRFLOW__*", "NLTK_DATA", "DJANGO_SETTINGS_MODULE", "FLASK_APP", "PERL*",
	"RUBY*", "GEM_*", "BUNDLE_*", "IRBRC", "NODE_*", "NPM_CONFIG_*", "YARN_*",
	"PNPM_*", "BUN_*", "DENO_*", "TS_NODE_*", "PRISMA_QUERY_ENGINE_*",
	"ELECTRON_*", "PHPRC", "PHP_*", "LUA_*", "R_*", "JULIA_*", "GHCRTS",
	"ERL_*", "MIX_*", "OCAMLRUNPARAM", "TCLLIBPATH", "TCL_LIBRARY",
	"EMACSLOADPATH", "VIMINIT", "EXINIT", "VIMRUNTIME", "JAVA_*", "JDK_*",
	"CLASSPATH", "*_OPTS", "*_OPTIONS", "MAVEN_ARGS",
	"SPRING_APPLICATION_JSON", "SPRING_CONFIG_*", "LOGGING_CONFIG",
	"DOTNET_*", "COMPLUS_*", "CORECLR_*", "COR_*", "ASPNETCORE_*", "NUGET_*",
	"MSBUILD*", "RUST*", "CARGO_*", "GOAUTH", "GOBIN", "GOCACHE", "GODEBUG",
	"GOENV", "GOEXPERIMENT", "GOINSECURE", "GOMODCACHE", "GONOPROXY",
	"GONOSUMDB", "GOPATH", "GOPRIVATE", "GOPROXY", "GOROOT", "GOSUMDB",
	"GOTMPDIR", "GOTOOLCHAIN", "GOVCS", "GOWORK", "CGO_*", "CC", "CXX",
	"CPATH", "*FLAGS", "GCC_EXEC_PREFIX", "CMAKE_*", "MAKEFILES",
	"PKG_CONFIG*",

	/* Networks, and whom they trust */
	"*_PROXY", "SSL_CERT_*", "SSL_DIR", "SSLKEYLOGFILE", "OPENSSL_*",
	"GNUTLS_*", "P11_KIT_*", "CURL_*", "*_CA_BUNDLE", "*_CA_CERT",
	"*_CA_CERTS", "*_CACERT", "*_CA_FILE", "KRB5*", "LDAPCONF", "LDAPRC",
	"LDAPTLS_*", "SSH_AUTH_SOCK", "SSH_SK_PROVIDER", "GNUPGHOME", "RSYNC_*",
	"DBUS_*",

	/* Databases */
	"PG*", "PSQL*", "MYSQL_HOST", "MYSQL_TCP_PORT", "MYSQL_UNIX_PORT",
	"LIBMYSQL_*", "ODBCINI", "ODBCINSTINI", "ODBCSYSINI", "TNS_ADMIN",
	"TWO_TASK",

	/* Tools, clouds, and where clients send their keys by default */
	"GIT_*", "HGRCPATH", "CVS_RSH", "SVN_SSH", "KUBECONFIG", "HELM_*",
	"DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY",
	"CONTAINER_HOST", "ANSIBLE_*", "TF_CLI_*", "TF_PLUGIN_*",
	"TF_REATTACH_PROVIDERS", "AWS_CONTAINER_*", "AWS_EC2_METADATA_*",
	"AWS_ENDPOINT_URL*", "AWS_WEB_IDENTITY_TOKEN_FILE", "BOTO_CONFIG",
	"CLOUDSDK_*", "GCE_METADATA_*", "GOOGLE_EXTERNAL_ACCOUNT_*",
	"AZURE_AUTHORITY_HOST", "IDENTITY_ENDPOINT", "IMDS_ENDPOINT",
	"MSI_ENDPOINT", "PUB_HOSTED_URL", "*_BASE_URL", "*_API_BASE",
	"HF_ENDPOINT", "LANGCHAIN_ENDPOINT", "LANGSMITH_ENDPOINT",
	"OTEL_*_ENDPOINT",

	/* Desktops */
	"DISPLAY", "XAUTHORITY", "GTK_*", "QT_*", "GIO_*", "GST_*"
};

/*
 * Names with these endings are secrets, also where the beginning is reserved:
 * NODE_AUTH_TOKEN, RUBYGEMS_API_KEY.
 */
static const char *const secret_endings[] = {
	"_KEY", "_TOKEN", "_SECRET", "_PASSWORD", "_PAT"
};

static bool
is_well_formed(const char *name)
{
	size_t		len = strlen(name);

	return len <= APIKEY_ENV_VAR_MAX && *name >= 'A' && *name <= 'Z' &&
		strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == len;
}

static bool
ends_with(const char *name, const char *ending)
{
	size_t		len = strlen(name);
	size_t		ending_len = strlen(ending);

	return len >= ending_len && strcmp(name + len - ending_len, ending) == 0;
}

static bool
is_named_as_secret(const char *name)
{
	for (size_t i = 0; i < lengthof(secret_endings); i++)
		if (ends_with(name, secret_endings[i]))
			return true;
	return false;
}

/* Does an entry of the list, with at most one "*", cover the name? */
static bool
covers(const char *entry, const char *name)
{
	const char *star = strchr(entry, '*');
	size_t		head = star != NULL ? (size_t) (star - entry) : 0;

	if (star == NULL)
		return strcmp(entry, name) == 0;
	return !is_named_as_secret(name) && strncmp(entry, name, head) == 0 &&
		ends_with(name + head, star + 1);
}

void
apikey_env_var_check(const char *name, const char *argument)
{
	if (!is_well_formed(name))
		apikey_refuse_argument(argument, "invalid environment variable name",
							   psprintf("A name has 1 to %d characters, A-Z, 0-9 and _, and begins with a letter.",
										APIKEY_ENV_VAR_MAX), HINT);
	for (size_t i = 0; i < lengthof(reserved); i++)
		if (covers(reserved[i], name))
			apikey_refuse_argument(argument, "reserved environment variable name",
								   psprintf("%s is reserved, because it can change which code programs run or where they connect.",
											reserved[i]), HINT);
}
