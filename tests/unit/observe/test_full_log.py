from __future__ import annotations

from pathlib import Path

import pytest

from crawler.observe.run_log import RunLog

FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full on this system")
def test_a_log_without_room_counts_what_is_lost_and_says_nothing(
    capfd: pytest.CaptureFixture[str],
) -> None:
    log = RunLog(FULL, "full")

    log.note("one")
    log.traceback(ValueError("two"))
    log.close()

    assert log.lost == 2
    assert capfd.readouterr().err == ""
