"""What this machine lacks for crawling."""

from __future__ import annotations

import os
import platform
import resource
import ssl
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from crawler.app.check.disk_doctor import look_at_folder
from crawler.app.check.findings import Finding, fail, ok, warn
from crawler.app.check.required import look_at_packages
from crawler.errors import ConfigError
from crawler.interfaces import Clock
from crawler.loop import new_loop_factory

_OLDEST_PYTHON = (3, 11)
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
#: Files a run opens beside its connections; see `crawler.app.run.open_files`.
_FEW_FILES, _TOO_FEW_FILES = 1024, 128
_DAY = 86_400.0


def look_at_machine(base: Path, clock: Clock, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what can be told without any network.

    Args:
        base: Where state, data and reports would lie, absolute.
        clock: Asked whether it can be right.
        environ: Variables of the process.
    """
    yield _python()
    yield _system()
    yield from look_at_packages()
    yield _uvloop()
    yield _isal()
    yield _parser()
    yield _open_files()
    yield from look_at_folder(base)
    yield look_at_clock(clock.wall(), Path(__file__).stat().st_mtime)
    yield look_at_certificates(environ)
    yield from look_at_proxies(environ)


def _python() -> Finding:
    said = f"{platform.python_version()} at {sys.executable}"
    if sys.version_info < _OLDEST_PYTHON:
        return fail("Python", said, "install Python 3.11 or later")
    return ok("Python", said)


def _system() -> Finding:
    said = f"{platform.system()} {platform.release()}, {platform.machine()}, {os.cpu_count()} cores"
    if sys.platform in ("linux", "darwin"):
        return ok("system", said)
    return fail("system", said, "the crawler runs on Linux and macOS")


def _uvloop() -> Finding:
    try:
        factory, _ = new_loop_factory("uvloop")
        factory().close()
    except ConfigError:
        return warn("event loop", "uvloop is not installed, so asyncio's own is used", "slower")
    except (ImportError, OSError, RuntimeError) as error:
        return fail("event loop", f"uvloop does not work: {error}", "set run.loop: asyncio")
    return ok("event loop", "uvloop works")


def _isal() -> Finding:
    try:
        from isal import igzip, isal_zlib

        sample = b"practice" * 64
        packed = igzip.compress(sample)
        works = isal_zlib.decompressobj(31).decompress(packed) == sample  # 31: of gzip
    except (ImportError, OSError, ValueError) as error:
        return fail("isal", f"does not work: {error}", "pip install --force-reinstall isal")
    return ok("isal", "works") if works else fail("isal", "gives back other bytes than it got")


def _parser() -> Finding:
    from crawler.fetch.client_wire import IN_PYTHON, reads_in_python

    if reads_in_python():
        return warn("parser", IN_PYTHON, "pip install --force-reinstall aiohttp, or unset it")
    return ok("parser", "answers are read by aiohttp's parser in C")


def _open_files() -> Finding:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        return ok("open files", f"{_limit(soft)}, may be raised without limit")
    said = f"{_limit(soft)}, may be raised to {hard}"
    if hard < _TOO_FEW_FILES:
        return fail("open files", said, "the default fetch.concurrency of 64 needs 128: ulimit -n")
    if hard < _FEW_FILES:
        return warn("open files", said, "keep fetch.concurrency below this, or raise it: ulimit -n")
    return ok("open files", said)


def _limit(number: int) -> str:
    return "no limit" if number == resource.RLIM_INFINITY else f"limit {number}"


def look_at_clock(now: float, written: float) -> Finding:
    """Judge the clock: certificates, cookies and Retry-After dates all trust it.

    Args:
        now: Wall-clock seconds.
        written: When a file of this program was written: the time is no earlier than that.
    """
    shown = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    if now < written - _DAY:
        text = f"{shown}, which is before this program was installed"
        return fail("clock", text, "set it, best by NTP: certificates and cookies go by it")
    return ok("clock", shown)


def look_at_certificates(environ: Mapping[str, str]) -> Finding:
    """Say whether there is anything to verify TLS certificates against."""
    subject, advice = "certificates", "install ca-certificates, or set SSL_CERT_FILE"
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        path = environ.get(name)
        if path and not Path(path).exists():
            return fail(subject, f"{name} names {path}, which is not there", "correct or unset it")
    count = ssl.create_default_context().cert_store_stats()["x509_ca"]
    if count:
        return ok(subject, f"{count} authorities, {ssl.OPENSSL_VERSION}")
    # A folder of authorities is read one by one, as they are needed.
    folder = ssl.get_default_verify_paths().capath
    if folder and any(Path(folder).iterdir()):
        return ok(subject, f"those of {folder}, {ssl.OPENSSL_VERSION}")
    return fail(subject, "no authorities were found, so no https page can be had", advice)


def look_at_proxies(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Name the proxies of the environment; never their value, which may hold a password."""
    names = [name for name in environ if name.lower() in _PROXIES and environ[name]]
    if names:
        text = f"{', '.join(sorted(names))} set in the environment, and not used"
        yield warn(
            "proxies", text, "a crawl ignores them; fetch.proxies: {environment: true} uses them"
        )
    else:
        yield ok("proxies", "none in the environment")
