#!/usr/bin/env python3
"""The tests of this folder, each file in a process of its own, several at a time: most of what they do is wait. Files that measure time say `ALONE = True` and
come last, one by one.

    tests/e2e/run.py [test_ws ...]

What a file prints is shown in one piece when it is through, with how long it took.
"""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).parent
AT_ONCE = int(os.environ.get("E2E_JOBS", 2 * (os.cpu_count() or 1)))
printing = threading.Lock()


def run(name):
    start = time.monotonic()
    r = subprocess.run([sys.executable, "-m", "unittest", name], cwd=HERE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    with printing:
        print(f"--- {name}, {time.monotonic() - start:.0f} s\n{r.stdout.strip()}", flush=True)
    return r.returncode == 0


def main():
    names = sys.argv[1:] or sorted(p.stem for p in HERE.glob("test_*.py"))
    alone = [n for n in names if re.search(r"^ALONE = True", (HERE / f"{n}.py").read_text(), re.M)]
    together = sorted(set(names) - set(alone), key=lambda n: -(HERE / f"{n}.py").stat().st_size)       # long ones first, as far as that tells
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        good = list(pool.map(run, together))
    good += [run(n) for n in alone]
    return not all(good)


if __name__ == "__main__":
    sys.exit(main())
