"""The one error that a group of them stands for."""

from __future__ import annotations


def sole_error(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the error that is alone in a group, at any depth; the group itself if it is not."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error
