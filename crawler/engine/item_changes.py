"""What the items of pages are to what is known of them: new, changed, or as they were."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from crawler.interfaces import ItemKey, ItemStore, PageItems, Remembered, SeenItem
from crawler.items import encode_fields
from crawler.outcome import ItemRecord, PageOutcome, Quarantined, Same, Standing, State
from crawler.policy.changes import ChangeRules, item_keys, item_print, key_of

#: Of pages that were read, those whose items may differ from what is known.
_TO_COMPARE = (None, Same.NEW_PAGE, Same.OTHER_RULES, Same.CHANGED)


class ItemChanges:
    """Compares what pages give with what is known; the commit writes it beside that.

    Args:
        items: What is known.
        rules: What makes an item the same.
        ordinal: Of the run.
    """

    def __init__(self, items: ItemStore, rules: ChangeRules, ordinal: int) -> None:
        self._items = items
        self._rules = rules
        self._ordinal = ordinal

    async def stamp(self, outcomes: Sequence[PageOutcome], wall: float) -> list[PageItems]:
        """Note in each item how it stands; return what the commit is to write.

        Items of pages that were not read anew, or that give what they gave, are unchanged; unless
        their page was not there in the last run, and they were told to be gone.

        Raises:
            StateError: The store cannot be read.
        """
        read: list[tuple[PageOutcome, PageItems]] = []
        back: list[tuple[PageOutcome, list[ItemKey]]] = []
        for outcome in outcomes:
            if outcome.state not in (State.DONE, State.SKIPPED) or outcome.request.id == 0:
                continue
            if outcome.state == State.DONE and outcome.same in _TO_COMPARE:
                read.append((outcome, self._page(outcome, wall)))
            else:
                _set(outcome, [Standing.UNCHANGED] * len(outcome.items))
                if outcome.items and self._was_away(outcome):
                    back.append((outcome, self._keys(outcome)))
        keys = [(item.name, item.key) for _, page in read for item in page.items]
        keys += [key for _, page_keys in back for key in page_keys]
        known = await self._items.remembered(keys) if keys else {}
        for outcome, page in read:
            _set(outcome, [_standing(item, known) for item in page.items])
        for outcome, page_keys in back:
            gone = [key in known and known[key].gone for key in page_keys]
            _set(outcome, [Standing.NEW if away else Standing.UNCHANGED for away in gone])
        return [_each_once(page) for _, page in read]

    def _was_away(self, outcome: PageOutcome) -> bool:
        """Tell whether a page that is as it was, was not there in the last run."""
        memory = outcome.request.memory
        return memory is not None and (memory.misses > 0 or memory.run < self._ordinal - 1)

    def _keys(self, outcome: PageOutcome) -> list[ItemKey]:
        keys = item_keys(outcome.items, outcome.request.url, self._rules)
        return [(item.name, key) for item, key in zip(outcome.items, keys, strict=True)]

    def _page(self, outcome: PageOutcome, wall: float) -> PageItems:
        url, rules = outcome.request.url, self._rules
        keys = item_keys(outcome.items, url, rules)
        encoded = outcome.encoded or [encode_fields(item.data) for item in outcome.items]
        broken, unclear = self._broken(outcome.quarantined)
        return PageItems(
            page=outcome.request.id, url=url, at=wall, broken=broken, unclear=unclear,
            whole=outcome.close_reason is None,
            items=[
                SeenItem(name=item.name, key=key, data=data, print=item_print(data, rules))
                for item, key, data in zip(outcome.items, keys, encoded, strict=True)
            ],
        )  # fmt: skip

    def _broken(self, items: Sequence[Quarantined]) -> tuple[list[ItemKey], frozenset[str]]:
        """Return the keys of items in quarantine, and the kinds of those that have none."""
        keys, unclear = [], set()
        for item in items:
            key = key_of(item.data, self._rules.keys.get(item.name, ()) or ("",))
            if key is None:
                unclear.add(item.name)
            else:
                keys.append((item.name, key))
        return keys, frozenset(unclear)


def _standing(item: SeenItem, known: dict[ItemKey, Remembered]) -> Standing:
    held = known.get((item.name, item.key))
    if held is None or held.print is None or held.gone:
        return Standing.NEW
    return Standing.UNCHANGED if held.print == item.print else Standing.CHANGED


def _set(outcome: PageOutcome, standings: Sequence[Standing]) -> None:
    outcome.items = [
        ItemRecord(item.name, item.data, standing)
        for item, standing in zip(outcome.items, standings, strict=True)
    ]


def _each_once(page: PageItems) -> PageItems:
    """Leave out items whose key the page gave before; they are counted where all doubles are."""
    first: dict[ItemKey, SeenItem] = {}
    keys = [(item.name, item.key) for item in page.items]
    again = [
        key
        for key, item in zip(keys, page.items, strict=True)
        if first.setdefault(key, item) is not item
    ]
    if not again:
        return page
    return msgspec.structs.replace(page, items=list(first.values()), again=again)
