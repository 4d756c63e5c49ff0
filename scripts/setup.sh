#!/usr/bin/env bash
# scripts/setup.sh build|demo|check|bench: installs what a build, the demo, the checks or the
# measuring need and is not there yet. With --look first it installs nothing and only says what is missing.
#
# Debian and its kin: apt packages, by sudo when not root. Elsewhere it names what is missing in one
# sentence. The second time it takes a moment: one dpkg-query, one checksum.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
look=
if [ "${1:-}" = --look ]; then
	look=yes
	shift
fi
what=${1:-build}

build="gcc libc6-dev make cmake ninja-build pkg-config libssl-dev zlib1g-dev libedit-dev"
# Compresses for half of what zlib costs; packaged for these.
case $(dpkg --print-architecture 2>/dev/null || true) in
amd64 | arm64) build="$build libisal-dev" ;;
esac
# What tests and examples link, what runs them, and what tools they call.
check="g++ binutils clang libclang-rt-14-dev llvm libcmocka-dev libuv1-dev libglib2.0-dev
	libmicrohttpd-dev libevent-dev valgrind libc6-dbg python3 python3-websockets
	python3-socketio python3-aiohttp python3-requests python3-websocket openssl
	ca-certificates procps curl nodejs npm chromium haproxy nginx"
# What is measured beside rill, what counts, and what draws.
bench="libwebsockets-dev libwebsockets-evlib-uv libuv1-dev nodejs npm valgrind libc6-dbg strace
	util-linux openssl python3 python3-matplotlib"

case $what in
build) packages=$build ;;
demo) packages="$build nodejs npm" ;; # npm fetches the clients that the page speaks by
check) packages="$build $check" ;;
bench) packages="$build $bench" ;;
*)
	echo "usage: $0 [--look] build|demo|check|bench" >&2
	exit 2
	;;
esac

missing_packages() {
	local installed package
	# "ii " is installed, also under another name: nodejs may bring npm, pkgconf is pkg-config.
	installed=$(dpkg-query -W -f '${db:Status-Abbrev}${Package}, ${Provides}\n' 2>/dev/null |
		sed -n 's/^.i *//p' | sed 's/([^)]*)//g' | tr ', ' '\n\n' | sort -u)
	for package in $packages; do
		case $package in
		npm) command -v npm >/dev/null && continue ;;
		chromium) command -v chromium chromium-browser google-chrome >/dev/null && continue ;;
		libclang-rt-*) clang_finds_its_runtime && continue ;;
		esac
		grep -qxF "$package" <<<"$installed" || echo "$package"
	done
}

# Each release of clang has its own runtime package.
clang_finds_its_runtime() {
	command -v clang >/dev/null && [ -n "$(find "$(clang -print-resource-dir)/lib" \
		-name 'libclang_rt.fuzzer-*.a' -print -quit 2>/dev/null)" ]
}

apt_install() {
	local missing sudo=
	missing=$(missing_packages)
	[ -n "$missing" ] || return 0
	missing=$(echo $missing)
	if [ -n "$look" ]; then
		echo "rill needs packages that are not installed: $missing (scripts/setup.sh $what installs them)" >&2
		exit 1
	fi
	if [ "$(id -u)" != 0 ]; then
		if ! command -v sudo >/dev/null; then
			echo "rill needs packages that are not installed: $missing (install them as root, or install sudo)" >&2
			exit 1
		fi
		sudo=sudo
	fi
	echo "Installing $missing"
	quietly $sudo env DEBIAN_FRONTEND=noninteractive apt-get update -q
	if [ "$what" = check ]; then
		missing=$(with_names_of_this_release $missing)
	fi
	start_no_services
	quietly $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y \
		--no-install-recommends $missing
	enable_no_services
}

# haproxy and nginx are wanted as programs, and as packages they start on ports that are not ours. Debian
# asks this file before it starts a service; where there is one, it stays.
start_no_services() {
	local policy=/usr/sbin/policy-rc.d
	[ ! -e $policy ] || return 0
	trap "$sudo rm -f $policy" EXIT
	printf '#!/bin/sh\nexit 101\n' | $sudo tee $policy >/dev/null
	$sudo chmod 755 $policy
}

# ... and at the next boot.
enable_no_services() {
	local service
	[ -d /run/systemd/system ] || return 0
	for service in haproxy nginx; do
		case " $missing " in
		*" $service "*) quietly $sudo systemctl disable $service ;;
		esac
	done
}

# Hundreds of lines that matter only when something went wrong.
quietly() {
	local said
	if ! said=$("$@" 2>&1); then
		echo "$said" >&2
		exit 1
	fi
}

# The list has Debian 12's names. Other releases number the runtime as their clang, and Ubuntu has
# another name for chromium.
with_names_of_this_release() {
	local version chromium=chromium
	apt-cache show chromium >/dev/null 2>&1 || chromium=chromium-browser
	version=$(apt-cache depends clang 2>/dev/null | sed -n 's/.*Depends: clang-\([0-9]*\)$/\1/p' | head -n 1)
	echo "$@" | sed -e "s/libclang-rt-14-dev/libclang-rt-${version:-14}-dev/" \
		-e "s/\<chromium\>/$chromium/"
}

# Elsewhere: the tools and headers by themselves.
look_for_tools() {
	local missing=() cc module PATH=$PATH:/usr/sbin:/sbin
	cc=$(command -v cc || command -v gcc || command -v clang || true)
	[ -n "$cc" ] || missing+=("a C compiler")
	if ! command -v cmake >/dev/null || ! cmake_is_new; then
		missing+=("cmake 3.25 or later")
	fi
	command -v pkg-config >/dev/null || missing+=("pkg-config")
	for module in "openssl >= 3.0" zlib libedit; do
		pkg-config --exists "$module" 2>/dev/null || missing+=("$module with its headers")
	done
	if [ "$what" = check ]; then
		for tool in c++ clang valgrind node npm python3 openssl chromium haproxy nginx; do
			command -v $tool >/dev/null || missing+=("$tool")
		done
		for module in cmocka libuv glib-2.0 libmicrohttpd; do
			pkg-config --exists $module 2>/dev/null || missing+=("$module with its headers")
		done
		for module in websockets socketio aiohttp requests websocket; do
			python3 -c "import $module" 2>/dev/null || missing+=("Python's $module")
		done
	fi
	if [ "$what" = bench ]; then
		for tool in node npm valgrind strace taskset openssl /usr/bin/python3; do
			command -v $tool >/dev/null || missing+=("$tool")
		done
		pkg-config --exists libwebsockets 2>/dev/null || missing+=("libwebsockets with its headers")
		/usr/bin/python3 -c 'import matplotlib' 2>/dev/null || missing+=("Python's matplotlib")
	fi
	[ ${#missing[@]} = 0 ] && return 0
	local list
	list=$(printf '%s, ' "${missing[@]}")
	echo "rill needs, and did not find: ${list%, }." >&2
	exit 1
}

cmake_is_new() {
	local version
	version=$(cmake --version | sed -n '1s/[^0-9]*//p')
	[ "$(printf '3.25\n%s\n' "$version" | sort -V | head -n 1)" = 3.25 ]
}

# npm_install DIR WHAT: what the lock file of a folder names.
npm_install() {
	local dir=$root/$1 stamp hash
	[ -f "$dir/package-lock.json" ] || return 0
	stamp=$dir/node_modules/.installed
	hash=$(sha256sum <"$dir/package-lock.json")
	[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$hash" ] && return 0
	echo "Installing $2"
	(cd "$dir" && npm ci --ignore-scripts --no-audit --no-fund)
	echo "$hash" >"$stamp"
}

if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
	apt_install
else
	look_for_tools
fi
if [ -z "$look" ]; then
	case $what in
	# Without a network, or npm, the demo is there all the same.
	demo) "$root/scripts/clients.sh" "$root/build/clients" || true ;;
	check) npm_install tests/interop "the clients of tests/interop" ;;
	bench) npm_install bench/peers "the peers of bench" ;;
	esac
fi
