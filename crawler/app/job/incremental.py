"""What an incremental job remembers pages by, and when it visits them again."""

from __future__ import annotations

import msgspec
from xxhash import xxh3_64

from crawler.config.load import LoadedJob
from crawler.config.models.incremental import RevisitOverrideSettings, RevisitSettings
from crawler.config.models.job import Job
from crawler.globs import compile_patterns
from crawler.page_memory import Overdue, Visited
from crawler.policy.revisit import Override, RevisitPolicy, Revisits
from crawler.policy.sameness import Conditions, Fingerprint
from crawler.spider.gain import FORMAT
from crawler.spider.selection import finder
from crawler.workers.recognition import Recognition


def revisits_of(job: Job) -> Revisits:
    """Return when pages are visited again; in a job that is not incremental, in each run."""
    if job.incremental is None:
        return Revisits(RevisitPolicy())
    settings = job.incremental.revisit
    return Revisits(
        _policy(settings),
        [
            Override(compile_patterns((one.match,)), _policy(settings, one))
            for one in settings.overrides
        ],
    )


def _policy(usual: RevisitSettings, other: RevisitOverrideSettings | None = None) -> RevisitPolicy:
    values = usual.model_dump(exclude={"overrides"})
    if other is not None:
        values |= other.model_dump(exclude={"match"}, exclude_none=True)
    return RevisitPolicy(**values)


def overdue_of(loaded: LoadedJob, now: float) -> Overdue | None:
    """Return what says which pages are due; None in a job that is not incremental.

    A page is due too if what it gives was made with other rules.
    """
    if loaded.job.incremental is None:
        return None
    of, rules = revisits_of(loaded.job).of, rules_of(loaded)

    def overdue(url: str, visited: Visited) -> int:
        seconds = of(url).overdue(visited, now)
        changed = visited.rules is not None and not visited.rules.startswith(rules)
        return max(0, seconds) if changed else seconds

    return overdue


def conditions_of(loaded: LoadedJob) -> Conditions:
    """Return when a server may say that a page is as it was."""
    settings = loaded.job.incremental
    assert settings is not None  # asked for by incremental jobs alone
    return Conditions(
        validators=settings.validators, every=settings.unconditional_every, rules=rules_of(loaded)
    )


def recognition_of(loaded: LoadedJob) -> Recognition | None:
    """Return what knows pages again; None in a job that is not incremental."""
    settings = loaded.job.incremental
    if settings is None:
        return None
    prints = settings.fingerprint
    return Recognition(
        conditions=conditions_of(loaded),
        fingerprint=Fingerprint(of=prints.of, ignore_case=prints.ignore_case, fuzzy=prints.fuzzy),
        ignore=[finder(css, None, "incremental.ignore") for css in settings.ignore],
    )


#: Settings by which a page gives what it gives.
_RULES = ("extract", "follow", "schemas", "spider", "args")
_SCOPE = ("hosts", "allow", "deny", "follow", "canonical")


def rules_of(loaded: LoadedJob) -> bytes:
    """Return the digest of all that says what a page gives: 8 bytes.

    Code that rules and spiders import is not looked at.
    """
    values = loaded.values
    incremental = values.get("incremental")
    scope = values.get("scope")
    parts: list[object] = [FORMAT, *(values.get(name) for name in _RULES)]
    parts += [scope.get(name) for name in _SCOPE] if isinstance(scope, dict) else []
    if isinstance(incremental, dict):
        parts += [incremental.get("fingerprint"), incremental.get("ignore")]
    digest = xxh3_64(msgspec.json.encode(parts, order="sorted"))
    if loaded.spider is not None:
        digest.update(loaded.spider.file.read_bytes())
    return digest.digest()
