"""What an incremental job remembers pages by, and when it visits them again."""

from __future__ import annotations

import msgspec
from xxhash import xxh3_64

from crawler.app.job.settings_change import changes
from crawler.config.load import LoadedJob
from crawler.config.models.incremental import RevisitOverrideSettings, RevisitSettings
from crawler.config.models.job import Job
from crawler.engine.settling import SettlingRules
from crawler.globs import compile_patterns
from crawler.interfaces import LastRun
from crawler.page_memory import BY_LINKS, NOT_DUE, Visited
from crawler.policy.changes import ChangeRules
from crawler.policy.gone import GoneRules
from crawler.policy.revisit import Override, RevisitPolicy, Revisits
from crawler.policy.sameness import Conditions, Fingerprint, rules_with
from crawler.policy.scope import Scope
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


class DueDates:
    """Says which pages of an incremental job are due: also those read with other rules.

    Args:
        loaded: The job.
        now: Wall-clock seconds.
        reread: Those whose bodies are kept, and no others.

    Attributes:
        stale: Pages so far that gave what they gave by other rules.
        kept: Those of them whose bodies are kept.
    """

    def __init__(self, loaded: LoadedJob, now: float, *, reread: bool = False) -> None:
        self._reread = reread
        self.kept = 0
        self._of = revisits_of(loaded.job).of
        self._rules = rules_of(loaded)
        self._now = now
        self.stale = 0
        # Which label, callback and arguments a page has by the rules of today only links can tell.
        self._labelled = any(rule.label is not None for rule in loaded.job.follow)
        scope = loaded.job.scope
        # Hosts that start URLs redirect to are in scope too, but only once they did: so, of the
        # hosts, only what the config says counts.
        self._scope = Scope(hosts=scope.hosts, allow=scope.allow, deny=scope.deny)

    def __call__(self, url: str, visited: Visited) -> int | None:
        """See `crawler.page_memory.Overdue`."""
        if not self._scope.admits(url):
            return None
        if self._reread:
            if visited.misses:
                return None  # what is kept of it says nothing about whether it is there
            if not visited.kept:
                return NOT_DUE
        seconds = 0 if self._reread else self._of(url).overdue(visited, self._now)
        if visited.gone_since is not None:
            return None if seconds < 0 else seconds
        if self._is_stale(visited):
            return BY_LINKS if self._labelled or visited.payload is not None else max(0, seconds)
        own = rules_with(self._rules, visited.label, visited.payload)
        return seconds if visited.rules in (None, own) else max(0, seconds)

    def _is_stale(self, visited: Visited) -> bool:
        """Tell whether a page gave what it gave by other rules, and count it."""
        stale = not (visited.rules or self._rules).startswith(self._rules)
        self.stale += stale
        self.kept += stale and visited.kept
        return stale


def due_dates_of(loaded: LoadedJob, now: float, *, reread: bool = False) -> DueDates | None:
    """Return what says which pages are due; None in a job that is not incremental."""
    return None if loaded.job.incremental is None else DueDates(loaded, now, reread=reread)


def stale_words(dues: DueDates, last: LastRun | None, settings: bytes) -> str:
    """Return what is told of pages that are due as the rules changed.

    Args:
        dues: Knows how many there are.
        last: The run before, None where that is not known.
        settings: Those of this run.
    """
    changed: list[str] = []
    if last is not None:
        grave, light = changes(last.settings, settings)
        named = [name for name in (*grave, *light) if name.partition(".")[0] in _SAYING]
        changed = [*named[:_NAMED], "..."] if len(named) > _NAMED else named
    what = ", ".join(changed) or "the spider's code, or the program"
    pages = "1 page is" if dues.stale == 1 else f"{dues.stale:,} pages are"
    kept = f", {dues.kept:,} of them from bodies that are kept" if dues.kept else ""
    return f"changed since what is known was read: {what}; {pages} read anew{kept}"


def conditions_of(loaded: LoadedJob, *, reread: bool = False) -> Conditions:
    """Return when a server may say that a page is as it was."""
    settings = loaded.job.incremental
    assert settings is not None  # asked for by incremental jobs alone
    return Conditions(
        validators=settings.validators,
        every=settings.unconditional_every,
        rules=rules_of(loaded),
        lists=lists_of(loaded.job),
        rereads=settings.bodies is not None,
        reread=reread,
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
_SAYING = frozenset((*_RULES, "scope", "incremental"))
_NAMED = 4
_SCOPE = ("hosts", "allow", "deny", "follow")


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


def lists_of(job: Job) -> bytes | None:
    """Return the digest of all else that says what a list of URLs gives; None if the date does."""
    start = job.start
    if start.newer_than is not None:
        return None
    return xxh3_64(msgspec.json.encode([start.lastmod, start.max_sitemap_files])).digest()


def gone_rules(job: Job) -> GoneRules:
    """Return when an item, or a page, is gone."""
    if job.incremental is None:
        return GoneRules()
    gone = job.incremental.gone
    return GoneRules(
        after_misses=gone.after_misses, max_share=gone.max_share, unled=not gone.recheck
    )


def keeps_links(job: Job) -> bool:
    """Tell whether it matters to a job to which of its pages nothing leads any more.

    It does unless each of them is asked for in every run, and what it answers is all that counts.
    """
    if job.incremental is None:
        return False
    revisit = job.incremental.revisit
    policies = (revisit.policy, *(one.policy for one in revisit.overrides))
    return not job.incremental.gone.recheck or any(one not in (None, "always") for one in policies)


def settling_rules(job: Job) -> SettlingRules | None:
    """Return what makes an item changed or gone; None in a job that is not incremental."""
    settings = job.incremental
    if settings is None:
        return None
    keys = {
        name: tuple(field for field, one in schema.items() if one.key)
        for name, schema in job.schemas.items()
    }
    prints = settings.fingerprint
    return SettlingRules(
        changes=ChangeRules(
            keys={name: fields for name, fields in keys.items() if fields},
            of=tuple(prints.of), ignore_case=prints.ignore_case,
        ),
        gone=gone_rules(job),
        max_changed=settings.max_changed,
    )  # fmt: skip
