#!/usr/bin/env python3
"""The tests of the page, each file with a lumad and a browser of its own, one for each processor at a time. `// ALONE` in a file: it measures time, and comes last.

    tests/browser/run.py [patch ...]
"""
import os
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
import together


def main():
    there = {p.name.removesuffix(".spec.mjs"): p for p in sorted(HERE.glob("*.spec.mjs"))}
    names = sys.argv[1:] or sorted(there, key=lambda n: -there[n].stat().st_size)        # longer ones first, as far as size tells
    if unknown := set(names) - set(there):
        sys.exit(f"no such file of tests: {', '.join(sorted(unknown))}; there are {', '.join(there)}")
    alone = [n for n in names if re.search(r"^// ALONE$", there[n].read_text(), re.M)]
    return not together.run_all([n for n in names if n not in alone], alone, lambda n: ["node", str(there[n])], int(os.environ.get("BROWSER_JOBS", os.cpu_count() or 1)))


if __name__ == "__main__":
    sys.exit(main())
