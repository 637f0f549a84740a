"""Programs that test, several at a time. What each prints is shown in one piece when it is through, with how long it took. One that fails beside others is asked once
more, alone: then it was short of a processor, or it is wrong. What it said the first time is shown all the same, behind bars.
"""
import concurrent.futures
import subprocess
import threading
import time

printing = threading.Lock()


def run(name, command, is_last=True, **where):
    start = time.monotonic()
    r = subprocess.run(command(name), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", **where)
    good = r.returncode == 0
    text = r.stdout.strip()
    if not good and not is_last:
        text = "failed beside others, is asked again alone:\n" + "\n".join("| " + line for line in text.splitlines())
    with printing:
        print(f"--- {name}, {time.monotonic() - start:.0f} s\n{text}", flush=True)
    return good


def run_all(names, alone, command, at_once, **where):
    """`command(name)` -> what to run; `where`: cwd, env. `alone`: those that want the machine for themselves, last. True: all are well."""
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        results = list(pool.map(lambda n: run(n, command, is_last=False, **where), names))
    alone = list(alone) + [n for n, good in zip(names, results) if not good]
    return all([run(n, command, **where) for n in alone])
