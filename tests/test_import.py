"""What `import quire` loads, and that its table of names is whole."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import quire

HEAVY = [
    "aiohttp",
    "alembic",
    "asyncio",
    "concurrent.futures",
    "genai_prices",
    "httpx",
    "litestar",
    "msgspec",
    "narwhals",
    "numpy",
    "obstore",
    "openai",
    "pandas",
    "polars",
    "pyarrow",
    "pydantic",
    "rich",
    "sqlalchemy",
    "typer",
    "uvicorn",
    "yaml",
]


def loaded_after(code: str, folder: Path) -> set[str]:
    """The modules that a fresh interpreter has loaded after running ``code``."""
    text = f"{code}\nimport json, sys; print('\\n' + json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True, cwd=folder)
    return set(json.loads(done.stdout.strip().splitlines()[-1]))


def test_importing_quire_loads_nothing_heavy(tmp_path: Path) -> None:
    loaded = loaded_after("import quire", tmp_path)
    assert [name for name in HEAVY if name in loaded] == []
    assert {name for name in loaded if name.startswith("quire")} == {"quire", "quire._version"}


def test_logging_a_metric_loads_only_what_the_store_needs(tmp_path: Path) -> None:
    loaded = loaded_after("import quire\nwith quire.start_run(): quire.log_metric('a', 1)", tmp_path)
    needed = {"sqlalchemy", "msgspec", "asyncio", "concurrent.futures"}  # SQLAlchemy itself imports the last two
    assert [name for name in HEAVY if name in loaded and name not in needed] == []
    assert not any(name.startswith(("quire.openai", "quire.models", "quire.caller", "quire.data")) for name in loaded)


def test_searching_for_a_list_and_logging_text_load_no_dataframe_library(tmp_path: Path) -> None:
    code = "import quire\nquire.log_text('a', 'a.txt'); quire.log_table({'a': [1]}, 't.json')\n"
    loaded = loaded_after(f"{code}quire.search_runs(output_format='list')", tmp_path)
    assert [name for name in ("pandas", "polars", "narwhals", "numpy", "obstore", "yaml") if name in loaded] == []


@pytest.mark.parametrize("name", quire.__all__)
def test_every_public_name_can_be_loaded(name: str) -> None:
    assert getattr(quire, name) is not None


def test_a_name_comes_from_the_module_that_the_table_says() -> None:
    for name, module in quire._HOME.items():
        value = getattr(quire, name)
        assert value.__name__ == name or name in ("MlflowClient", "MlflowException")
        assert name == "MlflowException" or value.__module__.startswith(module.rpartition(".")[0]), (
            f"{name}: {value.__module__} is not {module}"
        )


def test_type_checkers_see_the_same_names_as_python() -> None:
    tree = ast.parse(Path(str(quire.__file__)).read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.name: str(node.module) for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    modules = {name for name, module in seen.items() if module == "quire"}
    called = {"evaluate": "quire.evaluate.engine"}  # a folder that can be called as its function, which checkers see
    assert modules | set(called) == quire._SUBMODULES
    assert {name: module for name, module in seen.items() if module != "quire"} == quire._HOME | called
    assert sorted({*seen, "__version__"}) == sorted(quire.__all__)


def test_names_are_offered_for_completion() -> None:
    assert {"start_run", "openai", "Client", "__version__"} <= set(dir(quire))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'quire' has no attribute 'nothing'"):
        _ = quire.nothing  # type: ignore[attr-defined]
    assert not hasattr(quire, "__wrapped__")


def test_mlflows_module_names_exist() -> None:
    from quire.client import MlflowClient
    from quire.entities import RunStatus, ViewType
    from quire.entities.model_registry import ModelVersion
    from quire.exceptions import MlflowException
    from quire.tracking import MlflowClient as Same

    assert MlflowClient is Same is quire.MlflowClient is quire.Client
    assert issubclass(quire.exceptions.NotFound, MlflowException)
    assert (ViewType.ALL, RunStatus.to_string(RunStatus.FINISHED)) == (3, "FINISHED")
    assert ModelVersion is not None
