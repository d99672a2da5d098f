"""`python -m crawler`."""

from __future__ import annotations

import os
import sys


def leave_current_directory() -> None:
    """Take the current directory, which `python -m` puts first, out of the path of imports.

    A `json.py` that lies beside a config must not stand in for the one of the standard library.
    Where the program itself is run from its sources, its processes need them: then it comes last.
    """
    here = os.getcwd()  # noqa: PTH109 - nothing may be imported yet that is not loaded anyway
    if sys.flags.safe_path or sys.path[:1] != [here]:
        return
    del sys.path[0]
    if __file__ == os.path.join(here, "crawler", "__main__.py"):  # noqa: PTH118
        sys.path.append(here)


if __name__ == "__main__":
    leave_current_directory()

    from crawler.cli.main import main

    sys.exit(main())
