#!/usr/bin/env python3
"""The tests of this folder, each file in a process of its own, many at a time: most of what they do is wait. What a file is is said in it:

    LONG = True         it waits for a minute and more: begins first
    ALONE = True        it measures time: comes last, one by one
    NO_LIGHT = True     no light is made in it: left out where only the threads that make it are looked at (VARIANT=trap), and all that is run with --dark
    OF_PROGRAMS = True  it looks at what other programs than lumad compute, which are built without sanitizers for it: left out with a sanitizer

    tests/e2e/run.py [--dark] [test_ws ...]
"""
import os
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
import together

VARIANT = pathlib.Path(os.environ.get("BUILD_DIR", "")).name
SANITIZED = VARIANT in ("asan", "tsan")
AT_ONCE = int(os.environ.get("E2E_JOBS", (3 if SANITIZED else 4) * (os.cpu_count() or 1)))


def says(name, word):
    return re.search(rf"^{word} = True", (HERE / f"{name}.py").read_text(), re.M)


def main():
    there = sorted(p.stem for p in HERE.glob("test_*.py"))
    asked = [a for a in sys.argv[1:] if a != "--dark"]
    names = asked or there
    if unknown := set(names) - set(there):
        sys.exit(f"no such file of tests: {', '.join(sorted(unknown))}; there are {', '.join(there)}")
    for path in ("LUMAD", "BUILD_DIR"):                         # the tests run in their own folder
        if path in os.environ:
            os.environ[path] = os.path.abspath(os.environ[path])
    if "--dark" in sys.argv:
        names = [n for n in names if says(n, "NO_LIGHT")]
    left_out = "NO_LIGHT" if VARIANT == "trap" else "OF_PROGRAMS" if SANITIZED else None
    if left_out and not asked:
        names = [n for n in names if not says(n, left_out)]
    alone = [n for n in names if says(n, "ALONE")]
    many = sorted(set(names) - set(alone), key=lambda n: (not says(n, "LONG"), -(HERE / f"{n}.py").stat().st_size))      # longer ones first, as far as size tells
    return not together.run_all(many, alone, lambda n: [sys.executable, "-m", "unittest", n], AT_ONCE, cwd=HERE)


if __name__ == "__main__":
    sys.exit(main())
