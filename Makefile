# apikey: build, installation and tests.
#
#	make && sudo make install		for the PostgreSQL of PG_CONFIG
#	make installcheck				tests against a running server
#	make demo						a tour on a throw-away server
#	make try						psql on such a server
#	make test						every test, on throw-away servers
#	make test-long					the same, with 200 rounds of kill -9, 1,000 for the trace, and
#									each call that can fail in a new session
#	make test-trail					1,000 rounds of kill -9 for the trace alone
#	make test-clients				the examples of the documents for every client
#	make test-fresh					demo and test on fresh installations of Debian
#	make test-all					test on every major version of PostgreSQL
#	make dist						the distribution for PGXN, a zip of the last commit
#	make test-deb					build, install and use the Debian package, in chroots
#	make test-rpm					build the RPM package and use its files
#	make test-docker				run the steps of the Dockerfile in chroots, and use the result
#	make test-dist					build and test what is in such a zip
#	make sqlsmith					random queries as an application's role
#	make core-regress				PostgreSQL's own tests with the library preloaded
#	make sanitize					tests with sanitizers, valgrind and caches that are never valid
#	make bench						doc/benchmarks.md: apikey beside plain text, pgcrypto and Fernet
#	make bench-instructions			the instructions that a call costs, against plain text
#	make coverage					the lines that the tests execute
#	make fuzz						libFuzzer on each parser, FUZZ_SECONDS (60) each
#	make indent						lay out the source as pgindent does
#
# demo, try, test, test-clients and coverage set up everything they need; they leave nothing
# behind except the Debian packages that they announce and install.

# The directory of this file: "." except in a VPATH build.
topdir := $(patsubst %/,%,$(dir $(firstword $(MAKEFILE_LIST))))

# Files of the tree, as paths relative to its top.
tree_files = $(patsubst $(topdir)/%,%,$(sort $(wildcard $(addprefix $(topdir)/,$(1)))))

EXTENSION  = apikey
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" $(topdir)/$(EXTENSION).control)
MODULE_big = apikey
PGFILEDESC = "apikey - encrypted API keys of an application's users"
OBJS       = $(patsubst %.c,%.o,$(call tree_files,src/*.c src/*/*.c))

SQL_MODULES = $(call tree_files,sql/apikey/*.sql)
# The prefixes of the built-in key types, as a C array.
prefixes    = src/redact/builtin_prefixes.h

# The version of a distribution, of three numbers, as PGXN requires.
DISTVERSION := $(shell sed -n 's/^	"version": "\(.*\)",/\1/p' $(topdir)/META.json)
dist_name   = $(EXTENSION)-$(DISTVERSION)

DATA        = $(call tree_files,sql/apikey--*--*.sql)
DATA_built  = sql/apikey--$(EXTVERSION).sql

# Headers are also made in the build directory.
PG_CPPFLAGS = -I$(topdir)/src -Isrc -DAPIKEY_VERSION='"$(EXTVERSION)"'
# For builds with -Wextra: no warnings about the server's headers, nor about unused
# parameters, since the server determines the signatures of functions that it calls.
PG_CPPFLAGS += -isystem $(includedir_server) -Wno-unused-parameter
SHLIB_LINK += -lcrypto

# The module contains nothing that would benefit from inlining by the JIT compiler,
# so no bitcode is built and clang is not needed.
override with_llvm := no

EXTRA_CLEAN = $(prefixes) $(dist_name).zip \
			  $(foreach suffix,o bc gcda gcno,$(wildcard src/*.$(suffix) src/*/*.$(suffix)))

# These goals need neither a server nor its development files; some install them.
STANDALONE = demo try test bench bench-instructions test-trail sqlsmith core-regress sanitize test-long test-clients test-fresh test-all coverage indent check-indent dist test-dist fuzz
STANDALONE += test-deb test-rpm test-docker

ifneq ($(or $(filter-out $(STANDALONE),$(MAKECMDGOALS)),$(if $(MAKECMDGOALS),,all)),)

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
ifneq ($(words $(wildcard $(PGXS) $(shell $(PG_CONFIG) --includedir-server)/postgres.h)),2)
$(error $(PG_CONFIG) finds no PostgreSQL development files: install postgresql-server-dev-NN (Debian) or postgresqlNN-devel, or set PG_CONFIG)
endif

# The default goal, before the goals of the tests.
all:

include $(topdir)/test/installcheck.mk
include $(PGXS)

# Debian's PostgreSQL is configured without dependency tracking.
$(OBJS): $(call tree_files,src/*.h src/*/*.h) apikey.control Makefile
$(filter %/key_prefixes.o,$(OBJS)): $(prefixes)
$(OBJS): | openssl-present object-dirs

$(prefixes): sql/apikey/46_builtin_key_types.sql scripts/key-prefixes
	@$(MKDIR_P) $(@D)
	$(topdir)/scripts/key-prefixes $< > $@

# For a VPATH build, whose build directory is empty at first.
object-dirs:
	@$(MKDIR_P) $(sort $(dir $(OBJS)))

openssl-present:
	@major=$$(printf '#include <openssl/opensslv.h>\n==OPENSSL_VERSION_MAJOR==\n' | \
		$(CC) $(CPPFLAGS) -E -P - 2>/dev/null | sed -n 's/^== *\([0-9]*\) *==$$/\1/p'); \
	if [ -z "$$major" ] || [ "$$major" -lt 3 ]; then \
		echo "apikey needs the headers of OpenSSL 3.0 or newer: install libssl-dev (Debian) or openssl-devel" >&2; \
		exit 1; \
	fi

check-exports: all
	$(topdir)/scripts/check-exports $(shlib)

# Update the list of type names that make indent needs, from objects with debugging
# information.
typedefs: $(OBJS)
	$(MAKE) -C $(topdir)/test/unit all BUILD='$(CURDIR)/tmp_typedefs'
	$(topdir)/scripts/indent --typedefs $(abspath $(OBJS)) \
		$$(find '$(CURDIR)/tmp_typedefs' -type f -perm -u+x -o -name '*.o')
	rm -rf tmp_typedefs

.PHONY: object-dirs openssl-present check-exports typedefs

endif

# For dist, too, which knows nothing of PGXS: the modules with their directory.
$(DATA_built): $(addprefix $(topdir)/,$(SQL_MODULES) apikey.control)
	@mkdir -p $(@D)
	cat $(filter %.sql,$^) > $@

# PG_CONFIG, given to make or in the environment, chooses the PostgreSQL to use;
# by default the scripts use the newest.
given_pg_config = $(if $(filter-out undefined default file,$(origin PG_CONFIG)),PG_CONFIG='$(PG_CONFIG)')

demo try test test-clients test-dist bench bench-instructions test-trail sqlsmith core-regress sanitize coverage:
	@$(given_pg_config) $(topdir)/scripts/$@

test-long:
	@APIKEY_KILL_ROUNDS=200 APIKEY_TRAIL_ROUNDS=1000 APIKEY_FAIL_EVERY=1 APIKEY_STEP_MINUTES=120 $(given_pg_config) $(topdir)/scripts/test

test-fresh test-all test-deb test-docker:
	$(topdir)/scripts/$@

test-rpm:
	@$(given_pg_config) $(topdir)/scripts/$@

.PHONY: test-deb test-rpm test-docker

fuzz:
	@$(given_pg_config) $(topdir)/scripts/fuzz

.PHONY: fuzz

indent:
	$(topdir)/scripts/indent

check-indent:
	$(topdir)/scripts/indent --check

# With the script that META.json names, which is built.
dist: $(DATA_built)
	git -C $(topdir) archive --format=zip --output='$(CURDIR)/$(dist_name).zip' \
		--prefix=$(dist_name)/sql/ --add-file='$(CURDIR)/$(DATA_built)' \
		--prefix=$(dist_name)/ HEAD
	$(topdir)/scripts/check-dist $(dist_name).zip

.PHONY: demo try test bench bench-instructions test-trail sqlsmith core-regress sanitize test-long test-clients test-fresh test-all coverage indent check-indent dist test-dist
