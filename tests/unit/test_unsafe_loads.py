"""Nothing that was fetched or kept can become code: no module has the means."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "crawler").rglob("*.py"))

#: Modules whose readers build whatever object their input names.
LOADERS = frozenset(("pickle", "cPickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle"))
#: Values of the user's own functions, over pipes between a run and its own processes.
BETWEEN_OUR_PROCESSES = {"crawler/offload/child.py", "crawler/offload/slots.py"}
CALLS = frozenset(
    (
        "eval", "exec", "__import__", "os.system", "os.popen", "yaml.load", "yaml.load_all",
        "yaml.full_load", "yaml.unsafe_load", "jar.save", "jar.load_pickle", "etree.XInclude",
        "subprocess.getoutput",
    )
)  # fmt: skip


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_module_can_turn_bytes_into_code(path: Path) -> None:
    found = set(unsafe(ast.parse(path.read_text(encoding="utf-8"))))

    if name_of(path) in BETWEEN_OUR_PROCESSES:
        assert found == {"import pickle"}
    else:
        assert found == set()


def unsafe(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        else:
            names = []
        yield from (f"import {one}" for one in names if one.split(".")[0] in LOADERS)
        if isinstance(node, ast.Call) and (called := ast.unparse(node.func)) in CALLS:
            yield called
        if isinstance(node, ast.keyword) and node.arg == "shell":
            yield "shell="


@pytest.mark.parametrize(
    "code", ["import pickle", "from marshal import loads", "eval('1')", "yaml.load(x)",
             "subprocess.run('ls', shell=True)"],
)  # fmt: skip
def test_the_search_finds_what_it_is_for(code: str) -> None:
    assert list(unsafe(ast.parse(code)))
