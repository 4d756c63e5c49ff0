"""Each public header compiles alone, as C11 and as C++17."""

import shutil

from cases import CC, ROOT, report, run

LANGUAGES = [
    ("C11", [CC, "-x", "c", "-std=c11"]),
    ("C++17", [shutil.which("g++") or shutil.which("c++") or "c++", "-x", "c++", "-std=c++17"]),
]
STRICT = ["-pedantic", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I", ROOT / "include", "-"]


def cases():
    for header in sorted((ROOT / "include" / "rill").glob("*.h")):
        for language, compiler in LANGUAGES:
            # Twice, so that the include guard is seen to work.
            line = f"#include <rill/{header.name}>\n"
            status, said = run(compiler + STRICT, line * 2 + "extern int not_empty;\n")
            yield f"rill/{header.name} compiles alone as {language}", said.splitlines() if status else []


report(cases())
