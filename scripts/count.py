#!/usr/bin/env python3
"""count.py RESULTS.xml...: prints what failed in ctest's JUnit files, then `N passed, N failed`.

Counted are cases, not programs: cmocka's and our suites' own closing lines say how many; any
other test is one. A test that ended badly without naming a failed case counts one failed."""

import re
import sys
import xml.etree.ElementTree as xml

CMOCKA = re.compile(r"^\[  (PASSED|FAILED)  \] (\d+) test\(s\)", re.M)
SUITE = re.compile(r"^(\d+) passed, (\d+) failed\s*$", re.M)


def count(output, good):
    """(passed, failed) of one test from what it printed and how it ended."""
    passed = failed = 0
    cmocka = CMOCKA.findall(output)
    suite = SUITE.findall(output)
    if cmocka:
        passed = sum(int(n) for word, n in cmocka if word == "PASSED")
        failed = sum(int(n) for word, n in cmocka if word == "FAILED")
    elif suite:
        passed, failed = (int(n) for n in suite[-1])
    elif good:
        passed = 1
    if not good and not failed:
        failed = 1
    return passed, failed


def main(paths):
    passed = failed = 0
    for path in paths:
        try:
            cases = list(xml.parse(path).getroot().iter("testcase"))
        except (OSError, xml.ParseError) as error:
            print(f"FAILED: {path}: {error}")
            failed += 1
            continue
        for case in cases:
            if case.get("status") == "disabled":
                continue
            output = case.findtext("system-out") or ""
            good = case.get("status") == "run"
            more_passed, more_failed = count(output, good)
            passed += more_passed
            failed += more_failed
            if more_failed:
                print(f"FAILED: {case.get('name')}\n{output}")
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


sys.exit(main(sys.argv[1:]))
