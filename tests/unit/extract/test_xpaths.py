from __future__ import annotations

import pytest
from parsel import Selector

from crawler.errors import CallbackError, ConfigError
from crawler.extract.html_tree import html_tree
from crawler.extract.xpaths import compile_css, compile_xpath, relative

PAGE = """
<ul class="a b"><li id=x>one <b>two</b> three<li data-n=2 title=t><a href=/p?q=1>four</a></ul>
<table><tr><th>UPC</th><td> u <i>v</i></td></tr></table>
"""


@pytest.mark.parametrize(
    "css",
    [
        "li::text", "li ::text", "::text", "*::text", "b::text, a::text", "ul > li::attr(id)",
        "li ::attr(href)", "::attr(title)", "a::attr('href')", "li:nth-child(2)::attr(data-n)",
        "ul.a.b li:not(#x) a::text", "th:contains('UPC') + td::text", "#none::text",
    ],
)  # fmt: skip
def test_css_selects_what_parsel_selects(css: str) -> None:
    assert (
        compile_css(css)(html_tree(PAGE.encode())) == Selector(PAGE, type="html").css(css).getall()
    )


def test_xpath_selects_elements_texts_and_results_of_functions() -> None:
    root = html_tree(PAGE.encode())

    assert compile_xpath("//th[.='UPC']/following-sibling::td/text()")(root) == [" u "]
    assert compile_xpath("count(//li)")(root) == ["2.0"]
    assert compile_xpath("//a[re:test(@href, 'q=\\d')]/@href")(root) == ["/p?q=1"]


@pytest.mark.parametrize("css", ["a[", "a::foo", "a::attr()", "a::text(x)", "", "a:nope"])
def test_a_bad_css_selector_is_refused_at_once(css: str) -> None:
    with pytest.raises(ConfigError):
        compile_css(css)


@pytest.mark.parametrize("xpath", ["//a[", "nope(//a)", "//x:y", "$v", ""])
def test_a_bad_xpath_is_refused_at_once(xpath: str) -> None:
    with pytest.raises(ConfigError, match="is not valid"):
        compile_xpath(xpath)


@pytest.mark.parametrize(
    ("xpath", "expected"),
    [
        ("//a", ".//a"),
        ("//a | //b", ".//a | .//b"),
        ("(//a)[1]", "(.//a)[1]"),
        ("string( //h1 )", "string( .//h1 )"),
        ("concat(//a, //b)", "concat(.//a, .//b)"),
        ("//a and //b or not(//c)", ".//a and .//b or not(.//c)"),
        ("//a[1] = //b", ".//a[1] = .//b"),
        ("//a > //b", ".//a > .//b"),
        ("//a - //b div //c", ".//a - .//b div .//c"),
        ("//*//a | ..//b | x/or//d", ".//*//a | ..//b | x/or//d"),
        (".//a", ".//a"),
        ("a//b", "a//b"),
        ("/html//title", "/html//title"),
        ("//td[//th]", ".//td[//th]"),
        ("//td[. = '//x']//b", ".//td[. = '//x']//b"),
        ("'//x", "'//x"),
        ("", ""),
    ],
)
def test_within_an_element_a_path_from_anywhere_begins_at_the_element(
    xpath: str, expected: str
) -> None:
    assert relative(xpath) == expected


def test_set_functions_are_known_as_in_parsel() -> None:
    tree = html_tree(b"<i>1</i><i>2</i>")

    assert compile_xpath("set:difference(//i, //i[1])/text()")(tree) == ["2"]


@pytest.mark.parametrize(
    ("xpath", "why"),
    [
        ("//a[ends-with(@href, 'x')]", "no function ends-with() in XPath 1.0; use re:test()"),
        ("//a[nope (.)]", "no function nope() in XPath 1.0"),
        ("//a[re:nope(.)]", "no function re:nope()"),
        ("//a[svg:path]", "no prefix svg:"),
        ("//a[@n = $v]", "no variable $v"),
        ("re:test('a', '(')", "missing ), unterminated subpattern"),
    ],
)
def test_a_name_that_is_not_known_is_found_before_any_page(xpath: str, why: str) -> None:
    with pytest.raises(ConfigError) as caught:
        compile_xpath(xpath)

    assert why in caught.value.problems[0].message


@pytest.mark.parametrize(
    "xpath",
    [
        "//li[not(a) and (b or (@id))]/following-sibling::li[position() = last()]",
        "//*[local-name() = 'svg:path(' or @data-n]/descendant::text()",
        "set:distinct(//a)/ancestor-or-self::node()[self::li]",
        "//processing-instruction('x') | //comment() | //li[2 div (1) > 3 mod (2)]",
        '//a[re:test(@href, "lower-case($x)")]',
    ],
)
def test_what_libxml2_knows_is_let_through(xpath: str) -> None:
    assert isinstance(compile_xpath(xpath)(html_tree(PAGE.encode())), list)


def test_an_expression_of_a_page_that_cannot_be_compiled_fails_that_page_alone() -> None:
    find = compile_xpath("//a[re:test('x', @href)]")

    with pytest.raises(CallbackError, match="failed on this page"):
        find(html_tree(b"<a href='('>x</a>"))


def test_the_scope_of_a_selector_is_the_element_it_is_asked_about() -> None:
    row = html_tree(b"<div><p>a</p><ul><li><p>b</p></ul></div>").find(".//div")

    assert row is not None
    assert compile_css(":scope > p::text")(row) == ["a"]


def test_nothing_is_within_a_text() -> None:
    assert compile_css("b")("one") == []
