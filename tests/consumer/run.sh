#!/usr/bin/env bash
# run.sh install|pkg_config|find_package|add_subdirectory: one way to use rill, in a scratch folder
# of $BUILD.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
scratch=$BUILD/consumer/$1
tree=$BUILD/consumer/tree
prefix=/opt/rill
CC=${CC:-cc}

rm -rf "$scratch"
mkdir -p "$scratch"

cmake_consumer() {
	cmake -S "$here" -B "$scratch" -DCMAKE_C_COMPILER="$CC" "$@"
	cmake --build "$scratch" --parallel 2
	"$scratch/consumer"
	"$scratch/consumer_static"
}

# Does the program need librill.so?
needs_shared() {
	readelf -d "$1" | grep -q 'NEEDED.*librill\.so\.0'
}

case $1 in
install)
	# A prefix other than the configured one, to see that nothing remembers it.
	rm -rf "$tree"
	make -C "$root" --no-print-directory install-only BUILD="$BUILD" DESTDIR="$tree" PREFIX="$prefix"
	;;
pkg_config)
	PKG_CONFIG_PATH=$(dirname "$(find "$tree" -name rill.pc)")
	export PKG_CONFIG_PATH
	libdir=$(pkg-config --variable=libdir rill)

	$CC "$here/consumer.c" -o "$scratch/consumer" $(pkg-config --cflags --libs rill)
	needs_shared "$scratch/consumer"
	LD_LIBRARY_PATH=$libdir "$scratch/consumer"

	# A folder with nothing but the archive, so that -lrill means it.
	mkdir "$scratch/static"
	cp "$libdir/librill.a" "$scratch/static/"
	$CC "$here/consumer.c" -o "$scratch/consumer_static" -L"$scratch/static" \
		$(pkg-config --static --cflags --libs rill)
	if needs_shared "$scratch/consumer_static"; then
		echo "the static program needs librill.so" >&2
		exit 1
	fi
	"$scratch/consumer_static"
	;;
find_package)
	cmake_consumer -DCMAKE_PREFIX_PATH="$tree$prefix"
	needs_shared "$scratch/consumer"
	;;
add_subdirectory)
	cmake_consumer -DRILL_SOURCE="$root"
	;;
esac
