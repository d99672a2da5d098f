"""Draws docs/progress.svg: the screen of a real crawl of the practice site, seen in tmux.

Run: .venv/bin/python -m scripts.progress_picture
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "progress.svg"
SESSION = "crawler-picture"
COLUMNS, ROWS = 100, 8
#: Seconds into the crawl at which it is looked at.
WHEN = 25.0
_LINE, _CHAR, _EDGE = 20, 8.43, 16

_STYLE = """
    rect { fill: #f6f8fa; stroke: #d0d7de; }
    text { fill: #1f2328; font: 14px ui-monospace, Menlo, Consolas, monospace; white-space: pre; }
    @media (prefers-color-scheme: dark) {
      rect { fill: #0d1117; stroke: #30363d; }
      text { fill: #e6edf3; }
    }
"""


def main() -> int:
    """Crawl slowly, look once, draw."""
    with tempfile.TemporaryDirectory() as folder:
        command = (
            f"{sys.executable} -m crawler {ROOT}/configs/site.yaml --dir {folder}"
            " --set fetch.per_host.delay=100ms"
        )
        tmux("new-session", "-d", "-s", SESSION, "-x", str(COLUMNS), "-y", str(ROWS), command)
        try:
            time.sleep(WHEN)  # a picture of a moment
            screen = tmux("capture-pane", "-p", "-t", SESSION)
        finally:
            tmux("kill-session", "-t", SESSION)
    lines = ["$ crawler configs/site.yaml", *screen.rstrip().splitlines()]
    PICTURE.write_text(drawn(lines), encoding="utf-8")
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def tmux(*words: str) -> str:
    """Run a tmux command; return what it prints."""
    done = subprocess.run(
        ["tmux", *words], check=True, capture_output=True, text=True, cwd=ROOT, timeout=30
    )
    return done.stdout


def drawn(lines: list[str]) -> str:
    """Return lines of a terminal as an SVG picture, for light and for dark pages."""
    width = round(COLUMNS * _CHAR) + 2 * _EDGE
    height = len(lines) * _LINE + 2 * _EDGE
    texts = "\n".join(
        f'  <text x="{_EDGE}" y="{_EDGE + 14 + number * _LINE}" xml:space="preserve">'
        f"{escape(line)}</text>"
        for number, line in enumerate(lines)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
        f' width="{width}" height="{height}" role="img">\n'
        f"  <title>A crawl in progress</title>\n  <style>{_STYLE}  </style>\n"
        f'  <rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8"/>\n'
        f"{texts}\n</svg>\n"
    )


if __name__ == "__main__":
    sys.exit(main())
