"""What must fit together in `notify`: conditions, and the kinds of items that there are."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.config.condition import ConditionError, names_in, parse_condition
from crawler.config.nodes import ListNode, MapNode, Node, ScalarNode
from crawler.config.suggest import did_you_mean
from crawler.errors import Problem

_FAMILY = "items."


def check_notify(root: MapNode) -> Iterator[Problem]:
    """Yield what is wrong with the conditions of `notify`, shapes aside.

    A kind of item that no rule gives would be counted as 0 for ever; a spider may give any.
    """
    if root.get("spider") is not None:
        return
    kinds = list(_kinds(root.get("extract"))) or ["Page"]
    for where, node in _conditions(root.get("notify")):
        for kind in _asked_for(node):
            if kind not in kinds:
                hint = did_you_mean(kind, kinds) or f"there are {', '.join(kinds)}"
                message = f"{where}: no rule gives items of the kind '{kind}'"
                yield node.place.problem(message, hint)


def _kinds(rules: Node | None) -> Iterator[str]:
    for rule in rules.items if isinstance(rules, ListNode) else ():
        item = rule.get("item") if isinstance(rule, MapNode) else None
        if isinstance(item, ScalarNode):
            yield str(item.value)


def _conditions(notify: Node | None) -> Iterator[tuple[str, ScalarNode]]:
    if not isinstance(notify, MapNode):
        return
    hooks = notify.get("webhook")
    places = [("notify.mail", notify.get("mail"))]
    if isinstance(hooks, ListNode):
        places += [(f"notify.webhook.{number}", one) for number, one in enumerate(hooks.items)]
    for where, section in places:
        condition = section.get("when") if isinstance(section, MapNode) else None
        if isinstance(condition, ScalarNode) and isinstance(condition.value, str):
            yield f"{where}.when", condition


def _asked_for(node: ScalarNode) -> list[str]:
    try:
        names = names_in(parse_condition(str(node.value)))
    except ConditionError:  # said elsewhere
        return []
    return sorted(name.removeprefix(_FAMILY) for name in names if name.startswith(_FAMILY))
