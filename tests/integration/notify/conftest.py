from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from crawler.testing.authority import CertificateAuthority


@pytest.fixture
def authority(tmp_path: Path) -> CertificateAuthority:
    return CertificateAuthority(tmp_path / "authority")


@pytest.fixture
def trust(authority: CertificateAuthority) -> Callable[[str], ssl.SSLContext]:
    """Trust the authority of the test beside the system's."""
    context = ssl.create_default_context()
    context.load_verify_locations(authority.root)
    return lambda _: context
