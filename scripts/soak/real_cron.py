"""A real cron runs an installed job: silent when it is good, a short mail when it is not.

    python -m scripts.soak.real_cron

Installs a job into a crontab that has lines of others, starts `cron`, waits for a run that cron
itself makes, spoils the job, waits for one that says so, and removes the job. The crontab must then
be what it was, byte for byte. Takes three minutes.

Needs root, Debian's cron and `unshare`: in a mount namespace of its own an empty folder lies over
the spool, and cron's other tables are empty, so that no crontab of the machine is read or written.
What cron would mail is what a command writes: a `SHELL` in the crontab keeps that in files. Where
one of these is lacking it says so and does nothing.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from crawler.schedule.crontab_program import cron_runs
from scripts.soak.small_job import SmallSite

SPOOL = Path("/var/spool/cron/crontabs")
#: Seconds in which cron has to begin a run, and a run has to end.
PATIENCE = 120
_FOLDER = "CRAWLER_SOAK_FOLDER"

THEIRS = "# of somebody else: 50%\r\nSHELL={shell}\n\n0 0 1 1 * true"
SHELL = """\
#!/bin/sh
# Keeps what a command says, and how it ends, where cron would mail it.
/bin/sh "$@" > "{said}/$$.part" 2>&1
echo "$?" > "{said}/$$.code"
mv "{said}/$$.part" "{said}/$$.txt"
"""
JOB = """\
name: nightly
start: [{url}]
fetch: {{per_host: {{delay: 0s, adaptive: false}}}}
schedule: {{cron: "* * * * *"}}
checks: {{min_items: {items}, max_failed: 100%}}
"""


def main() -> int:
    """Run the soak and return the exit code."""
    folder = os.environ.get(_FOLDER)
    if folder is not None:
        return _soak(Path(folder))
    lacking = _lacking()
    if lacking:
        print(f"skipped: {lacking}")
        return 0
    # Made and deleted outside of the namespace, where nothing is mounted in it or over it.
    with tempfile.TemporaryDirectory(prefix="real-cron-") as made:
        command = ["unshare", "--mount", sys.executable, "-m", "scripts.soak.real_cron"]
        return subprocess.run(command, env={**os.environ, _FOLDER: made}, check=False).returncode


def _lacking() -> str:
    if os.geteuid() != 0:
        return "needs root"
    for program in ("cron", "crontab", "unshare", "mount"):
        if shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin") is None:
            return f"there is no {program}"
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        return "this machine allows no mount namespaces"
    return "a cron is running" if cron_runs() else ""


def _soak(folder: Path) -> int:
    said, work = folder / "said", folder / "work"
    theirs = _stage(folder, said)
    subprocess.run(["crontab", "-"], input=theirs, check=True)
    before = (_crontab(), _own_lines(SPOOL / "root"))
    work.mkdir()
    with SmallSite(retry=False) as site:
        _write(work, site.url, items=1)
        print(_crawler(work, "cron", "install", "job.yaml"))
        daemon = subprocess.Popen(["/usr/sbin/cron", "-f"])
        try:
            wrong = _watch(work, said, site.url)
        finally:
            daemon.terminate()
            daemon.wait()
        print(_crawler(work, "cron", "list"))
        print(_crawler(work, "cron", "remove", "job.yaml"))
    same = (_crontab(), _own_lines(SPOOL / "root")) == before
    print(f"the crontab is {'byte for byte what it was' if same else 'NOT what it was'}")
    for line in wrong:
        print(f"WRONG: {line}")
    return 0 if same and not wrong else 1


def _stage(folder: Path, said: Path) -> bytes:
    """Lay empty folders over what cron reads, in this namespace; return the crontab of others.

    Only folders of ours are mounted, and only over others: nothing of the machine is below ours.
    """
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    spool, run, tables, table = (folder / name for name in ("spool", "run", "cron.d", "crontab"))
    for one in (spool, run, tables, said):
        one.mkdir()
    table.touch()
    about = SPOOL.stat()
    os.chown(spool, about.st_uid, about.st_gid)
    spool.chmod(about.st_mode & 0o7777)
    folder.chmod(0o755)
    for source, target in (
        (spool, SPOOL),
        (run, Path("/run")),
        (tables, Path("/etc/cron.d")),
        (table, Path("/etc/crontab")),
    ):
        if target.exists():
            subprocess.run(["mount", "--bind", str(source), str(target)], check=True)
    shell = folder / "shell"
    shell.write_text(SHELL.format(said=said))
    shell.chmod(0o755)
    return THEIRS.format(shell=shell).encode() + b" # \xff\n"


def _watch(work: Path, said: Path, url: str) -> list[str]:
    """Watch a good run, then a bad one; return what is wrong."""
    began = time.monotonic()
    if not _until(lambda: bool(_ended(said))):
        return [f"cron ran nothing within {PATIENCE} s"]
    (code, text), *_ = _ended(said)
    print(f"{time.monotonic() - began:.0f} s after it was started, cron ran the job:")
    print(f"  exit {code}, summary.json says {_exits(work)}, bytes to mail: {len(text)}")
    wrong = [] if (code, text, set(_exits(work))) == (0, "", {0}) else ["that was not silent"]
    _write(work, url, items=1000)
    good = len(_ended(said))
    if not _until(lambda: any(code for code, _ in _ended(said)[good:])):
        return [*wrong, f"no bad run within {PATIENCE} s"]
    code, text = next((code, text) for code, text in _ended(said)[good:] if code)
    print(f"the next run found too little: exit {code}, and would be mailed:")
    print("".join(f"  | {line}\n" for line in text.splitlines()))
    if code != 3 or not 1 <= len(text.splitlines()) <= 20:
        wrong.append(f"exit {code} with {len(text.splitlines())} lines")
    return wrong


def _ended(said: Path) -> list[tuple[int, str]]:
    """Return the exit code and the words of each command that has ended, the first one first."""
    texts = sorted(said.glob("*.txt"), key=lambda path: path.stat().st_mtime_ns)
    return [(int(one.with_suffix(".code").read_text()), one.read_text()) for one in texts]


def _until(done: Callable[[], bool]) -> bool:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if done():
            return True
        time.sleep(0.5)
    return False


def _exits(work: Path) -> list[int]:
    """Return the exit codes of all runs that have ended, the first one first."""
    found = sorted((work / "reports/nightly").glob("*/summary.json"))
    return [json.loads(path.read_bytes())["exit"] for path in found]


def _write(work: Path, url: str, *, items: int) -> None:
    (work / "job.yaml").write_text(JOB.format(url=url, items=items))


def _crontab() -> bytes:
    return subprocess.run(["crontab", "-l"], capture_output=True, check=True).stdout


def _own_lines(spool: Path) -> bytes:
    """Return a file of the spool without the three lines that `crontab` writes in front."""
    return b"\n".join(spool.read_bytes().split(b"\n")[3:])


def _crawler(work: Path, *words: str) -> str:
    command = [sys.executable, "-m", "crawler", *words]
    ran = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
    return f"$ crawler {' '.join(words)}   (exit {ran.returncode})\n{ran.stdout}{ran.stderr}"


if __name__ == "__main__":
    sys.exit(main())
