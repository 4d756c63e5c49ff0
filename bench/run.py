"""run.py: measures, and writes RESULTS.md, results.json and plots/*.png.

    run.py [--only PATTERN...] [--quick] [--pairs N] [--seconds S] [--build DIR] [--list]

Rows measured now replace those of an earlier run in results.json; the others stay. A quick run
writes below the build folder: its figures are too few to stand for anything."""

import argparse
import fnmatch
import json
import pathlib
import subprocess
import sys
import time

import measure
import report
from rows import all_rows
from servers import ROOT, Failed, Places


def chosen(rows, patterns, quick):
    if not patterns:
        return [row for row in rows if not quick or row.get("quick")]
    return [row for row in rows
            if any(fnmatch.fnmatch(row["name"], p) or fnmatch.fnmatch(row["name"], p.rstrip("/") + "/*")
                   for p in patterns)]


def measured(places, row, arguments):
    quick = arguments.quick
    if row["kind"] == "pairs":
        count = arguments.pairs or (3 if quick else 20)
        if row.get("fewer"):
            count = max(3, count // 4)
        return measure.pairs(places, row, count, arguments.seconds or (0.4 if quick else 1.0))
    kinds = {"instructions": (measure.instructions, 500 if quick else 2000),
             "calls": (measure.system_calls, 1600 if quick else 8000),
             "memory": (measure.idle_memory, 1 if quick else 3),
             "waves": (measure.waves, 1)}
    how, count = kinds[row["kind"]]
    return how(places, row, count)


def run_row(places, row, arguments):
    began = time.monotonic()
    try:
        result = measured(places, row, arguments)
    except (Failed, subprocess.TimeoutExpired) as error:
        result = {"error": str(error)}
    result["seconds"] = round(time.monotonic() - began, 1)
    return result


def read_arguments():
    parser = argparse.ArgumentParser(description="Measures rill beside its floors and its peers.")
    parser.add_argument("--only", nargs="*", default=[], metavar="PATTERN")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--pairs", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--build", default=ROOT / "build")
    parser.add_argument("--list", action="store_true", help="the rows by name, and end")
    parser.add_argument("--report", action="store_true", help="write the report again, and end")
    return parser.parse_args()


def main():
    arguments = read_arguments()
    rows = all_rows()
    if arguments.list:
        print("\n".join(row["name"] for row in rows))
        return 0
    places = Places(arguments.build)
    out = places.tools if arguments.quick else ROOT / "bench"
    store = pathlib.Path(out / "results.json")
    results = json.loads(store.read_text()) if store.exists() else {}
    todo = [] if arguments.report else chosen(rows, arguments.only, arguments.quick)
    results = {row["name"]: results[row["name"]] for row in rows if row["name"] in results}
    if not todo and not arguments.report:
        print(f"no row is called {' '.join(arguments.only)} (--list names them)", file=sys.stderr)
        return 2

    measure.raise_descriptor_limit()
    places.make_certificate()
    failed = 0
    for i, row in enumerate(todo):
        result = run_row(places, row, arguments)
        failed += "error" in result
        result["machine"] = measure.environment()
        results[row["name"]] = result
        print(f"[{i + 1}/{len(todo)}] {row['name']}: {report.in_short(row, result)}", flush=True)
        store.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
    report.write(out, rows, results)
    print(f"{out.relative_to(ROOT)}/RESULTS.md is written; {failed} rows failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
