# steps.sh
#
#	Runs the steps of a test in the stage and counts what they test, for bash to
#	source after stage.sh.  A step is a check, which passes or fails as a whole,
#	or a suite, which writes TAP.  close_steps, to be called on EXIT, prints the
#	sum.
#
#	APIKEY_STEP_MINUTES (15) limits the time of a step.

passed=0
failed=0
skipped=0
failed_logs=()
minutes=${APIKEY_STEP_MINUTES:-15}

# Up to PostgreSQL 15 pg_regress has its own output format; this converts it to the
# TAP that it writes from 16 on.
as_tap()
{
	sed -uE -e 's/^(test|    ) +([^ ]+) +\.\.\. ok.*/ok 1 - \2/' \
		-e 's/^(test|    ) +([^ ]+) +\.\.\. (FAILED.*)/not ok 1 - \2 \3/'
}

# Which output of a step is shown while it runs.  For a suite: the names of test
# files, failed tests, and skipped tests.
nothing()
{
	cat >/dev/null
}

progress()
{
	grep --line-buffered -Ev '^ *(ok [0-9]+( +- .*)?$|[0-9]+\.\.[0-9]|[#=]|$)|^make|^\(using' || :
}

# Run a command as the step $1 in the directory $dir (src) of the stage, showing
# what the filter $2 passes.  Its output goes to $log, its exit status to
# $status.
run()
{
	local name=$1 filter=$2
	shift 2
	say "$name"
	log=$stage/$name.log
	{
		code=0
		in_stage "${dir:-src}" timeout --kill-after=10 "${minutes}m" "$@" || code=$?
		echo "$code" >"$log.status"
	} 2>&1 </dev/null | as_tap | tee "$log" | "$filter" &
	wait $!
	status=$(cat "$log.status")
	if [ "$status" -eq 124 ] || [ "$status" -eq 137 ]; then
		echo "$name: stopped after $minutes minutes"
	fi
}

# Add to the totals.  A step that failed without a failed test (it crashed, or could
# not start), or that ran no test, counts as one failure.
record()
{
	local ok=$1 not_ok=$2
	if [ "$not_ok" -eq 0 ] && { [ "$status" -ne 0 ] || [ "$ok" -eq 0 ]; }; then
		not_ok=1
	fi
	passed=$((passed + ok))
	failed=$((failed + not_ok))
	if [ "$not_ok" -gt 0 ]; then
		failed_logs+=("$log")
	fi
	printf '%s: %d passed, %d failed\n' "$(basename "$log" .log)" "$ok" "$not_ok"
}

# check NAME COMMAND ...: exit status 77 means that the check cannot be made.
check()
{
	run "$1" nothing "${@:2}"
	if [ "$status" -eq 77 ]; then
		skipped=$((skipped + 1))
		cat "$log"
		return
	fi
	record $((status == 0)) $((status != 0))
}

# suite NAME COMMAND ...: tests that TAP reports as skipped did not run, and do not
# count as passed.
suite()
{
	run "$1" progress "${@:2}"
	local ok not_ok skip
	ok=$(count '^ok [0-9]')
	not_ok=$(count '^not ok [0-9]')
	skip=$(count '^ok [0-9].*# *(SKIP|skip)')
	skipped=$((skipped + skip + $(count '^1\.\.0 # *SKIP')))
	record $((ok - skip)) "$not_ok"
	if [ -s "$stage/src/regression.diffs" ]; then
		mv "$stage/src/regression.diffs" "$log.diffs"
	fi
}

count()
{
	grep -Ec "$1" "$log" || :
}

# Show the output that explains each failed step, and exit with the result.
finish()
{
	local file
	for file in "${failed_logs[@]}"; do
		say "FAILED: $(basename "$file" .log)"
		if [ -f "$file.diffs" ]; then
			head -n 300 "$file.diffs"
		else
			grep -E -A 8 '^ *not ok|^ *# +Failed test|^Bail out' "$file" | head -n 300 ||
				tail -n 60 "$file"
		fi
	done
	exit $((failed > 0))
}

# At the end, however it is reached, the last line is "N passed, N failed".  A script
# that stopped before it could finish has failed.
close_steps()
{
	local code=$?
	close_stage
	if [ "$code" -ne 0 ] && [ "$failed" -eq 0 ]; then
		failed=1
	fi
	if [ "$skipped" -gt 0 ]; then
		printf '\n%d skipped\n' "$skipped"
	fi
	printf '\n%d passed, %d failed\n' "$passed" "$failed"
	exit "$code"
}
