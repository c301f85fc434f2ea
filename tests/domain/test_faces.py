from __future__ import annotations

import ast
import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

from quire.domain.faces import face

FOLDERS = [
    "quire.evaluate",
    "quire.registry",
    "quire.review",
    "quire.server.evaluations",
    "quire.store.rest",
    "quire.trials",
]


@pytest.fixture(params=FOLDERS)
def folder(request: pytest.FixtureRequest) -> ModuleType:
    return importlib.import_module(request.param)


def test_type_checkers_see_the_names_that_python_loads(folder: ModuleType) -> None:
    tree = ast.parse(Path(str(folder.__file__)).read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    assert {alias.name: node.module for node in imports for alias in node.names} == folder._HOME
    assert sorted(folder._HOME) == sorted(folder.__all__)


def test_each_name_is_found_where_the_folder_says(folder: ModuleType) -> None:
    for name, home in folder._HOME.items():
        assert getattr(folder, name) is getattr(importlib.import_module(home), name)


def test_all_names_are_offered_for_completion(folder: ModuleType) -> None:
    assert set(folder.__all__) <= set(dir(folder))


def test_no_name_is_that_of_a_module(folder: ModuleType) -> None:
    modules = {path.stem for path in Path(str(folder.__file__)).parent.iterdir()}
    assert modules & set(folder._HOME) == set()


def test_a_name_is_loaded_once_and_an_unknown_one_is_an_attribute_error(monkeypatch: pytest.MonkeyPatch) -> None:
    made = ModuleType("made")
    monkeypatch.setitem(sys.modules, "made", made)
    load, names = face("made", {"join": "posixpath"})
    assert "join" in names()
    assert load("join") is made.__dict__["join"]
    with pytest.raises(AttributeError, match="module 'made' has no attribute 'nothing'"):
        load("nothing")
