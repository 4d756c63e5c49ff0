"""cases.py: runs the cases of a house test and prints `N passed, N failed` last.

A case is a sentence and a list of complaints; it passes when the list is empty."""

import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build"))
CC = os.environ.get("CC", "cc")


def run(command, text=None):
    """Runs a command; returns (exit status, everything it printed)."""
    done = subprocess.run([str(part) for part in command], input=text, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=ROOT, check=False)
    return done.returncode, done.stdout


def report(cases):
    passed = failed = 0
    for sentence, complaints in cases:
        if complaints:
            failed += 1
            print(f"FAILED  {sentence}")
            for complaint in complaints:
                print(f"        {complaint}")
        else:
            passed += 1
            print(f"ok      {sentence}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)
