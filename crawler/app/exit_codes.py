"""The exit code that each error means."""

from __future__ import annotations

from crawler.app.grouped import leaves
from crawler.errors import (
    BusyError,
    ConfigError,
    OffloadError,
    OutputError,
    Signalled,
    StateError,
    WorkersError,
)

INTERNAL, USAGE, CANNOT_WRITE, SAFETY, BUSY, INTERRUPTED = 1, 2, 5, 6, 75, 130

_CODES: tuple[tuple[type[Exception], int], ...] = (
    (ConfigError, USAGE),
    (BusyError, BUSY),
    (StateError, CANNOT_WRITE),
    (OutputError, CANNOT_WRITE),
    (OffloadError, SAFETY),
    (WorkersError, SAFETY),
)


def code_of(error: BaseException) -> int | None:
    """Return the exit code of one error; None if it is a fault of ours."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), None)


def exit_code_of(error: BaseException) -> int:
    """Return the exit code of a process that ends with an error; of several the gravest counts."""
    if isinstance(error, Signalled):
        return error.exit_code
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    # Late, for a quick start: few commands end with an error.
    from crawler.policy.checks import combine

    return combine(code_of(one) or INTERNAL for one in leaves(error))
