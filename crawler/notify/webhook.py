"""What a webhook is sent, and how it is signed.

The header fields are those of Standard Webhooks (standardwebhooks.com), for which many languages
have a library. A receiver of its own needs six lines, see docs/notify.md.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import uuid
from typing import Any

import msgspec

#: What a secret begins with that is written in base64.
_ENCODED = "whsec_"


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """The JSON object that is sent.

    Attributes:
        event: "failure", "recovered" or "success".
        text: All of it in a line, for chats: they show the field of this name.
        run: Id of the run; None if it did not get so far.
        exit: Exit code.
        reason: How it came to its end: "finished", "max_pages", or the name of an error.
        why: What it was found wanting in, or the error; "" for nothing.
        failures: Runs in a row that failed, this one included; of one that recovered, those before.
        counts: Pages and items, see docs/notify.md.
        books: As in `summary.json`; None for a run that did not get so far.
        started: RFC 3339, UTC, as is `ended`.
        report: Folder of its report on the machine that ran it; None for none.
        when: The condition that holds; None for none.
        previous: Exit code of the last run before; None for none, or one that crashed.
    """

    event: str
    job: str
    text: str
    run: str | None
    exit: int
    reason: str
    why: str
    failures: int
    counts: dict[str, float]
    books: dict[str, Any] | None
    started: str
    ended: str
    duration_s: float
    host: str
    report: str | None
    when: str | None
    previous: int | None


def signed_fields(
    body: bytes, delivery: uuid.UUID, timestamp: int, secret: str | None
) -> dict[str, str]:
    """Return the header fields of a delivery.

    Args:
        body: As it is sent.
        delivery: The same for every try, so that a receiver knows what it has already.
        timestamp: Seconds since 1970 UTC.
        secret: What is signed with, `whsec_` and base64, or any text; None for no signature.
    """
    fields = {
        "Content-Type": "application/json",
        "Webhook-Id": f"msg_{delivery.hex}",
        "Webhook-Timestamp": str(timestamp),
    }
    if secret is not None:
        signed = f"{fields['Webhook-Id']}.{timestamp}.".encode() + body
        digest = hmac.digest(key_of(secret), signed, hashlib.sha256)
        fields["Webhook-Signature"] = f"v1,{base64.b64encode(digest).decode('ascii')}"
    return fields


def key_of(secret: str) -> bytes:
    """Return the bytes that a secret stands for."""
    if secret.startswith(_ENCODED):
        try:
            return base64.b64decode(secret.removeprefix(_ENCODED), validate=True)
        except binascii.Error:
            pass  # a text that happens to begin like one
    return secret.encode()
