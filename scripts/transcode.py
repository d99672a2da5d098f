#!/usr/bin/env python3
"""Videos of one codec and size, on all cores, by ffmpeg.

    .venv/bin/python scripts/transcode.py in/*.mp4 -o out/ --codec h264 --height 480

The parent is one asyncio loop. It hands each video to a process slot (an executor of one process),
where ffmpeg runs as a child; the slot writes ffmpeg's own report to a small file, from which the
parent tells how far all of them are. Killed at any moment, the same command goes on.

The pieces, all in the package: `media.inputs` finds the files, `app.batch.transcode_plan` leaves
out what is done, `offload.slots` has the processes, `media.transcode_file` is what runs in them,
`app.batch.transcode_batch` ties them together. `crawler transcode` is the same program.
"""

from __future__ import annotations

import argparse
import shlex
import sys

from crawler.app.exit_codes import exit_code_of
from crawler.cli import transcode
from crawler.cli.arguments import UsageError
from crawler.errors import CrawlerError


def main() -> int:
    """Read the command line, make the videos, return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    transcode.add_arguments(parser)
    options = parser.parse_args()
    words = [word for word in sys.argv[1:] if word != "--fresh"]
    again = shlex.join([sys.executable, sys.argv[0], *words])
    try:
        return transcode.run(options, again)
    except UsageError as error:
        parser.error(str(error))
    except CrawlerError as error:
        print(error if str(error).startswith("error: ") else f"error: {error}", file=sys.stderr)
        return exit_code_of(error)


if __name__ == "__main__":
    # Guarded: the processes of the slots import this file by another name.
    raise SystemExit(main())
