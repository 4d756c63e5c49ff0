"""What the two libraries show to a linker, and what they keep for themselves."""

import re

from cases import BUILD, report, run

# Symbols of ours that are writable although nothing but the first call writes them, with the
# reason. Everything else belongs into an object that the user holds.
WRITABLE = {}


def names(*command):
    status, said = run(command)
    if status:
        return [f"{command[0]} failed: {said}"]
    return [line.split() for line in said.splitlines() if len(line.split()) == 3]


def strangers(rows, pattern):
    return [row if isinstance(row, str) else f"{row[2]} ({row[1]})" for row in rows
            if isinstance(row, str) or not re.match(pattern, row[2])]


def writable():
    """Objects in .data, .bss and their thread-local kin; constant tables live in .data.rel.ro."""
    status, said = run(["objdump", "-t", BUILD / "librill.a"])
    if status:
        return [said]
    found = []
    for line in said.splitlines():
        match = re.search(r"\s(\.t?(?:data|bss)(?:\.(?!rel\.ro)\S*)?)\t([0-9a-f]+)\s+(?:\.hidden )?(\S+)$", line)
        if match and int(match[2], 16) and match[3] not in WRITABLE and not match[3].startswith("."):
            found.append(f"{match[3]} in {match[1]}")
    return found


shared = names("nm", "-D", "--defined-only", BUILD / "librill.so.0")
static = names("nm", "-g", "--defined-only", BUILD / "librill.a")
report([
    ("librill.so exports something", [] if shared else ["nothing"]),
    ("librill.so exports rill_ names alone", strangers(shared, r"(rill_\w+(@@RILL_0)?|RILL_0)$")),
    ("librill.a defines rill_ and rl_ names alone", strangers(static, r"(rill|rl)_\w+$")),
    ("the library has no global mutable state", writable()),
])
