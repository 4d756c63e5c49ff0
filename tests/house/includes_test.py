"""Who may include what: by trying, with the include paths the build really uses, and by reading."""

import json
import re
import shlex

from cases import BUILD, ROOT, report, run

# The may-include table of ARCHITECTURE.md, written a second time so that a changed build is noticed.
MAY_INCLUDE = {
    "base": {"base"},
    "wire": {"base", "wire"},
    "net": {"base", "net"},
    "http": {"base", "wire", "net", "http"},
    "conn": {"base", "net", "conn"},
    "hub": {"base", "wire", "net", "conn", "hub"},
    "proto": {"base", "wire", "net", "http", "conn", "hub", "proto"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def compile_line(layer):
    """The compiler and include paths of a source of this layer, or None when it has none."""
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        if f"{ROOT}/src/{layer}/" in entry["file"]:
            words = shlex.split(entry["command"])
            paths = [w for w in words if w.startswith("-I")]
            for i, word in enumerate(words):
                if word in ("-isystem", "-iquote", "-idirafter"):
                    paths += words[i:i + 2]
            return [words[0]] + paths
    return None


def finds(line, header):
    """Does `#include "header"` find its file, with these paths?"""
    status, said = run(line + ["-E", "-M", "-MG", "-x", "c", "-"], f'#include "{header}"\n')
    return status == 0 and re.search(rf"/{re.escape(header)}\b", said) is not None


def layers_are_walls():
    for layer, may in MAY_INCLUDE.items():
        line = compile_line(layer)
        if not line:
            continue
        for other in MAY_INCLUDE:
            headers = sorted((ROOT / "src" / other).glob("*.h"))
            if not headers:
                continue
            header = f"{other}/{headers[0].name}"
            if other in may:
                yield (f"src/{layer} finds {header}",
                       [] if finds(line, header) else ["it does not"])
            else:
                yield (f"src/{layer} cannot include {header}",
                       ["it can"] if finds(line, header) else [])


def sources(*patterns):
    for pattern in patterns:
        for path in sorted(ROOT.glob(pattern)):
            if "node_modules" not in path.parts:
                yield path


def includes(path):
    for mark, header in INCLUDE.findall(path.read_text(errors="replace")):
        yield mark, header, f"{path.relative_to(ROOT)} includes {header}"


def nobody_climbs():
    found = [where for path in sources("include/**/*.h", "src/**/*.[ch]", "app/**/*.[ch]",
                                       "examples/*.[ch]", "tests/**/*.[ch]")
             for _, header, where in includes(path) if ".." in header.split("/")]
    return "nobody includes by ../", found


def src_says_the_layer():
    form = re.compile(r"(%s)/[a-z0-9_]+\.(h|inc)$" % "|".join(MAY_INCLUDE))
    found = [where for path in sources("src/**/*.[ch]")
             for mark, header, where in includes(path) if mark == '"' and not form.match(header)]
    return 'src/ includes its own as "layer/file.h"', found


def programs_use_the_public_api():
    found = []
    for path in sources("app/*.[ch]", "examples/*.[ch]", "tests/testserver.c"):
        for mark, header, where in includes(path):
            beside = path.parent / header
            inside = (ROOT / "src" / header).exists()
            if inside or (mark == '"' and not beside.exists()):
                found.append(where)
    return "app/, examples/ and the test server include only <rill/...> and their own", found


def public_headers_stay_public():
    found = [where for path in sources("include/rill/*.h")
             for mark, header, where in includes(path) if mark == '"' or (ROOT / "src" / header).exists()]
    return "public headers include only <rill/...> and the system's", found


report([*layers_are_walls(), nobody_climbs(), src_says_the_layer(), programs_use_the_public_api(),
        public_headers_stay_public()])
