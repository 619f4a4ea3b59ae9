# make installcheck, for the Makefile to include before PGXS: tests the installed
# extension on a running server, whose configuration it does not touch, and, in
# TAP tests, on servers of its own.

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

ifneq ($(strip $(REGRESS) $(ISOLATION)),)
REGRESS_PREP  += require-master-key
endif

# The TAP tests start servers of their own, which root cannot.
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
	@echo "The TAP tests are left out: they start servers, which root cannot.  Run as another user, or run make test."

# pg_regress looks for expected/ in the directory of the build.  (The absolute
# name is one that VPATH does not lead elsewhere.)
ifneq ($(abspath $(topdir)),$(CURDIR))
installcheck: | $(CURDIR)/expected
$(CURDIR)/expected:
	ln -s $(abspath $(topdir))/expected $@
EXTRA_CLEAN += expected
endif

.PHONY: installcheck require-master-key note-no-tap
