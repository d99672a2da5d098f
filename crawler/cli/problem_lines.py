"""Problems and findings about config files, in words for people, editors and CI."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from crawler.app.check.findings import Finding
    from crawler.errors import Problem

_LEVELS = {"ok": "notice", "warn": "warning", "fail": "error"}


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to say about a config file.

    Attributes:
        file: As the user wrote it.
        line: From 1; 0 for none.
        column: From 1; 0 for none.
        level: `error`, `warning` or `notice`.
        message: One sentence.
        hint: What to do; may be empty.
        url: What it is about, when it is about no line of the file; may be empty.
    """

    file: str
    level: str
    message: str
    line: int = 0
    column: int = 0
    hint: str = ""
    url: str = ""


def remark_of_problem(problem: Problem, file: str) -> Remark:
    """Return what a problem says; one without a place of its own belongs to the file."""
    return Remark(
        file=problem.source or file, line=problem.line, column=problem.column, level="error",
        message=problem.message, hint=problem.hint,
    )  # fmt: skip


def remark_of_finding(finding: Finding, file: str) -> Remark:
    """Return what a finding says."""
    from crawler.app.safe_text import safe

    return Remark(
        file=file, level=_LEVELS[finding.level], message=safe(finding.text), hint=finding.advice,
        url=safe(finding.subject),
    )  # fmt: skip


def as_json(remarks: list[Remark]) -> str:
    """Return an array of objects, one a line."""
    lines = [json.dumps(msgspec.to_builtins(one), ensure_ascii=True) for one in remarks]
    return "[\n" + ",\n".join(lines) + "\n]\n" if lines else "[]\n"


def as_github(remarks: list[Remark]) -> str:
    """Return workflow commands, which GitHub shows beside the lines of a pull request."""
    return "".join(f"{_command(one)}\n" for one in remarks)


def _command(remark: Remark) -> str:
    places = [f"file={_escaped(remark.file, ':,')}"]
    if remark.line:
        places.append(f"line={remark.line},col={remark.column}")
    about = f"{remark.url}: " if remark.url else ""
    hint = f" ({remark.hint})" if remark.hint else ""
    text = _escaped(f"{about}{remark.message}{hint}", "")
    return f"::{remark.level} {','.join(places)}::{text}"


def _escaped(text: str, more: str) -> str:
    """Escape as GitHub's own toolkit does: `%`, line breaks, and in properties `:` and `,`."""
    return "".join(f"%{ord(c):02X}" if c in f"%\r\n{more}" else c for c in text)
