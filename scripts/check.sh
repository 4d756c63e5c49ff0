#!/usr/bin/env bash
# scripts/check.sh [slow]: everything, each test once; the last line is `N passed, N failed`.
#
#   build-asan   unit, interop and browser tests, under AddressSanitizer and UBSan
#   build        the house's rules, consumers of an installed rill, a subset under valgrind
#   build-fuzz   each fuzz target for 30 seconds over its small corpus
#
# With slow: what takes long instead, tests labelled slow, everything under ThreadSanitizer, and
# ten minutes for each fuzz target.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
results=$root/build/results
jobs=${JOBS:-$(nproc 2>/dev/null || echo 2)}

step() {
	echo
	echo "== $1"
}

# run DIR ctest-arguments...: what passed and what failed is counted at the end, from the results.
run() {
	local dir=$1
	shift
	# Outputs are kept whole: the counts stand in their last lines.
	ctest --test-dir "$dir" --parallel "$jobs" --no-tests=ignore \
		--test-output-size-passed 10000000 --test-output-size-failed 10000000 \
		--output-junit "$results/$dir.xml" "$@" || true
	expected+=("$results/$dir.xml")
}

# Whatever stops this before the count (a build that fails, say) is one failure.
trap 'echo "0 passed, 1 failed"' EXIT

step "Set-up"
scripts/setup.sh check

step "Building"
scripts/build.sh release -DRILL_REQUIRE_ALL=ON all
scripts/build.sh asan -DRILL_REQUIRE_ALL=ON
scripts/build.sh fuzz
rm -rf "$results"
mkdir -p "$results"
expected=()

if [ "${1:-}" = slow ]; then
	scripts/build.sh tsan -DRILL_REQUIRE_ALL=ON
	step "Slow tests, with AddressSanitizer and UndefinedBehaviorSanitizer"
	run build-asan -L slow
	step "ThreadSanitizer"
	run build-tsan -LE 'browser|slow'
	step "Fuzzing"
	SECONDS_EACH=600 run build-fuzz -L fuzz
else
	scripts/build.sh release unit_tests
	step "Unit, interop and browser tests, with AddressSanitizer and UndefinedBehaviorSanitizer"
	run build-asan -LE slow
	step "The house, consumers, valgrind"
	run build -L 'house|consumer|valgrind' -LE slow
	step "Fuzzing, 30 seconds each"
	run build-fuzz -L fuzz
fi

echo
trap - EXIT
exec python3 scripts/count.py "${expected[@]}"
