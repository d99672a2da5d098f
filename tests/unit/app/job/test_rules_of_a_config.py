"""From the settings of a config to the rules that pages are read with."""

from __future__ import annotations

import contextlib
import datetime
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.app.job.spider_source import rules_of, schemas_of
from crawler.app.job.step_functions import load_function
from crawler.config.load import LoadedJob, load_job
from crawler.errors import ConfigError
from crawler.outcome import ItemRecord, Quarantined

HEAD = "name: x\nstart: [https://a.example/]\n"
RULE = """\
extract:
  - item: A
    fields:
      b:
        css: c
        then:
          - {python: "NAME"}
"""
STEP = "extract.0.fields.b.then.0.python"

Load = Callable[[str], LoadedJob]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path / "library")

    def load_text(text: str) -> LoadedJob:
        (tmp_path / "job.yaml").write_text(HEAD + text)
        return load_job(Path("job.yaml"), environ={})

    return load_text


def test_a_job_without_rules_has_no_rules(load: Load) -> None:
    assert rules_of(load("")) is None


def test_a_function_of_a_file_beside_the_config_is_imported_once(
    load: Load, tmp_path: Path
) -> None:
    (tmp_path / "steps.py").write_text(
        "from dataclasses import dataclass\n\n@dataclass\nclass Tidy:\n    x: int = 1\n\n"
        "def up(value):\n    return value.upper()\n"
    )
    loaded = load(RULE.replace("NAME", "steps.py:up"))

    function = load_function(loaded, STEP, "steps.py:up")

    assert function("a") == "A"
    assert load_function(loaded, STEP, "steps.py:up") is function
    assert rules_of(loaded) is not None


def test_a_method_of_a_module_in_the_current_directory_is_found(load: Load, tmp_path: Path) -> None:
    (tmp_path / "own_steps_of_test.py").write_text(
        "class Text:\n    @staticmethod\n    def up(value):\n        return value.upper()\n"
    )
    name = "own_steps_of_test:Text.up"

    assert load_function(load(RULE.replace("NAME", name)), STEP, name)("a") == "A"


@pytest.mark.parametrize(
    ("name", "why", "hint"),
    [
        ("nowhere_at_all.steps:f", "there is no module nowhere_at_all", "install it"),
        ("json.nothing:f", "there is no module json.nothing", "install it"),
        ("json:lods", "json has no function lods", "did you mean 'loads'?"),
        ("json:decoder.Nothing", "json has no function decoder.Nothing", ""),
        ("json:__version__", "__version__ of json is no function", ""),
        ("good.py:nope", "good.py has no function nope", ""),
        ("good.py:n", "n of good.py is no function", ""),
        ("good.py:slow", "slow of good.py is async", "a plain function"),
        ("good.py:two", "two of good.py cannot be called with one value: missing", "of one value"),
        ("torn.py:f", "torn.py: SyntaxError: '(' was never closed (", ""),
        ("angry.py:f", "angry.py: ValueError: no mood (", ""),
        ("leaves.py:f", "leaves.py: SystemExit: 3", ""),
        ("lacks.py:f", "lacks.py: ModuleNotFoundError: No module named 'nowhere_at_all'", ""),
        ("lacking:f", "lacking: ModuleNotFoundError: No module named 'nowhere_at_all'", ""),
    ],
)
def test_a_function_that_cannot_be_had_is_named_with_its_place(
    load: Load, tmp_path: Path, name: str, why: str, hint: str
) -> None:
    good = "f = len\nn = 3\n\nasync def slow(v): ...\n\ndef two(a, b): ...\n"
    (tmp_path / "good.py").write_text(good)
    (tmp_path / "torn.py").write_text("x = 1\ny = (\n")
    (tmp_path / "angry.py").write_text("raise ValueError('no mood')\n")
    (tmp_path / "leaves.py").write_text("raise SystemExit(3)\n")
    (tmp_path / "lacks.py").write_text("import nowhere_at_all\n")
    (tmp_path / "library").mkdir()
    (tmp_path / "library/lacking.py").write_text("import nowhere_at_all\n")

    with pytest.raises(ConfigError) as caught:
        rules_of(load(RULE.replace("NAME", name)))

    (problem,) = caught.value.problems
    assert (problem.source, problem.line) == ("job.yaml", 9)
    assert problem.message.startswith(f"{STEP}: ")
    assert why in problem.message
    assert hint in problem.hint


def test_a_file_that_failed_is_not_taken_for_imported(load: Load, tmp_path: Path) -> None:
    file = tmp_path / "steps.py"
    loaded_text = RULE.replace("NAME", "steps.py:f")
    file.write_text("raise ValueError\n")
    with pytest.raises(ConfigError):
        rules_of(load(loaded_text))

    file.write_text("def f(value):\n    return value\n\n\n# longer than before\n")

    assert rules_of(load(loaded_text)) is not None


def test_items_are_checked_as_the_schemas_of_the_config_say(load: Load) -> None:
    job = load(
        """\
schemas:
  A:
    name: {type: str, key: true}
    price: {type: decimal, ge: 0, le: 99.5}
    day: {type: date, default: 2026-11-22}
    tags: {type: "list[str]", default: []}
    state: {type: str, one_of: [new, used], default: new}
    seller: {type: B, optional: true}
  B: {site: url}
"""
    ).job

    good = schemas_of(job).check(
        ItemRecord("A", {"name": "x", "price": "3.50", "seller": {"site": "https://b.example/"}})
    )
    bad = schemas_of(job).check(ItemRecord("A", {"name": "x", "price": 100, "state": "old"}))

    assert isinstance(good, ItemRecord)
    assert good.data == {
        "name": "x",
        "price": Decimal("3.50"),
        "day": datetime.date(2026, 11, 22),
        "tags": [],
        "state": "new",
        "seller": {"site": "https://b.example/"},
    }
    assert isinstance(bad, Quarantined)
    assert {problem.field for problem in bad.problems} == {"price", "state"}


STEPS = st.sampled_from(
    ["text", "number", "datetime", "split", "join", "first", "count", {"regex": "a(b)"},
     {"map": {"a": 1}}, {"replace": ["a", "b"]}, {"default": 0}, {"datetime": "%d"}]
)  # fmt: skip
SOURCES = st.sampled_from(
    [{}, {"css": "p"}, {"xpath": "//p"}, {"jmes": "a[].b"}, {"value": "{url}"}]
)


def fields(below: st.SearchStrategy[object]) -> st.SearchStrategy[dict[str, dict[str, object]]]:
    one = st.builds(
        lambda source, more: {**source, **more},
        SOURCES,
        st.fixed_dictionaries(
            {},
            optional={"all": st.booleans(), "then": st.lists(STEPS, max_size=2), "fields": below},
        ),
    )
    return st.dictionaries(st.sampled_from("ab"), one, min_size=1)


RULES = st.fixed_dictionaries(
    {"item": st.just("A"), "fields": fields(fields(st.nothing()))},
    optional={
        "each": st.sampled_from(["div", {"jmes": "x[]"}, {"xpath": "//a"}]),
        "try": st.just(["json_ld"]),
    },
)


@given(RULES)
def test_a_rule_that_loads_can_be_carried_out(rule: dict[str, object]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "job.yaml")
        path.write_text(HEAD + "extract: [" + json.dumps(rule) + "]\n")
        with contextlib.suppress(ConfigError):
            loaded = load_job(path, environ={})
            with does_not_raise():
                rules_of(loaded)


@contextlib.contextmanager
def does_not_raise() -> Iterator[None]:
    try:
        yield
    except ConfigError as error:
        pytest.fail(f"it loaded, but: {error}")
