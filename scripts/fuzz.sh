#!/usr/bin/env bash
# scripts/fuzz.sh NAME: fuzzes one target of $BUILD for $SECONDS_EACH (30) seconds.
#
# What it finds new stays in the build directory; tests/fuzz/corpus/NAME is only read. A crash
# leaves its input beside, named on the last line.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
build=${BUILD:-$root/build-fuzz}
name=$1
program=$(find "$build" -name "${name}_fuzz" -type f -perm -u+x | head -n 1)
if [ -z "$program" ]; then
	echo "no fuzz target $name; there are:" \
		"$(cd "$root/tests/fuzz" && ls | sed -n 's/_fuzz\.c$//p' | tr '\n' ' ')" >&2
	exit 2
fi

found=$build/found/$name
mkdir -p "$found"
corpora=("$found")
[ -d "$root/tests/fuzz/corpus/$name" ] && corpora+=("$root/tests/fuzz/corpus/$name")
options=(-max_total_time="${SECONDS_EACH:-30}" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1
	-artifact_prefix="$build/found/$name-")
[ -f "$root/tests/fuzz/$name.dict" ] && options+=(-dict="$root/tests/fuzz/$name.dict")

export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
exec "$program" "${options[@]}" "${corpora[@]}"
