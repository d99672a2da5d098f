from __future__ import annotations

import pytest

from crawler.cli.own_command import CALLED, own_command


@pytest.mark.parametrize(
    ("argv0", "called", "shown"),
    [
        ("/v/bin/crawler", None, "crawler 'a b.yaml' --resume"),
        ("/x/crawler/__main__.py", None, "python -m crawler 'a b.yaml' --resume"),
        ("/x/crawler/__main__.py", "scripts/run", "scripts/run 'a b.yaml' --resume"),
    ],
)
def test_a_command_is_shown_as_it_was_typed(
    monkeypatch: pytest.MonkeyPatch, argv0: str, called: str | None, shown: str
) -> None:
    monkeypatch.delenv(CALLED, raising=False)
    monkeypatch.setattr("sys.argv", [argv0])
    if called is not None:
        monkeypatch.setenv(CALLED, called)

    assert own_command("a b.yaml", "--resume") == shown
