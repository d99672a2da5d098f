"""Whatever stands in a job file: it loads, or every problem has a place; nothing else happens."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from crawler.config.load import load_job
from crawler.config.models.items import ChecksSettings, ExtractSettings, FieldSettings
from crawler.config.models.job import Job
from crawler.config.models.schemas import SchemaFieldSettings
from crawler.config.models.scope import StartSettings
from crawler.config.models.steps import StepSettings
from crawler.errors import ConfigError, Problem

MODELS = (
    Job, StartSettings, ExtractSettings, FieldSettings, StepSettings, SchemaFieldSettings,
    ChecksSettings,
)  # fmt: skip
KEYS = sorted({key for model in MODELS for key in model.model_fields} | {"try", "A", "B", "url"})

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 9),
    st.sampled_from(
        [
            "A",
            "B",
            "a",
            "str",
            "int",
            "list[A]",
            "list[str]",
            "{url}",
            "text",
            "count",
            "-",
            "x.csv",
        ]
    ),
    st.sampled_from(KEYS),
)
trees = st.recursive(
    scalars,
    lambda below: (
        st.lists(below, max_size=3) | st.dictionaries(st.sampled_from(KEYS), below, max_size=4)
    ),
    max_leaves=12,
)


@st.composite
def jobs(draw: st.DrawFn) -> dict[str, object]:
    """Return a job whose sections have the right names and anything below them."""
    fields = st.dictionaries(
        st.sampled_from(["a", "b"]),
        trees | st.fixed_dictionaries({}, optional={"css": trees, "then": trees, "fields": trees}),
        max_size=2,
    )
    rule = trees | st.fixed_dictionaries(
        {"item": scalars, "fields": fields}, optional={"each": trees, "try": trees}
    )
    schema = trees | st.dictionaries(st.sampled_from(["a", "b"]), trees, max_size=2)
    return {
        "name": "x",
        "start": draw(trees),
        "schemas": draw(trees | st.dictionaries(st.sampled_from("AB"), schema, max_size=2)),
        "extract": draw(trees | st.lists(rule, max_size=2)),
        "checks": draw(trees),
    }


def problems_of(job: dict[str, object]) -> tuple[Problem, ...]:
    with TemporaryDirectory() as folder:
        path = Path(folder, "job.yaml")
        path.write_text(json.dumps(job))
        try:
            load_job(path, environ={})
        except ConfigError as error:
            return error.problems
    return ()


@given(jobs())
def test_a_job_of_any_shape_loads_or_every_problem_has_its_place(job: dict[str, object]) -> None:
    found = problems_of(job)

    assert [p for p in found if not p.line and p.message != "'start' is missing"] == []
