# make installcheck, included by the Makefile before PGXS: tests the installed
# extension on a running server, whose configuration it does not change, and, with
# the TAP tests, on servers that they start.

# Regression tests, ordered by name except for the first and the last.  Their
# expected output is in expected/.  The SQL modules are in sql/apikey/, since
# pg_regress prefers ./sql/NAME.sql to test/sql/NAME.sql.
sql_tests      = $(patsubst test/sql/%.sql,%,$(call tree_files,test/sql/*.sql))
REGRESS        = $(filter setup,$(sql_tests)) \
				 $(filter-out setup cleanup,$(sql_tests)) \
				 $(filter cleanup,$(sql_tests))
REGRESS_OPTS   = --inputdir=$(topdir)/test --encoding=UTF8 --no-locale
ISOLATION      = $(patsubst test/specs/%.spec,%,$(call tree_files,test/specs/*.spec))
ISOLATION_OPTS = --inputdir=$(topdir)/test --outputdir=.

ifneq ($(strip $(REGRESS) $(ISOLATION)),)
REGRESS_PREP  += require-master-key
endif

# The TAP tests start servers, which root cannot.
PROVE_TESTS    = $(call tree_files,test/t/*.pl)
ifneq ($(PROVE_TESTS),)
ifneq ($(shell id -u),0)
TAP_TESTS      = 1
else
REGRESS_PREP  += note-no-tap
endif
endif

require-master-key:
	@$(bindir)/psql --no-psqlrc --quiet --dbname=postgres --file=$(topdir)/test/require_master_key.sql

note-no-tap:
	@echo "The TAP tests are skipped: they start servers, which root cannot.  Run as another user, or run make test."

# pg_regress looks for expected/ in the build directory.  (VPATH does not apply to
# the absolute name.)
ifneq ($(abspath $(topdir)),$(CURDIR))
installcheck: | $(CURDIR)/expected
$(CURDIR)/expected:
	ln -s $(abspath $(topdir))/expected $@
EXTRA_CLEAN += expected
endif

.PHONY: installcheck require-master-key note-no-tap
