-- The names of environment variables: one rule, for keys and for key types.
SET search_path = regress_apikey;
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET apikey.identity = 'session';
SET apikey.user_id = 'alice';
SELECT apikey.create_key('probe', 'custom', 'a-value-of-no-use') IS NOT NULL AS created;
INSERT INTO apikey.custom_key_types (key_type, label) VALUES ('regress_probe', 'Probe');

-- The outcome for a key, which must be that for a type: "done", or the message.
CREATE FUNCTION pg_temp.verdict(name text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	of_key text := regress_apikey.outcome(format('SELECT apikey.update_key(''probe'', new_env_var => %L)', name));
	of_type text := regress_apikey.outcome(format('UPDATE apikey.custom_key_types SET env_vars = ARRAY[%L] WHERE key_type = ''regress_probe''', name));
BEGIN
	of_key := regexp_replace(of_key, ' on new_env_var:|\n  HINT: .*', '', 'g');
	of_type := regexp_replace(of_type, ' on env_vars:|\n  HINT: .*', '', 'g');
	ASSERT of_key = of_type, concat_ws(E'\n', name, of_key, of_type);
	RETURN split_part(of_key, E'\n', 1);
END $$;

-- Well-formed names.
SELECT left(name, 20) AS name, length(name), pg_temp.verdict(name) AS result FROM unnest(ARRAY['A', 'KEY', 'A1', 'A_', 'A__B', 'A' || repeat('B', 127),
	'_KEY', '1A_KEY', 'a_KEY', 'A_key', 'A-B_KEY', 'A_KEY ', ' A_KEY', 'A KEY', 'A_KEY=x', 'A.KEY', U&'\00c9_KEY', E'A_KEY\nB_KEY', 'A' || repeat('B', 128)
	]) WITH ORDINALITY AS n (name, number) ORDER BY number;
-- An empty name clears a key's, and is no name for a type.
SELECT regress_apikey.outcome($$UPDATE apikey.custom_key_types SET env_vars = '{""}' WHERE key_type = 'regress_probe'$$) AS result;

-- What clients of providers read.
SELECT name, pg_temp.verdict(name) AS result FROM unnest(ARRAY['WATSONX_APIKEY', 'TWILIO_ACCOUNT_SID', 'CLARIFAI_PAT', 'GIGACHAT_CREDENTIALS', 'GOOGLE_APPLICATION_CREDENTIALS',
	'SENTRY_DSN', 'QIANFAN_AK', 'QIANFAN_SK', 'SLACK_WEBHOOK_URL', 'DATABASE_URL', 'AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_PROFILE', 'OPENAI_API_KEY_2', 'OPENAI_ORG_ID', 'OPENAI_ORGANIZATION',
	'AZURE_OPENAI_ENDPOINT', 'DATABRICKS_HOST', 'SNOWFLAKE_ACCOUNT', 'WEAVIATE_URL', 'GOOGLE_CLOUD_PROJECT', 'GOOGLE_VERTEX_LOCATION', 'GODADDY_API_KEY',
	'PERPLEXITY_API_KEY', 'RUNWAYML_API_SECRET', 'NODE_AUTH_TOKEN', 'RUBYGEMS_API_KEY', 'GEM_HOST_API_KEY', 'NUGET_API_KEY', 'CARGO_REGISTRY_TOKEN', 'GIT_TOKEN',
	'GITHUB_TOKEN', 'DOCKER_PAT', 'DOCKER_PASSWORD', 'PGANALYZE_API_KEY', 'REDIS_URL', 'SMTP_USER', 'KUBE_TOKEN', 'ENVIRONMENT_KEY', 'HOMEBREW_GITHUB_API_TOKEN', 'PATHFINDER', 'TS_AUTHKEY'
	]) WITH ORDINALITY AS n (name, number) WHERE pg_temp.verdict(name) <> 'done' ORDER BY number;
-- The variables of the built-in types.
SELECT count(*) > 150 AS many, count(*) FILTER (WHERE pg_temp.verdict(name) <> 'done') AS refused
	FROM apikey.builtin_key_types, unnest(env_vars) name;

-- Variables that SDKs read, and providers: those that no built-in type has.
SELECT name FROM unnest(ARRAY['GOOGLE_GENERATIVE_AI_API_KEY', 'HUGGINGFACEHUB_API_TOKEN', 'PPLX_API_KEY', 'KIMI_API_KEY', 'MINIMAX_CN_API_KEY', 'CLOUDFLARE_API_KEY',
	'CODESTRAL_API_KEY', 'ANTHROPIC_OAUTH_TOKEN', 'COPILOT_GITHUB_TOKEN', 'GITLAB_PERSONAL_ACCESS_TOKEN', 'SOLAR_API_KEY', 'AZURE_AI_SERVICES_KEY', 'CLARIFAI_PAT',
	'DASHSCOPE_API_KEY', 'DEEPINFRA_API_KEY', 'ARK_API_KEY', 'WATSONX_APIKEY', 'FAL_KEY', 'BFL_API_KEY', 'RUNWAYML_API_SECRET', 'NOVITA_API_KEY', 'NEBIUS_API_KEY',
	'HYPERBOLIC_API_KEY', 'LLAMA_API_KEY', 'LAMBDA_API_KEY', 'E2B_API_KEY', 'SERPAPI_API_KEY', 'HELICONE_API_KEY', 'POSTHOG_API_KEY', 'BROWSERBASE_API_KEY',
	'COMPOSIO_API_KEY', 'APIFY_API_TOKEN', 'RESEND_API_KEY', 'NEON_API_KEY']) name
	WHERE NOT EXISTS (SELECT FROM apikey.builtin_key_types WHERE name = ANY (env_vars));
SELECT provider FROM unnest(ARRAY['vertex', 'dashscope', 'deepinfra', 'volcengine|ark', 'watsonx', 'fal', 'black_forest', 'runway', 'novita', 'nebius', 'hyperbolic',
	'snowflake', 'llama', 'lambda', 'featherless', 'e2b', 'serpapi', 'helicone', 'posthog', 'browserbase', 'composio', 'apify', 'atlassian', 'figma', 'hubspot',
	'digitalocean', 'neon', 'resend', 'docker', 'pypi', 'tailscale']) provider
	WHERE NOT EXISTS (SELECT FROM apikey.builtin_key_types WHERE key_type ~ provider);

-- What changes which code a program runs, or where it connects.
SELECT name, pg_temp.verdict(name) AS result FROM unnest(ARRAY['PATH', 'LD_PRELOAD', 'LD_LIBRARY_PATH', 'LD_AUDIT', 'DYLD_INSERT_LIBRARIES', 'IFS', 'ENV', 'BASH_ENV', 'BASH_FUNC_X',
	'PROMPT_COMMAND', 'PS4', 'SHELLOPTS', 'ZDOTDIR', 'HOME', 'SHELL', 'EDITOR', 'GIT_EDITOR', 'VISUAL', 'PAGER', 'MANPAGER', 'BROWSER', 'LESSOPEN', 'TMPDIR', 'XDG_CONFIG_HOME', 'GCONV_PATH', 'LOCPATH', 'NLSPATH',
	'PYTHONPATH', 'PYTHONSTARTUP', 'PYTHONHOME', 'PIP_INDEX_URL', 'PERL5OPT', 'PERL5LIB', 'RUBYOPT', 'RUBYLIB', 'BUNDLE_GEMFILE', 'NODE_OPTIONS', 'NODE_PATH', 'NODE_EXTRA_CA_CERTS', 'NODE_TLS_REJECT_UNAUTHORIZED',
	'NPM_CONFIG_REGISTRY', 'PHPRC', 'PHP_INI_SCAN_DIR', 'LUA_INIT', 'LUA_PATH_5_4', 'JAVA_TOOL_OPTIONS', 'JDK_JAVA_OPTIONS', 'CLASSPATH', 'MAVEN_OPTS', 'GRADLE_OPTS', 'JAVA_HOME', 'SPRING_APPLICATION_JSON',
	'DOTNET_STARTUP_HOOKS', 'CORECLR_PROFILER_PATH', 'COR_PROFILER', 'COMPLUS_VERSION', 'RUSTFLAGS', 'RUSTC_WRAPPER', 'CARGO_BUILD_RUSTC', 'GOFLAGS', 'GOPROXY', 'GOPATH', 'CFLAGS', 'CC', 'R_PROFILE_USER', 'ERL_FLAGS', 'GHCRTS',
	'HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'SSLKEYLOGFILE', 'CURL_CA_BUNDLE', 'REQUESTS_CA_BUNDLE', 'AWS_CA_BUNDLE', 'OPENSSL_CONF', 'OPENSSL_MODULES', 'KRB5_CONFIG',
	'PGHOST', 'PGPASSWORD', 'PGSERVICEFILE', 'PGSSLROOTCERT', 'PGOPTIONS', 'PSQLRC', 'LIBMYSQL_PLUGINS', 'TNS_ADMIN', 'GIT_SSH_COMMAND', 'GIT_CONFIG_COUNT', 'GIT_ASKPASS', 'SSH_ASKPASS', 'SSH_AUTH_SOCK',
	'KUBECONFIG', 'DOCKER_HOST', 'DOCKER_CONFIG', 'AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE', 'AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_BEDROCK_RUNTIME', 'AWS_CONTAINER_CREDENTIALS_FULL_URI', 'CLOUDSDK_PYTHON',
	'GCE_METADATA_HOST', 'OPENAI_BASE_URL', 'ANTHROPIC_BASE_URL', 'OPENAI_API_BASE', 'HF_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT', 'GLIBC_TUNABLES', 'HOSTALIASES', 'MAKEFLAGS', 'DBUS_SESSION_BUS_ADDRESS', 'GTK_MODULES',
	'COMSPEC', 'PATHEXT', 'PSMODULEPATH'
	]) WITH ORDINALITY AS n (name, number) WHERE pg_temp.verdict(name) <> '22023 reserved environment variable name' ORDER BY number;
-- The message names the rule, not the name, which may be a value in the wrong place.
SELECT regress_apikey.outcome($$SELECT apikey.update_key('probe', new_env_var => 'HTTPS_PROXY')$$) AS result;
SELECT regress_apikey.outcome($$UPDATE apikey.custom_key_types SET env_vars = '{ACME_API_KEY,PYTHONPATH}' WHERE key_type = 'regress_probe'$$) AS result;

-- The documented list is that of the code.
\set documented `awk '/^##/ { on = /^### Environment variables/ } on && /^[|] [a-z]/ { n = split($0, part, "\140"); for (i = 2; i <= n; i += 2) print part[i] }' "$PG_ABS_SRCDIR/../doc/reference.md"`
\set coded `sed -n '/reserved\[\] = {/,/^};/ p' "$PG_ABS_SRCDIR/../src/validate/env_var.c" | grep -o '"[A-Z0-9_*]*"' | tr -d '"'`
\set ECHO none
CREATE TEMP TABLE documented AS SELECT entry FROM regexp_split_to_table(:'documented', E'\n') entry;
CREATE TEMP TABLE coded AS SELECT entry FROM regexp_split_to_table(:'coded', E'\n') entry;
\set ECHO all
SELECT count(*) > 150 AS many, count(*) = count(DISTINCT entry) AS distinct FROM coded;
SELECT c.entry AS coded, d.entry AS documented FROM coded c FULL JOIN documented d USING (entry)
	WHERE c.entry IS NULL OR d.entry IS NULL;
-- Each entry is refused, but not with the ending of a secret.
SELECT entry, name, pg_temp.verdict(name) AS result
	FROM documented, replace(entry, '*', 'X') name
	WHERE pg_temp.verdict(name) <> '22023 reserved environment variable name';
SELECT entry, name, pg_temp.verdict(name) AS result
	FROM documented, replace(entry || '_KEY', '*', 'X') name
	WHERE pg_temp.verdict(name) <> 'done';
SELECT name, pg_temp.verdict(name) AS result
	FROM unnest(ARRAY['PYTHON_TOKEN', 'PYTHON_SECRET', 'PYTHON_PASSWORD', 'PYTHON_PAT', 'PYTHON_KEYS', 'PYTHONKEY', 'PYTHON_KEY_2']) name;

DELETE FROM apikey.custom_key_types WHERE key_type = 'regress_probe';
SELECT apikey.purge_own_keys();
