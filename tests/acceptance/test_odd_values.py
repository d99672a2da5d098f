"""Values that no format has a form for: a mapping of their own, or quarantine; never a bad file."""

from __future__ import annotations

import csv
import gzip
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

if TYPE_CHECKING:
    from tests.acceptance.conftest import Job, Site

SPIDER = """
import datetime, decimal, math, threading, uuid
D = decimal.Decimal
deep = []
for _ in range(500):
    deep = [deep]
circle = {}
circle["me"] = circle
ODD = [
    ("nan", math.nan), ("inf", -math.inf), ("dec_nan", D("NaN")), ("dec_inf", D("-Infinity")),
    ("dec", D("1.10")), ("dec_huge", D("1E+400")), ("huge", 2**70), ("max64", 2**64 - 1),
    ("minus_zero", -0.0), ("surrogate", "a\\ud800b"), ("nul", "a\\x00b"),
    ("lines", "a\\r\\n\\u2028b"),
    ("bytes", b"\\xff\\x00"), ("uuid", uuid.UUID(int=1)), ("date", datetime.date(2026, 1, 2)),
    ("time", datetime.datetime(2038, 1, 19, 3, 14, 8, tzinfo=datetime.timezone.utc)),
    ("naive", datetime.datetime(2026, 1, 2, 3, 4, 5, 6)),
    ("delta", datetime.timedelta(days=1, seconds=2)),
    ("nested", {"a": [1, {"b": None, 3: "x"}], "t": (1, 2), "s": {2, 1}}), ("big", "x" * 5_000_000),
    ("quotes", 'a"b,c'), ("formula", "=1+1"),
    ("deep", deep), ("circle", circle), ("lock", threading.Lock()), ("digits", 10**5_000),
]
class S(Spider):
    name = "s"
    def parse(self, response):
        for name, value in ODD:
            yield {"name": name, "value": value}
        yield {"name": "keys", "\\ud800": 1, "a\\x00": 2, 5: 3, (1, 2): 4}
"""
#: As in JSON lines.
MAPPED: dict[str, Any] = {
    "nan": None, "inf": None, "dec_nan": None, "dec_inf": None, "dec": 1.10,
    "huge": str(2**70), "max64": 2**64 - 1, "minus_zero": 0.0, "surrogate": "a\ufffdb",
    "nul": "a\x00b", "lines": "a\r\n\u2028b", "bytes": "/wA=",
    "uuid": "00000000-0000-0000-0000-000000000001", "date": "2026-01-02",
    "time": "2038-01-19T03:14:08Z", "naive": "2026-01-02T03:04:05.000006", "delta": "P1DT2S",
    "nested": {"a": [1, {"b": None, "3": "x"}], "t": [1, 2], "s": [1, 2]},
    "big": "x" * 5_000_000, "quotes": 'a"b,c', "formula": "=1+1",
}  # fmt: skip
QUARANTINED = {"deep", "circle", "lock", "digits"}
ALL = MAPPED.keys() | {"dec_huge", "keys"}


def strictly(raw: bytes) -> list[dict[str, Any]]:
    """Read JSON lines as a reader does that takes no NaN, and no number that it cannot hold."""
    lines = [msgspec.json.decode(line, type=dict[str, msgspec.Raw]) for line in raw.splitlines()]
    names = [msgspec.json.decode(line["name"]) for line in lines]
    return [
        {"name": name, "value": msgspec.json.decode(line["value"])}
        for name, line in zip(names, lines, strict=True) if name in MAPPED
    ] + [{"name": name} for name in names if name not in MAPPED]  # fmt: skip


@pytest.mark.parametrize("backend", ["asyncio", "threads"])
@pytest.mark.parametrize("offload", [None, "never", "always"])
async def test_each_output_holds_what_it_can_and_what_it_cannot_is_in_quarantine(
    job: Job, site: Site, backend: str, offload: str | None
) -> None:
    site.html("/")
    (job.folder / "steps.py").write_text("def step(item):\n    return item\n")
    steps = {"steps": [{"python": "steps.py:step"}], "offload": offload, "workers": 1}
    job.spider(
        SPIDER,
        run={"backend": backend},
        transform=None if offload is None else steps,
        output=[{"path": "out.jsonl"}, {"path": "out.csv"}, {"path": "out.jsonl.gz"}],
        checks={"max_failed": "100%"},
    )

    ran = await job.run()

    plain = (job.folder / "out.jsonl").read_bytes()
    found = {one["name"]: one.get("value") for one in strictly(plain)}
    with (job.folder / "out.csv").open(newline="", encoding="utf-8") as file:
        csv.field_size_limit(10_000_000)
        rows = {row["name"]: row for row in csv.DictReader(file)}
    assert ran.code == 0, ran.err
    assert found.keys() == ALL
    assert {name: found[name] for name in MAPPED} == MAPPED
    assert sorted(gzip.decompress((job.folder / "out.jsonl.gz").read_bytes()).splitlines()) == (
        sorted(plain.splitlines())
    )
    assert rows.keys() == ALL
    assert {len(row) for row in rows.values()} == {len(rows["nan"])}
    assert [rows[name]["value"] for name in ("nan", "dec_nan", "dec", "huge", "date")] == [
        "", "", "1.10", str(2**70), "2026-01-02",
    ]  # fmt: skip
    quarantine = (job.reports[-1] / "quarantine.jsonl").read_bytes().splitlines()
    assert len(quarantine) == len(QUARANTINED)
    assert {msgspec.json.decode(line)["data"]["name"] for line in quarantine} == QUARANTINED
