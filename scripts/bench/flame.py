"""Where the CPU time of a crawl goes: a flame graph of its event loop, and a table of its parts.

    python -m scripts.bench.flame [--on SET] [--out FOLDER]

Needs py-spy, which is no dependency: `pip install py-spy`. It looks at the running crawl four
hundred times a second and slows it down a little; shares are what counts. Only the thread of the
event loop is drawn, on which all that matters runs: SQLite's writer has its own, and is in the
figures of `scripts.bench`.
"""

from __future__ import annotations

import argparse
import html
import importlib.util
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scripts.bench.programs import PROGRAMS
from scripts.bench.worksets import OFFERS

ROOT = Path(__file__).parents[2]
_RATE = 400
#: A frame that has less than this share is not drawn.
_LEAST = 0.004
_WIDTH, _ROW, _LETTER = 1200, 17, 6.4
#: The innermost frame of ours decides; the first part that it begins with.
PARTS = {
    "parse: turbohtml, links, title": ("crawler/extract/html_page", "crawler/extract/document"),
    "links: resolve, scope": (
        "crawler/extract/", "crawler/urls", "crawler/policy/scope", "crawler/spider/following",
    ),
    "callbacks and items": ("crawler/spider/", "crawler/workers/", "crawler/items"),
    "fetch: aiohttp's connections": ("crawler/fetch/", "crawler/inner_retry", "crawler/messages"),
    "frontier, politeness, commits": ("crawler/",),
    "event loop, system calls": ("",),
}  # fmt: skip


@dataclass(slots=True)
class Frame:
    """A function on the stack, under those that called it.

    Attributes:
        name: Its own, and its file's.
        samples: How often it was on the stack.
        inner: What it called.
    """

    name: str
    samples: int = 0
    inner: dict[str, Frame] = field(default_factory=dict)

    def add(self, stack: list[str], samples: int) -> None:
        """Count a stack that has this frame at its root."""
        frame = self
        frame.samples += samples
        for name in stack:
            frame = frame.inner.setdefault(name, Frame(name))
            frame.samples += samples


def main() -> int:
    """Look at a crawl; 1 if it cannot be done."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.bench.flame", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--on", choices=OFFERS, default="javadoc", metavar="SET")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="write flame.svg there")
    args = parser.parse_args()
    spy = shutil.which("py-spy") or shutil.which("py-spy", path=str(Path(sys.executable).parent))
    if spy is None or importlib.util.find_spec("crawler") is None:
        sys.stderr.write("error: py-spy is not installed: pip install py-spy\n")
        return 1
    stacks = list(_stacks(_look(spy, args.on)))
    root = Frame("event loop")
    for stack, samples in stacks:
        root.add(stack, samples)
    print(table(shares(stacks)))
    if args.out is not None:
        args.out.mkdir(parents=True, exist_ok=True)
        path = args.out / "flame.svg"
        path.write_text(draw(root), encoding="utf-8")
        print(f"\nwritten: {path}")
    return 0


def _look(spy: str, name: str) -> str:
    """Crawl a set under py-spy; return its stacks, a line each."""
    offer = OFFERS[name]
    with (
        offer.serve(offer.size) as work,
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
    ):
        raw = Path(folder) / "stacks.txt"
        words = [spy, "record", "-r", str(_RATE), "-f", "raw", "-o", str(raw), "--"]
        words += PROGRAMS["crawler"].command(work, Path(folder)).words
        subprocess.run(words, cwd=folder, check=True, capture_output=True)
        return raw.read_text(encoding="utf-8")


def _stacks(raw: str) -> Iterator[tuple[list[str], int]]:
    """Yield the stacks of the event loop, outermost frame first, from the loop's own on."""
    for line in raw.splitlines():
        text, _, count = line.rpartition(" ")
        frames = [_without_line(frame) for frame in text.split(";")]
        starts = [at for at, frame in enumerate(frames) if frame.startswith("Runner.run ")]
        if starts:
            yield frames[starts[0] + 1 :], int(count)


def _without_line(frame: str) -> str:
    head, mark, _ = frame.rpartition(":")
    name = f"{head})" if mark else frame
    # Only what is below a folder on the search path says where a file is, wherever that is.
    return name.replace(f"{ROOT}/", "")


def shares(stacks: list[tuple[list[str], int]]) -> Mapping[str, float]:
    """Return the share of each part of the crawl, by the innermost frame that is ours."""
    total = sum(samples for _, samples in stacks)
    found = dict.fromkeys(PARTS, 0.0)
    for stack, samples in stacks:
        ours = [frame for frame in stack if "(crawler/" in frame]
        place = ours[-1].rpartition("(")[2] if ours and ours[-1] in stack[-6:] else ""
        part = next(name for name, files in PARTS.items() if place.startswith(files))
        found[part] += samples / total
    return found


def table(found: Mapping[str, float]) -> str:
    """Return the shares in Markdown, the largest first."""
    rows = sorted(found.items(), key=lambda row: -row[1])
    return "\n".join(
        ["| part | share |", "| --- | ---: |", *(f"| {name} | {part:.0%} |" for name, part in rows)]
    )


def draw(root: Frame) -> str:
    """Return a flame graph as SVG; the width of a frame is its share of the time."""
    boxes = list(_boxes(root, 0.0, 0, root.samples))
    height = (max(depth for _, _, depth, _ in boxes) + 1) * _ROW
    drawn = "".join(
        f'<g><title>{html.escape(name)}: {share:.1%}</title><rect x="{x:.1f}" y="{depth * _ROW}"'
        f' width="{share * _WIDTH:.1f}" height="{_ROW - 1}" fill="{_colour(name)}"/>'
        f'<text x="{x + 3:.1f}" y="{depth * _ROW + 12}">'
        f"{html.escape(_fitting(name, share * _WIDTH))}</text></g>\n"
        for name, x, depth, share in boxes
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}"'
        f' font-family="monospace" font-size="11">\n{drawn}</svg>\n'
    )


def _boxes(
    frame: Frame, x: float, depth: int, total: int
) -> Iterator[tuple[str, float, int, float]]:
    share = frame.samples / total
    if share < _LEAST:
        return
    yield frame.name, x, depth, share
    for inner in sorted(frame.inner.values(), key=lambda one: one.name):
        yield from _boxes(inner, x, depth + 1, total)
        x += inner.samples / total * _WIDTH


def _colour(name: str) -> str:
    place = name.rpartition("(")[2]
    for files, colour in (
        ("crawler/extract", "#f4a261"), ("crawler/fetch", "#8ecae6"), ("crawler/engine", "#b7e4c7"),
        ("crawler/storage", "#95d5b2"), ("crawler/", "#ffe5b4"),
    ):  # fmt: skip
        if place.startswith(files):
            return colour
    return "#dddddd"


def _fitting(name: str, width: float) -> str:
    room = int((width - 6) / _LETTER)
    return name if len(name) <= room else name[: room - 1] + "…" if room > 3 else ""


if __name__ == "__main__":
    sys.exit(main())
