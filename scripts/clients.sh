#!/usr/bin/env bash
# scripts/clients.sh DIR: fetches the clients that `rill demo` serves to its page (--client-dir) from npm
# into DIR, when they are not there yet. When it cannot, it says why in one sentence.
set -euo pipefail

# Package, exact version, SHA-512 of its archive, and the files that are wanted of it; "FILE=NAME": under that name.
clients=(
	"sockjs-client 1.6.1
	da0d2d8ce47e7d1b346a6c4434b8bfab94e2253a98f965c53b36f95305e77652ba4cedd4fe68ab6739e9c7ac37e0754ca1cde0edc636e320bf64c2189c395f93
	dist/sockjs.min.js dist/sockjs.min.js.map dist/sockjs.js dist/sockjs.js.map"
	"socket.io-client 4.8.4
	ef08ca02f55760e26c6e65209166e784f0f86c5a64aab511d3ef973a3a46166a83aaca95d4223ddd54eb69e1312f1a63c44aab5a016849166ed628632d67e400
	dist/socket.io.min.js dist/socket.io.min.js.map dist/socket.io.js dist/socket.io.js.map"
	"socket.io 0.6.18
	9309125f99b59b4c4a5c6ef770cf3933cccf9d5a5793fc32836f3f61ebd4968467f772ad4388a05c86cb3de764e2478e3d5692b5e1fbcff0e1d02bb59ac1a8bd
	support/socket.io-client/socket.io.js=socket.io-0.6.js"
)

mkdir -p "${1:?which folder?}"
dir=$(cd "$1" && pwd)
stamp=$dir/.installed
wanted=$(printf '%s\n' "${clients[@]}")
[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && exit 0

give_up() {
	echo "$1; the demo works without, but for panes that need it, and this fetches it later: scripts/setup.sh demo" >&2
	exit 1
}

# fetch PACKAGE VERSION SHA512 FILE...
fetch() {
	local package=$1 version=$2 sum=$3 archive file name
	shift 3
	command -v npm >/dev/null ||
		give_up "The client $package was not fetched, because npm is not installed"
	echo "Fetching $package $version"
	# No retries: without a network they take minutes.
	archive=$(cd "$work" && npm pack --loglevel=error --fetch-retries=0 "$package@$version" 2>"$work/said") ||
		give_up "The client $package was not fetched: npm says $(sed -n 's/^npm [^ ]* code //p' "$work/said")"
	archive=$work/$archive
	echo "$sum  $archive" | sha512sum --check --status ||
		give_up "The client $package was not fetched: what came is not version $version"
	for file in "$@"; do
		name=${file#*=}
		tar --no-same-owner -xzOf "$archive" "package/${file%%=*}" >"$work/file"
		mv "$work/file" "$dir/${name##*/}"
	done
}

work=$(mktemp -d "$dir/.fetching.XXXXXX")
trap 'rm -rf "$work"' EXIT
for client in "${clients[@]}"; do
	# shellcheck disable=SC2086 # words
	fetch $client
done
echo "$wanted" >"$stamp"
