"""`crawler bench` crawls a small web with both programs and says what each cost."""

from __future__ import annotations

import pytest

from crawler.app.bench.bench import BenchError, Wanted, bench
from crawler.cli.bench import lines
from crawler.cli.main import main

pytestmark = pytest.mark.slow


def test_both_programs_find_all_there_is_and_their_cost_is_told() -> None:
    told: list[str] = []

    result = bench(Wanted(rounds=1, sites=20), told.append)
    text = "\n".join(lines(result))

    assert told == ["turn 1 of 1"]
    assert result.cpu_ratio() > 0
    assert f"{result.web.pages} pages" in text
    assert "bare loop" in text
    assert "its state and its items had" in text


def test_a_run_that_fails_is_an_error_in_words() -> None:
    with pytest.raises(BenchError, match=r"(?s)exit code 2.*backend"):
        bench(Wanted(rounds=1, sites=1, backend="coroutines"), str)


@pytest.mark.parametrize("rounds", ["0", "-1", "x", "101"])
def test_a_number_of_rounds_that_makes_no_sense_is_a_usage_error(
    rounds: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "--rounds", rounds]) == 2
    assert "from 1 to 100" in capsys.readouterr().err
