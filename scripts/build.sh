#!/usr/bin/env bash
# scripts/build.sh PRESET [-DNAME=VALUE...] [TARGET...]: configures where it has to, and builds.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
preset=$1
shift
dir=build-$preset
[ "$preset" = release ] && dir=build

definitions=()
targets=()
for word in "$@"; do
	case $word in
	-D*) definitions+=("$word") ;;
	*) targets+=(--target "$word") ;;
	esac
done

if [ ! -f "$dir/CMakeCache.txt" ]; then
	# Ninja when it is there; a configured tree keeps its generator.
	command -v ninja >/dev/null && definitions+=(-G Ninja)
fi
# A cache without build rules is a configuration that failed.
if [ ${#definitions[@]} != 0 ] || [ CMakePresets.json -nt "$dir/CMakeCache.txt" ] ||
	! [ -f "$dir/build.ninja" -o -f "$dir/Makefile" ]; then
	cmake --preset "$preset" --log-level=NOTICE "${definitions[@]}"
fi
cmake --build "$dir" --parallel "$(nproc 2>/dev/null || echo 2)" "${targets[@]}"
