"""What every test stands on."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

import pytest
from hypothesis import settings

from crawler.storage.own_folder import VARIABLE

# A property that is slow on a busy machine is no wrong one. Where CI is set, Hypothesis sees to it.
if settings.get_current_profile_name() == "default":
    settings.register_profile("untimed", deadline=None)
    settings.load_profile("untimed")


@pytest.fixture(scope="session", autouse=True)
def own_runtime_folder() -> Iterator[None]:
    """Let no test meet the jobs of whoever runs it, at a port that both use."""
    with (
        tempfile.TemporaryDirectory(prefix="crawler-tests-") as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv(VARIABLE, folder)
        yield
