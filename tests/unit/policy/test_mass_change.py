from __future__ import annotations

from typing import Any

from crawler.policy.mass_change import ChangeCounter, bare

Fields = dict[str, Any]


def add(counter: ChangeCounter, key: str, old: Fields, new: Fields, kind: str = "Book") -> None:
    was = {name: value for name, value in old.items() if new.get(name) != value}
    now = {name: value for name, value in new.items() if old.get(name) != value}
    bares = (bare(old, ("upc",), "u"), bare(new, ("upc",), "u"))
    counter.add(kind, key, was, now, bares)


def test_changes_up_to_the_share_are_the_sites_own() -> None:
    counter = ChangeCounter(0.5)
    for n in range(50):
        add(counter, f"{n}", {"price": n}, {"price": n + 1})

    mass = counter.judge(100)

    assert (mass.changed, mass.drift, mass.alike) == (50, [], 0)


def test_so_few_changes_are_never_a_redesign() -> None:
    counter = ChangeCounter(0.5)
    for n in range(19):
        add(counter, f"{n}", {"price": n}, {"price": None})

    assert not counter.judge(19).drift


def test_a_redesign_names_the_field_and_leaves_the_others_alone() -> None:
    counter = ChangeCounter(0.5)
    for n in range(60):
        title = "b" if n < 5 else "a"
        add(counter, f"k{n}", {"title": "a", "price": n}, {"title": title, "price": f"{n} EUR"})

    mass = counter.judge(100)

    assert [(one.field, one.items) for one in mass.drift] == [("Book.price", 60)]
    assert mass.drift[0].examples[0] == 'k0: 0 → "0 EUR"'
    assert len(mass.drift[0].examples) == 3
    assert mass.drifted("Book") == {"price"}
    assert mass.drifted("Note") == frozenset()
    assert "Book.price changed in 60 items" in mass.drift[0].told()


def test_fields_of_different_kinds_are_different_fields() -> None:
    counter = ChangeCounter(0.5)
    for n in range(40):
        add(counter, f"k{n}", {"title": n}, {"title": -n - 1})
    for n in range(30):
        add(counter, f"n{n}", {"title": n, "t": n}, {"title": n, "t": -n - 1}, "Note")

    assert {one.field for one in counter.judge(80).drift} == {"Book.title", "Note.t"}


def test_items_that_all_became_one_and_the_same_are_an_error_page() -> None:
    counter = ChangeCounter(0.5)
    for n in range(60):
        old = {"upc": f"{n}", "title": f"t{n}", "url": "u"}
        add(counter, f"{n}", old, {"upc": f"{n}", "title": "Sorry", "url": "u"})

    mass = counter.judge(100)

    assert (mass.alike, mass.drift) == (60, [])


def test_items_that_were_alike_before_may_stay_so() -> None:
    counter = ChangeCounter(0.5)
    for n in range(60):
        add(counter, f"{n}", {"upc": f"{n}", "sale": False}, {"upc": f"{n}", "sale": True})

    mass = counter.judge(100)

    assert (mass.alike, [one.field for one in mass.drift]) == (0, ["Book.sale"])


def test_long_values_are_cut_in_the_examples() -> None:
    counter = ChangeCounter(0.0)
    for n in range(20):
        add(counter, f"{n}", {"text": f"{n}" * 500}, {"text": "y" * 500 + f"{n}"})

    assert all(len(text) < 150 for text in counter.judge(20).drift[0].examples)
