"""Lists of pictures while something all need is away: room on the disk, a name server.

    python -m scripts.soak.outages disk [--count 300] [--backend threads]
    python -m scripts.soak.outages names [--count 300] [--backend threads]

`disk`: the job lies on a small disk of its own (a tmpfs). In the middle of the run somebody fills
it to the last byte: the run must say so, ask for nothing, and go on by itself once there is room.
Then the same, but nobody makes room: the run must end with exit 5, and go on with the same command.
`names`: every picture has a host of its own, whose names a server on loopback knows. In the middle
of the run that server goes, then is there again but silent, then answers: no line may be charged.

Needs root and `unshare`: all is mounted in a mount namespace of its own, over a folder of ours, and
for `names` a file of ours over /etc/resolv.conf. Exits with 1 if something is not as it should be.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from scripts.bench.docs_site import DocsSite
from scripts.bench.picture_set import make_photos
from scripts.bench.pictures import job_of
from scripts.soak.name_server import ADDRESS, DOMAIN, NameServer
from scripts.soak.pictures import half_written, lines_of
from scripts.soak.wrongs import tell_wrongs

#: Set in the namespace: the folder of ours.
_FOLDER = "CRAWLER_OUTAGES"
#: Seconds that anything may take, and for which nothing may be asked for in a pause.
PATIENCE, QUIET = 60.0, 3.0
#: What is written at a time to fill a disk.
_BLOCK = 64 << 10


class Watched:
    """A run whose words are read as they come.

    Args:
        folder: The base directory; `job.yaml` is in it.
    """

    def __init__(self, folder: Path) -> None:
        self._log = (folder.parent / "said").open("w+b")
        job = str(folder / "job.yaml")
        command = [sys.executable, "-m", "crawler", job, "--dir", str(folder), "-q"]
        self._run = subprocess.Popen(command, stderr=self._log)

    @property
    def said(self) -> list[str]:
        """Lines so far."""
        return Path(str(self._log.name)).read_text("utf-8").splitlines()

    def says(self, word: str, times: int = 1) -> bool:
        """Wait until it has said something so often; False if it ends or takes too long."""
        until = time.monotonic() + PATIENCE
        while sum(word in line for line in self.said) < times:
            if self._run.poll() is not None or time.monotonic() > until:
                return sum(word in line for line in self.said) >= times
            time.sleep(0.02)
        return True

    def end(self) -> int:
        """Wait for its end; return the exit code."""
        try:
            code = self._run.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._run.kill()
            code = self._run.wait()
        for line in self.said:
            print(f"    {line}")
        print(f"    exit {code}")
        self._log.close()
        return code


def _until(wanted: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not wanted() and time.monotonic() < until:
        time.sleep(0.002)


def _is_quiet(site: DocsSite) -> bool:
    """Tell whether nothing is asked for, once what was under way is through."""
    time.sleep(0.5)
    before = site.answered()
    time.sleep(QUIET)
    return site.answered() == before


def _fill(path: Path) -> None:
    """Write a file until the disk is full to the last byte."""
    with path.open("ab", buffering=0) as file:
        size = _BLOCK
        while size:
            try:
                file.write(bytes(size))
            except OSError:
                size //= 2


def disk(wish: argparse.Namespace, folder: Path) -> list[str]:
    """Fill the disk twice; return what is wrong."""
    make_photos(folder / "site", wish.count)
    small = folder / "small"
    small.mkdir()
    size = sum(one.stat().st_size for one in (folder / "site").iterdir()) + (24 << 20)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(small)], check=True)
    wrong = []
    with DocsSite(folder / "site") as site:
        listed = folder / "list.txt"
        listed.write_text("".join(f"{site.url}{n}.jpg\n" for n in range(wish.count)), "utf-8")
        job_of(listed, small, wish.backend)
        run = Watched(small)
        _until(lambda: site.answered() >= wish.count // 3)
        _fill(small / "filler")
        if not run.says("paused"):
            wrong.append("it did not pause")
        if not _is_quiet(site):
            wrong.append("it asks for more while there is no room")
        (small / "filler").unlink()
        if not run.says("going on"):
            wrong.append("it did not go on")
        wrong += _judge("the run", run.end(), 0)
        wrong += _all_there(small, wish.count)
        fetches = site.fetches()
        print(f"asked for again: {sum(fetches.values()) - wish.count} of {wish.count}")
        return wrong + _left_full(small, site, wish.count)


def _left_full(small: Path, site: DocsSite, count: int) -> list[str]:
    """Leave the disk full until the run has waited enough; return what is wrong."""
    path = small / "job.yaml"
    job = json.loads(path.read_text("utf-8"))
    job["files"] |= {"max_pause": "3s", "on_exists": "replace"}
    path.write_text(json.dumps(job), "utf-8")
    answered = site.answered()
    run = Watched(small)
    _until(lambda: site.answered() >= answered + count // 3)
    _fill(small / "filler")
    wrong = _judge("without room, the run", run.end(), 5)
    (small / "filler").unlink()
    wrong += _judge("the same command", Watched(small).end(), 0)
    return wrong + _all_there(small, count)


def names(wish: argparse.Namespace, folder: Path) -> list[str]:
    """Let the name server go and be silent; return what is wrong."""
    make_photos(folder / "site", wish.count)
    resolver = folder / "resolv.conf"
    resolver.write_text(f"nameserver {ADDRESS}\n", "ascii")
    subprocess.run(["mount", "--bind", str(resolver), "/etc/resolv.conf"], check=True)
    base, wrong = folder / "base", list[str]()
    base.mkdir()
    with DocsSite(folder / "site") as site, NameServer() as server:
        port = site.url.rstrip("/").rpartition(":")[2]
        listed = folder / "list.txt"
        listed.write_text(
            "".join(f"http://h{n}.{DOMAIN}:{port}/{n}.jpg\n" for n in range(wish.count)), "utf-8"
        )
        job_of(listed, base, wish.backend)
        run = Watched(base)
        for times, (how, share) in enumerate((("gone", 4), ("silent", 2)), 1):
            _until(lambda least=wish.count // share: site.answered() >= least)  # type: ignore[misc]
            server.gone() if how == "gone" else server.silence()
            if not run.says("paused", times):
                wrong.append(f"{how}: it did not pause")
            if not _is_quiet(site):
                wrong.append(f"{how}: it asks for more while no name is found")
            server.back()
            if not run.says("going on", times):
                wrong.append(f"{how}: it did not go on")
        wrong += _judge("the run", run.end(), 0)
        wrong += _all_there(base, wish.count)
    return wrong


def _judge(who: str, code: int, wanted: int) -> list[str]:
    return [] if code == wanted else [f"{who} ended with {code}, not {wanted}"]


def _all_there(folder: Path, count: int) -> list[str]:
    lines = lines_of(folder)
    said = Counter((line["status"], line["error"]) for line in lines)
    print(f"{len(lines)} lines: {dict(said)}")
    wrong = [f"half written: {one}" for one in half_written(folder, lines)]
    wrong += [f"left behind: {one}" for one in (folder / "images").rglob("*.part")]
    if len(lines) != count or len({line["url"] for line in lines}) != count:
        wrong.append(f"{len(lines)} lines for {count} inputs")
    if {status for status, _ in said} - {"stored", "kept"}:
        wrong.append("not all are there")
    return wrong


def main() -> int:
    """Run one of them, in a mount namespace of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["disk", "names"])
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--backend", default="asyncio", choices=["asyncio", "threads"])
    wish = parser.parse_args()
    made = os.environ.get(_FOLDER)
    if made is None:
        with tempfile.TemporaryDirectory(prefix="outages-") as made:
            command = ["unshare", "--mount", sys.executable, "-m", "scripts.soak.outages"]
            around = {**os.environ, _FOLDER: made}
            return subprocess.run([*command, *sys.argv[1:]], env=around, check=False).returncode
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    folder = Path(made)
    wrong = names(wish, folder) if wish.what == "names" else disk(wish, folder)
    return tell_wrongs(wrong)


if __name__ == "__main__":
    sys.exit(main())
