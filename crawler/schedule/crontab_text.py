r"""The text of a crontab: our blocks in it, and all else, which stays as it is, byte for byte.

    # >>> crawler docs >>>
    # Written by `crawler cron install`: change `schedule` in the config and install again.
    # config: /srv/crawl/configs/docs.yaml
    # base: /srv/crawl
    15 3 * * * cd /srv/crawl && ...
    # <<< crawler docs 5f2b1c9e <<<

The end marker has a checksum of what stands between the markers, so that a block which somebody
edited by hand is seen. Markers have lines of their own: a crontab has no comments behind a line.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator

import msgspec

from crawler.errors import StateError

_NAME = rb"([A-Za-z0-9_][A-Za-z0-9._-]{0,99})"
#: Said of a block that was put behind a last line without an end, which was given one.
_ENDED = b" after a line that had no end"
_BEGIN = re.compile(rb"# >>> crawler " + _NAME + rb" >>>(" + _ENDED + rb")?")
_END = re.compile(rb"# <<< crawler " + _NAME + rb" ([0-9a-f]+) <<<")
#: What looks like a marker and is none must not be taken for text of somebody else.
_LIKE_MARKER = re.compile(rb"#\s*(>>>|<<<)\s*crawler\b")
_FACT = re.compile(rb"# (config|base|env_file|converted): (.+)")


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """A job's block.

    Attributes:
        name: The job.
        body: The lines between the markers, each with its end.
        checksum: As it stands in the end marker.
        after_unended: The line before it had no end until the block came.
        line: Number of its first line, from 1; 0 for one that is in no file yet.
    """

    name: str
    body: bytes
    checksum: str
    after_unended: bool = False
    line: int = 0

    @property
    def intact(self) -> bool:
        """Whether it is as it was written."""
        return self.checksum == _checksum(self.body)

    @property
    def facts(self) -> dict[str, str]:
        """What the comments say: `config`, `base`, and others."""
        lines = (_FACT.fullmatch(line) for line in self.body.split(b"\n"))
        return {m[1].decode(): m[2].decode("utf-8", "surrogateescape") for m in lines if m}

    @property
    def entries(self) -> list[bytes]:
        """The lines that are no comments."""
        return [line for line in self.body.split(b"\n") if line and not line.startswith(b"#")]

    def render(self) -> bytes:
        """Return the block with its markers."""
        name = self.name.encode()
        ended = _ENDED if self.after_unended else b""
        begin = b"# >>> crawler " + name + b" >>>" + ended + b"\n"
        return begin + self.body + b"# <<< crawler %b %b <<<\n" % (name, self.checksum.encode())


class Crontab(msgspec.Struct, frozen=True):
    """A crontab in parts.

    Attributes:
        parts: Text of others, and our blocks, in order.
    """

    parts: tuple[bytes | Block, ...] = ()

    @property
    def blocks(self) -> dict[str, Block]:
        """Our blocks by the names of their jobs."""
        return {part.name: part for part in self.parts if isinstance(part, Block)}

    def render(self) -> bytes:
        """Return the text."""
        return b"".join(part if isinstance(part, bytes) else part.render() for part in self.parts)

    def having(self, name: str, body: bytes) -> Crontab:
        """Return the crontab with a job's block: in its old place, or at the end."""
        fresh = Block(name=name, body=body, checksum=_checksum(body))
        if name in self.blocks:
            return Crontab(tuple(_replaced(self.parts, fresh)))
        text = self.render()
        if not text or text.endswith(b"\n"):
            return Crontab((*self.parts, fresh))
        return Crontab((*self.parts, b"\n", msgspec.structs.replace(fresh, after_unended=True)))

    def without(self, name: str) -> Crontab:
        """Return the crontab as it would be, had the job never been put in."""
        index = next(i for i, part in enumerate(self.parts) if _is_block(part, name))
        before, after = self.parts[:index], self.parts[index + 1 :]
        block = self.parts[index]
        if isinstance(block, Block) and block.after_unended:
            before, after = _unended_again(before, after)
        return Crontab(before + after)


def parse_crontab(raw: bytes) -> Crontab:
    """Find our blocks in a crontab.

    Raises:
        StateError: A marker without its other half, or a job with two blocks: nothing can be
            changed safely. The message names the line and what to do.
    """
    parts: list[bytes | Block] = []
    begun: tuple[int, re.Match[bytes]] | None = None
    held: list[bytes] = []
    for number, line in enumerate(_lines(raw), 1):
        bare = line.rstrip(b"\r\n")
        begin, end = _BEGIN.fullmatch(bare), _END.fullmatch(bare)
        if begin:
            if begun:
                raise _unpaired(begun[0], begun[1][1], "end")
            parts.append(b"".join(held))
            begun, held = (number, begin), []
        elif end:
            if begun is None or begun[1][1] != end[1]:
                raise _unpaired(number, end[1], "beginning")
            parts.append(_block(begun, end, held))
            begun, held = None, []
        elif _LIKE_MARKER.match(bare):
            raise _damaged(number, "looks like a marker of `crawler cron`, but was changed")
        else:
            held.append(line)
    if begun:
        raise _unpaired(begun[0], begun[1][1], "end")
    parts.append(b"".join(held))
    _check_names(parts)
    return Crontab(tuple(part for part in parts if part))


def _block(begun: tuple[int, re.Match[bytes]], end: re.Match[bytes], held: list[bytes]) -> Block:
    number, begin = begun
    return Block(
        name=begin[1].decode(), body=b"".join(held), checksum=end[2].decode(),
        after_unended=begin[2] is not None, line=number,
    )  # fmt: skip


def _lines(raw: bytes) -> Iterable[bytes]:
    """Split at line feeds alone: nothing else ends a line of a crontab."""
    return re.findall(rb"[^\n]*\n|[^\n]+\Z", raw)


def _check_names(parts: list[bytes | Block]) -> None:
    seen: dict[str, int] = {}
    for part in parts:
        if not isinstance(part, Block):
            continue
        if part.name in seen:
            first = seen[part.name]
            raise _damaged(part.line, f"begins a second block of '{part.name}' (see line {first})")
        seen[part.name] = part.line


def _unpaired(line: int, name: bytes, half: str) -> StateError:
    return _damaged(line, f"has the block of '{name.decode()}' without its {half}")


def _damaged(line: int, what: str) -> StateError:
    return StateError(
        f"the crontab was left as it is: its line {line} {what}\n"
        "delete what is left of that block with `crontab -e`, then try again"
    )


def _replaced(parts: Iterable[bytes | Block], fresh: Block) -> Iterator[bytes | Block]:
    for part in parts:
        if isinstance(part, Block) and part.name == fresh.name:
            yield msgspec.structs.replace(fresh, after_unended=part.after_unended)
        else:
            yield part


def _is_block(part: bytes | Block, name: str) -> bool:
    return isinstance(part, Block) and part.name == name


def _unended_again(
    before: tuple[bytes | Block, ...], after: tuple[bytes | Block, ...]
) -> tuple[tuple[bytes | Block, ...], tuple[bytes | Block, ...]]:
    """Take the end of the line before a block away, or leave that to the next block."""
    if after:
        follows = after[0]
        if isinstance(follows, Block):
            after = (msgspec.structs.replace(follows, after_unended=True), *after[1:])
        return before, after
    last = before[-1] if before else b""
    if isinstance(last, bytes) and last.endswith(b"\n"):
        before = (*before[:-1], last[:-1])
    return tuple(part for part in before if part), after


def _checksum(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:8]
