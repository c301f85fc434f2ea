"""Waiting for the import of the Agents SDK: nothing is imported for it, other modules are let be, and it ends."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from quire.openai.autologging import agents_import


def is_waiting() -> bool:
    return any(hasattr(finder, "awaited") for finder in sys.meta_path)


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder from which modules are imported; those called ``agents`` are forgotten before and after."""

    def forget() -> None:
        for name in [name for name in sys.modules if name.partition(".")[0] == "agents"]:
            del sys.modules[name]

    monkeypatch.syspath_prepend(tmp_path)
    finders = list(sys.meta_path)
    forget()
    yield tmp_path
    agents_import.uninstall()
    forget()
    assert sys.meta_path == finders


def test_a_module_of_the_programs_own_with_that_name_is_let_be(modules: Path) -> None:
    (modules / "agents").mkdir()
    (modules / "agents" / "__init__.py").write_text("from agents.tracing import mine")
    (modules / "agents" / "tracing.py").write_text("mine = 1")
    agents_import.install()
    assert "agents" not in sys.modules
    assert is_waiting()
    tracing = importlib.import_module("agents.tracing")
    assert not is_waiting()
    assert tracing.mine == 1
    assert type(tracing.__loader__).__name__ == "SourceFileLoader"
    assert "exec_module" not in vars(tracing.__loader__)


def test_nothing_waits_any_more_once_it_ends(modules: Path) -> None:
    agents_import.install()
    agents_import.install()
    assert is_waiting()
    agents_import.uninstall()
    assert not is_waiting()


def test_a_module_that_is_not_there_fails_as_it_does(modules: Path) -> None:
    agents_import.install()
    with pytest.raises(ModuleNotFoundError, match="agents"):
        importlib.import_module("agents.tracing")
    assert is_waiting()
