"""Memory of the server and of its database while 8 clients pull tiles for a while (aim: under 1 GB each).

Needs a built demo city: ``.venv/bin/python benchmarks/memory.py --home /var/lib/jingwei [--seconds 60]``
Shared pages are counted once (PSS).
"""

from __future__ import annotations

import argparse
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

CLIENTS, PORT = 8, 8105
LAYERS = ("hazards", "streets", "grids", "villages", "coverage", "hotspots_lattice", "density", "patrol_tracks")


def main() -> None:
    """Serve, pull, and print the peaks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=60)
    arguments = parser.parse_args()
    command = [Path(sys.executable).with_name("jingwei"), "serve", "--port", str(PORT)]
    server = subprocess.Popen(
        command,
        env={**os.environ, "JINGWEI_HOME": str(arguments.home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    next(line for line in server.stdout if "http://" in line)
    end = time.monotonic() + arguments.seconds
    pulled = [0] * CLIENTS
    clients = [threading.Thread(target=_pull, args=(number, end, pulled)) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    postmaster = int((arguments.home / "pgdata" / "postmaster.pid").read_text().split()[0])
    peak = {"server": 0.0, "database": 0.0}
    while time.monotonic() < end:
        for name, pid in (("server", server.pid), ("database", postmaster)):
            peak[name] = max(peak[name], sum(_pss_mb(each) for each in _family(pid)))
        time.sleep(1)
    for client in clients:
        client.join()
    server.send_signal(signal.SIGTERM)
    server.wait(timeout=60)
    print(f"{sum(pulled)} tiles by {CLIENTS} clients; " + ", ".join(f"{name} {mb:.0f} MB" for name, mb in peak.items()))


def _pull(number: int, end: float, pulled: list[int]) -> None:
    chance = random.Random(number)
    while time.monotonic() < end:
        zoom = chance.choice((9, 11, 12, 13, 14))
        lon, lat = chance.uniform(120.3, 120.72), chance.uniform(27.68, 27.9)
        x, y = int((lon + 180) / 360 * 2**zoom), int((0.5 - lat / 360 * 1.065) * 2**zoom)
        address = f"http://127.0.0.1:{PORT}/tiles/{chance.choice(LAYERS)}/{zoom}/{x}/{y}.mvt"
        urllib.request.urlopen(address, timeout=60).read()
        pulled[number] += 1


def _family(pid: int) -> list[int]:
    """Return a process and all that descend from it."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(entry.parent.name)] = int(entry.read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
    found = [pid]
    for each in found:
        found.extend(child for child, parent in parents.items() if parent == each)
    return found


def _pss_mb(pid: int) -> float:
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    found = re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
    return int(found.group(1)) / 1024 if found else 0.0


if __name__ == "__main__":
    main()
