"""Two network namespaces joined by a veth, that vanish with this process: `booth` (10.77.0.1), where it runs from then on, and `node` (10.77.0.2). Nothing leaves them."""
import ctypes
import os
import subprocess
import sys
import time

BOOTH, NODE = "10.77.0.1", "10.77.0.2"
CLONE_NEWNET = 0x40000000


def run(*command):
    if subprocess.run(command).returncode:
        sys.exit(f"bench-dmx: it needs what this does not do here: {' '.join(command)}")


class Net:
    def __enter__(self):
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(CLONE_NEWNET):
            sys.exit(f"bench-dmx makes two network namespaces and gives programs real-time scheduling: {os.strerror(ctypes.get_errno())}. Run it as root.")
        ours = os.stat("/proc/self/ns/net").st_ino
        self.holder = subprocess.Popen(["unshare", "-n", "sleep", "infinity"])
        self.node = ["nsenter", "-n", "-t", str(self.holder.pid)]
        while os.stat(f"/proc/{self.holder.pid}/ns/net").st_ino == ours:
            if self.holder.poll() is not None:
                sys.exit("bench-dmx: no second network namespace")
            time.sleep(0.01)
        # One segment at a time: batches are cut before the veth as they are before a network card, not behind it by the receiver.
        run("ip", "link", "add", "booth", "gso_max_segs", "1", "type", "veth", "peer", "name", "node", "netns", str(self.holder.pid))
        for at, name, address in (([], "booth", BOOTH), (self.node, "node", NODE)):
            run(*at, "ip", "link", "set", "lo", "up")
            run(*at, "ip", "address", "add", f"{address}/24", "broadcast", "+", "dev", name)
            run(*at, "ip", "link", "set", name, "up")
            run(*at, "ip", "route", "add", "239.0.0.0/8", "dev", name)
            run(*at, "sh", "-c", "echo 2048 >/proc/sys/net/ipv4/igmp_max_memberships")      # 20 without
        return self

    def __exit__(self, *_):
        self.holder.kill()
        self.holder.wait()
