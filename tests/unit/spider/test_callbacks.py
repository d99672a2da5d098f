from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest

from crawler.errors import CallbackError
from crawler.spider.callbacks import CallbackRef, reference, resolve
from crawler.spider.spider import Spider


def foreign(response: object) -> None:
    """Belong to no spider."""


class Shop(Spider):
    name = "shop"

    def parse_book(self, response: object, *args: object, **kwargs: object) -> Any:
        return args, kwargs

    @staticmethod
    def parse_static(response: object) -> None:
        """Be found by name as well."""

    @classmethod
    def parse_class(cls, response: object) -> None:
        """Be found by name as well."""


def test_methods_become_their_names() -> None:
    shop = Shop()

    for method in (shop.parse, shop.parse_book, shop.parse_static, shop.parse_class):
        assert reference(shop, method) == CallbackRef(method.__name__)


def test_a_name_stays_a_name() -> None:
    assert reference(Shop(), "parse_book") == CallbackRef("parse_book")


def test_nested_partials_become_name_and_arguments() -> None:
    shop = Shop()
    inner = functools.partial(shop.parse_book, 1, a=1, b=1)

    ref = reference(shop, functools.partial(inner, 2, b=2))

    assert ref == CallbackRef("parse_book", (1, 2), {"a": 1, "b": 2})


def test_a_reference_is_found_on_another_instance() -> None:
    shop, later = Shop(), Shop()
    ref = reference(shop, shop.parse_book)

    assert resolve(later, ref) == later.parse_book


def closure() -> Callable[[object], None]:
    def inner(response: object) -> None:
        """Have no name that a later process could find."""

    return inner


@pytest.mark.parametrize(
    ("callback", "message"),
    [
        pytest.param(
            lambda response: None, r"<lambda> is a lambda or a local function", id="lambda"
        ),
        pytest.param(closure(), r"closure\.<locals>\.inner is a lambda or a local", id="closure"),
        pytest.param(foreign, "foreign is no method of Shop", id="function"),
        pytest.param(Shop().parse_book, "parse_book belongs to <Shop 'shop'>", id="other-spider"),
        pytest.param("nope", "Shop has no method 'nope'", id="unknown-name"),
        pytest.param("name", "has no method 'name'", id="name-of-no-method"),
        pytest.param(5, "callback 5 cannot be called", id="number"),
        pytest.param(print, "print", id="builtin"),
    ],
)
def test_what_cannot_be_found_again_is_refused_by_name(callback: Any, message: str) -> None:
    with pytest.raises(CallbackError, match=message):
        reference(Shop(), callback)


def test_a_method_that_is_gone_is_named() -> None:
    with pytest.raises(CallbackError, match="Shop has no method 'parse_old'"):
        resolve(Shop(), CallbackRef("parse_old"))
