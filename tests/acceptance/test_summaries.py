"""What is said of a run when it has ended, and what its report has."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.acceptance.conftest import Job, Site


def rule(**fields: str) -> dict[str, Any]:
    return {"item": "Book", "fields": {name: {"css": css} for name, css in fields.items()}}


def books(site: Site, count: int, *, priced: int) -> None:
    """Put a list of books there, so many of them with a price."""
    site.html("/", *(f"/b{number}" for number in range(count)))
    for number in range(count):
        price = "<p class=price>1</p>" if number < priced else ""
        site.html(f"/b{number}", body=f"<h1>Book {number}</h1>{price}")


@pytest.mark.parametrize(("priced", "code"), [(4, 0), (2, 3)])
async def test_a_field_with_more_gaps_than_allowed_fails_the_run(
    job: Job, site: Site, priced: int, code: int
) -> None:
    books(site, 4, priced=priced)
    job.write(
        extract=[rule(title="h1::text", price="p.price::text")],
        checks={"min_fill": {"price": "99%"}},
    )

    ran = await job.run()

    said = "price is filled in 50.0% of items, less than checks.min_fill.price: 99.0%"
    assert ran.code == code
    assert (said in ran.err) == (code == 3)
    assert (said in job.summary()["checks"]) == (code == 3)


async def test_a_redesign_names_the_rule_that_fails_and_the_command_to_look_at_it(
    job: Job, site: Site
) -> None:
    books(site, 4, priced=4)
    job.write(extract=[rule(title="h1::text", price="p.price::text")])
    assert (await job.run()).code == 0
    for number in range(4):
        site.html(f"/b{number}", body=f"<h1>Book {number}</h1><p class=cost>1</p>")

    ran = await job.run()

    assert (
        'extract.0.fields.price: css "p.price::text" matched 0 of 5 pages. Last run it matched 80%.'
        f" Try: python -m crawler try job.yaml {site.url('/')}"
    ) in ran.err
    assert "price 0% (last run 100%)   ← look here" in ran.err
    assert "matched 0 of 5 pages" in (job.reports[-1] / "report.html").read_text()


async def test_a_good_run_is_compared_with_the_good_ones_before(job: Job, site: Site) -> None:
    site.tree(3)
    job.write()
    first = await job.run()
    job.write(checks={"min_items": 999})
    bad = await job.run()
    job.write()

    again = await job.run()

    assert "Compared" not in first.err
    assert bad.code == 3
    assert "Compared with the last run: items as before" in again.err


async def test_entries_that_nothing_can_be_fetched_for_are_logged_and_counted(
    job: Job, site: Site
) -> None:
    site.html("/")
    (job.folder / "urls.csv").write_text(f"url\n{site.url()}\nnonsense\n\n")
    host = site.url("").removeprefix("http://")
    job.write(start={"from_file": "urls.csv", "url_column": "url"}, scope={"hosts": [host]})

    ran = await job.run()

    assert ran.code == 0
    assert "1 entry that nothing can be fetched for: urls.csv:3" in ran.err
    assert job.summary()["bad_starts"] == 1
    assert "left out: urls.csv:3" in job.log()


async def test_the_report_is_there_however_the_run_ends(job: Job, site: Site) -> None:
    site.tree(3)
    held = site.hold("/leaf1")
    job.write()
    running = await job.start()
    await held.asked.wait()
    running.send(signal.SIGTERM)
    await running.said("stopping")
    held.answer.set()

    ran = await running.end()

    page = (job.reports[0] / "report.html").read_text()
    assert ran.code == 143
    assert "INTERRUPTED (exit 143)" in page
    assert "Compared" not in ran.err
    assert page.endswith("</html>\n")


async def test_what_a_site_says_is_text_in_the_report(job: Job, site: Site) -> None:
    site.html("/", "/<script>alert(1)</script>")
    job.spider(
        "class S(Spider):\n"
        "    name = 's'\n"
        "    def parse(self, response):\n"
        "        yield {'<b>x</b>': None}\n"
        "        raise ValueError('<script>alert(2)</script>')\n"
    )

    await job.run()

    page = (job.reports[0] / "report.html").read_text()
    assert "<script" not in page
    assert "&lt;script&gt;alert(2)&lt;/script&gt;" in page
