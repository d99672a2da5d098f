"""What decoding raises at bytes that are not what was written: all of it, in one place."""

from __future__ import annotations

import msgspec

#: Exceptions of msgspec's decoders. The last two are not msgspec's own: bytes that are no UTF-8
#: within a text, and values nested a hundred thousand deep.
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
