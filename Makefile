# apikey: build, installation and tests.
#
#	make && sudo make install		for the PostgreSQL of PG_CONFIG
#	make installcheck				tests against a running server
#	make demo						a tour on a throw-away server
#	make test						every test, on a throw-away server
#	make test-long					the same, with 200 rounds of kill -9
#	make coverage					the lines that the tests run through
#	make indent						lay out the source as pgindent does
#
# demo, test and coverage do all their own set-up and leave nothing behind.

# The directory of this file: "." but for a VPATH build.
topdir := $(patsubst %/,%,$(dir $(firstword $(MAKEFILE_LIST))))

# What lies in the tree, as paths relative to its top.
tree_files = $(patsubst $(topdir)/%,%,$(sort $(wildcard $(addprefix $(topdir)/,$(1)))))

EXTENSION  = apikey
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" $(topdir)/$(EXTENSION).control)
MODULE_big = apikey
PGFILEDESC = "apikey - encrypted API keys of an application's users"
OBJS       = $(patsubst %.c,%.o,$(call tree_files,src/*.c src/*/*.c))

SQL_MODULES = $(call tree_files,sql/apikey/*.sql)
DATA        = $(call tree_files,sql/apikey--*--*.sql)
DATA_built  = sql/apikey--$(EXTVERSION).sql

PG_CPPFLAGS = -I$(topdir)/src -DAPIKEY_VERSION='"$(EXTVERSION)"'
# For builds with -Wextra: the server's headers are not ours to mend, and the
# parameters of functions that the server calls are not ours to choose.
PG_CPPFLAGS += -isystem $(includedir_server) -Wno-unused-parameter
SHLIB_LINK += -lcrypto

# The module holds nothing that would gain from being inlined by the JIT
# compiler, so no bitcode is built and clang is not needed to build it.
override with_llvm := no

# Regression tests in order of name, but for the first and the last.  Their
# expected output lies in expected/; the SQL modules lie in sql/apikey/,
# since pg_regress prefers ./sql/NAME.sql to test/sql/NAME.sql.
sql_tests      = $(patsubst test/sql/%.sql,%,$(call tree_files,test/sql/*.sql))
REGRESS        = $(filter setup,$(sql_tests)) \
				 $(filter-out setup cleanup,$(sql_tests)) \
				 $(filter cleanup,$(sql_tests))
REGRESS_OPTS   = --inputdir=$(topdir)/test --encoding=UTF8 --no-locale
ISOLATION      = $(patsubst test/specs/%.spec,%,$(call tree_files,test/specs/*.spec))
ISOLATION_OPTS = --inputdir=$(topdir)/test --outputdir=.

# The TAP tests start servers of their own, which root cannot.
PROVE_TESTS    = $(call tree_files,test/t/*.pl)
ifneq ($(PROVE_TESTS),)
ifneq ($(shell id -u),0)
TAP_TESTS      = 1
else
REGRESS_PREP  += note-no-tap
endif
endif

# Our own target is below.
NO_INSTALLCHECK = 1

EXTRA_CLEAN = $(EXTENSION)-$(EXTVERSION).zip \
			  $(foreach suffix,o bc gcda gcno,$(wildcard src/*.$(suffix) src/*/*.$(suffix)))

# These need no server, nor its development files: demo and test fetch them.
STANDALONE = demo test test-long coverage indent check-indent dist

ifneq ($(or $(filter-out $(STANDALONE),$(MAKECMDGOALS)),$(if $(MAKECMDGOALS),,all)),)

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
ifeq ($(wildcard $(PGXS)),)
$(error $(PG_CONFIG) leads to no PostgreSQL development files: install postgresql-server-dev-NN (Debian) or postgresqlNN-devel, or set PG_CONFIG)
endif
include $(PGXS)

# Debian's PostgreSQL is configured without dependency tracking.
$(OBJS): $(call tree_files,src/*.h src/*/*.h) apikey.control Makefile
$(OBJS): | openssl-present object-dirs

$(DATA_built): $(SQL_MODULES) apikey.control
	@$(MKDIR_P) $(@D)
	cat $(filter %.sql,$^) > $@

# For a VPATH build, whose tree is empty at first.
object-dirs:
	@$(MKDIR_P) $(sort $(dir $(OBJS)))

openssl-present:
	@major=$$(printf '#include <openssl/opensslv.h>\n==OPENSSL_VERSION_MAJOR==\n' | \
		$(CC) $(CPPFLAGS) -E -P - 2>/dev/null | sed -n 's/^== *\([0-9]*\) *==$$/\1/p'); \
	if [ -z "$$major" ] || [ "$$major" -lt 3 ]; then \
		echo "apikey needs the headers of OpenSSL 3.0 or newer: install libssl-dev (Debian) or openssl-devel" >&2; \
		exit 1; \
	fi

# pg_regress looks for expected/ in the directory of the build.  (The absolute
# name is one that VPATH does not lead elsewhere.)
ifneq ($(abspath $(topdir)),$(CURDIR))
installcheck: | $(CURDIR)/expected
$(CURDIR)/expected:
	ln -s $(abspath $(topdir))/expected $@
EXTRA_CLEAN += expected
endif

# As PGXS has it, but for the master key: a server without one is lent a random
# key for as long as the tests run, and loses it whatever becomes of them.
on_server = $(bindir)/psql --no-psqlrc --quiet --dbname=postgres --file=$(topdir)/test

installcheck: submake $(REGRESS_PREP)
ifneq ($(strip $(REGRESS) $(ISOLATION)),)
	$(on_server)/lend_master_key.sql
	@status=0; \
	$(if $(strip $(REGRESS)),( $(pg_regress_installcheck) $(REGRESS_OPTS) $(REGRESS) ) || status=1;) \
	$(if $(strip $(ISOLATION)),( $(pg_isolation_regress_installcheck) $(ISOLATION_OPTS) $(ISOLATION) ) || status=1;) \
	$(on_server)/take_master_key_back.sql && exit $$status
endif
ifdef TAP_TESTS
	$(prove_installcheck)
endif

note-no-tap:
	@echo "The TAP tests are left out: they start servers, which root cannot.  Run as another user, or make test."

# Every warning is an error; not for users' builds, whose compilers differ.
check-warnings:
	$(MAKE) clean
	$(MAKE) all PG_CFLAGS='-Wall -Wextra -Werror'

check-exports: all
	$(topdir)/scripts/check-exports $(shlib)

# The names of types that "make indent" has to know; needs objects with
# debugging information.
typedefs: $(OBJS)
	$(MAKE) -C $(topdir)/test/unit all BUILD='$(CURDIR)/tmp_typedefs'
	$(topdir)/scripts/indent --typedefs $(abspath $(OBJS)) \
		$$(find '$(CURDIR)/tmp_typedefs' -type f -perm -u+x -o -name '*.o')
	rm -rf tmp_typedefs

.PHONY: installcheck object-dirs openssl-present note-no-tap check-warnings check-exports typedefs

endif

# A PG_CONFIG given to make or in the environment chooses the PostgreSQL;
# else the scripts take the newest.
given_pg_config = $(if $(filter-out undefined default file,$(origin PG_CONFIG)),PG_CONFIG='$(PG_CONFIG)')

demo test coverage:
	@$(given_pg_config) $(topdir)/scripts/$@

test-long:
	@APIKEY_KILL_ROUNDS=200 APIKEY_STEP_MINUTES=60 $(given_pg_config) $(topdir)/scripts/test

indent:
	$(topdir)/scripts/indent

check-indent:
	$(topdir)/scripts/indent --check

dist:
	git -C $(topdir) archive --format=zip --prefix=$(EXTENSION)-$(EXTVERSION)/ \
		--output=$(EXTENSION)-$(EXTVERSION).zip HEAD

.PHONY: demo test test-long coverage indent check-indent dist
