from __future__ import annotations

from pathlib import Path

import pytest

from crawler.app.begin.new_job import NewJob, write_new_job
from crawler.errors import OutputError
from crawler.testing import FakeClock


def test_a_folder_that_takes_no_files_is_no_mistake_in_the_usage(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    wish = NewJob(name="books", template="site", url=None, folder=tmp_path / "file/x", full=False)

    with pytest.raises(OutputError, match=r"cannot write .*file/x: Not a directory"):
        write_new_job(wish, FakeClock(), {})
