"""Two thousand hosts with a delay of a second each: how near a crawl comes to the ideal schedule.

    python -m scripts.bench.schedule [--hosts 2000] [--delay 1] [--seconds 120]

The ideal asks every host again the moment its delay has passed: hosts / delay pages a second. The
server, which answers at once, notes when each host was asked. Counted are, once the first page of
every host is out, the share of the ideal, requests that came before the delay had passed (a
twentieth of it is allowed for the way and for the server's own loop), and the share of one CPU
that the crawl left idle.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from scripts.bench.many_hosts import Seen, Web, address, many_hosts

_CONFIG = """\
version: 1
name: schedule
start: {{from_file: urls.txt}}
scope: {{hosts: {hosts}, follow: false}}
fetch:
  robots: ignore
  concurrency: 256
  per_host: {{concurrency: 1, delay: {delay}s, adaptive: false}}
"""
#: Of the delay, by which two requests may be nearer as the server sees them.
_SLACK = 0.05


class NothingSeen(Exception):
    """The crawl was too short to say anything."""


def violations(times: Mapping[str, Sequence[float]], delay: float) -> list[float]:
    """Return the gaps between two requests to one host that are shorter than its delay."""
    gaps = (after - before for at in times.values() for before, after in pairwise(at))
    return sorted(gap for gap in gaps if gap < delay * (1 - _SLACK))


def share(times: Mapping[str, Sequence[float]], delay: float, hosts: int, end: float) -> float:
    """Return the share of the ideal schedule, from the first request of each host to `end`.

    Raises:
        NothingSeen: There is no host, or nothing came after the first request to any.
    """
    ideal = sum((end - at[0]) / delay for at in times.values())
    done = sum(len(at) - 1 for at in times.values())
    if not ideal:
        raise NothingSeen(
            f"no host of {hosts:,} was asked twice, so there is no schedule to judge: give it more"
            " --seconds, to begin and to come round, or a shorter --delay"
        )
    return done / ideal * len(times) / hosts


def crawl(folder: Path, web: Web, delay: float, seconds: float) -> float:
    """Crawl for some seconds; return the CPU seconds it took, without its start and its end."""
    each = int(seconds / delay) + 10
    hosts = json.dumps([f"{address(host)}:{web.port}" for host in range(web.hosts)])
    (folder / "a.yaml").write_text(_CONFIG.format(hosts=hosts, delay=delay), encoding="utf-8")
    with (folder / "urls.txt").open("w", encoding="utf-8") as file:
        for page in range(web.hosts * each):
            file.write(f"{web.url(page)}\n")
    command = [sys.executable, "-m", "crawler", "a.yaml", "-q"]
    with (folder / "stderr").open("wb") as errors:
        process = subprocess.Popen(command, cwd=folder, stdout=errors, stderr=errors)
        time.sleep(seconds)
        spent = cpu_of(process.pid)
        process.send_signal(signal.SIGINT)
        if process.wait() != 128 + signal.SIGINT:
            raise RuntimeError((folder / "stderr").read_text("utf-8"))
    for path in folder.glob("reports/schedule/*/summary.json"):
        told = json.loads(path.read_text("utf-8"))
        print(f"limited by {told['limited_by']}, event loop late by {told['loop_lag_s']} s")
    return spent


def cpu_of(pid: int) -> float:
    """Return the CPU seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def say(seen: Seen, spent: float, options: argparse.Namespace) -> None:
    """Print what the server saw."""
    times = {host: at for host, at in seen.times.items() if len(at) > 1}
    broken = violations(times, options.delay)
    kept = share(times, options.delay, options.hosts, seen.last)
    shortest = f", the shortest gap {broken[0]:.3f} s" if broken else ""
    print(f"{seen.pages:,} pages of {len(times):,} hosts in {seen.last - seen.first:.1f} s")
    print(f"share of the ideal schedule {kept:.3f}")
    print(f"violations {len(broken):,}{shortest}")
    print(f"CPU idle {1 - spent / options.seconds:.2f} of one core ({spent:.1f} CPU s)")


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, default=2_000)
    parser.add_argument("--delay", type=float, default=1.0)
    parser.add_argument("--seconds", type=float, default=120.0)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="schedule-") as folder,
        many_hosts(Web(hosts=options.hosts, pages=1), times=True) as server,
    ):
        web = Web(hosts=options.hosts, pages=1, port=server.port)
        spent = crawl(Path(folder), web, options.delay, options.seconds)
        try:
            say(server.seen(), spent, options)
        except NothingSeen as error:
            sys.exit(str(error))


if __name__ == "__main__":
    main()
