"""The blocks of docs/serving.md that ask a server are run before one, and its tables have every field and code."""

from __future__ import annotations

import contextlib
import io
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

import quire
from quire.domain import endpoints
from quire.domain.endpoints import Endpoint
from quire.serving.settings import ServeSettings
from quire.testing import Simulator
from tests.docs.blocks import matches
from tests.serving.serving import serving

REPOSITORY = Path(__file__).resolve().parents[2]
TEXT = (REPOSITORY / "docs" / "serving.md").read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:8000"
_ASKING = re.compile(
    r"^<!-- not run: it asks the server above -->\n```(python|console)\n(.*?)^```$(?:\n\n```text\n(.*?)^```$)?",
    re.M | re.S,
)


@pytest.fixture
def address(simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server with the model of the page's first block."""
    monkeypatch.chdir(tmp_path)
    quire.set_tracking_uri(f"sqlite:///{tmp_path}/quire.db")
    first = re.search(r"^```python\n(.*?)^```$", TEXT, re.M | re.S)
    assert first is not None
    exec(first[1], {"__name__": "__main__"})
    endpoint = Endpoint(name="joker", model="models:/joker@champion")
    settings = ServeSettings(endpoints=(endpoint,), tracking_uri=f"sqlite:///{tmp_path}/quire.db")
    with serving(settings) as served:
        yield served.url


def test_what_asks_the_server_is_answered_as_shown(address: str) -> None:
    blocks = _ASKING.findall(TEXT)
    assert {kind for kind, _code, _shown in blocks} == {"python", "console"}
    namespace: dict[str, object] = {"__name__": "__main__"}
    for kind, code, shown in blocks:
        code = code.replace(ADDRESS, address)
        if kind == "console":
            _run_console(code)
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, "serving.md", "exec"), namespace)
        assert matches(shown, printed.getvalue()), printed.getvalue()


def test_what_is_shown_for_node_runs(address: str, tmp_path: Path) -> None:
    node = REPOSITORY / ".cache" / "node"
    if not (node / "node_modules" / ".ready").exists():
        pytest.skip("Node's clients are absent: run `make node-venv`")
    shown = re.search(r"^```javascript\n(.*?)^```$", TEXT, re.M | re.S)
    assert shown is not None
    (tmp_path / "node_modules").symlink_to(node / "node_modules")
    (tmp_path / "shown.mjs").write_text(shown[1].replace(ADDRESS, address))
    command = [str(node / "bin" / "node"), "shown.mjs"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout, done.returncode) == ("1\n", 0), done.stderr


def test_the_readme_serves_and_starts_a_trial(simulator: Simulator, tmp_path: Path) -> None:
    quire.set_tracking_uri(f"sqlite:///{tmp_path}/quire.db")
    for words in ("a {adjective} joke", "a short {adjective} joke"):
        messages = [{"role": "user", "content": f"Tell me {words} about {{animal}}."}]
        quire.openai.log_model(
            "gpt-4o-mini", "chat.completions", name="joker", messages=messages, registered_model_name="joker"
        )
    quire.Client().set_registered_model_alias("joker", "champion", "1")
    section = (REPOSITORY / "README.md").read_text(encoding="utf-8").partition("## Serve and A/B test")[2]
    blocks = [code for kind, code, _shown in _ASKING.findall(section.partition("\n## ")[0]) if kind == "python"]
    assert len(blocks) == 2
    endpoint = Endpoint(name="joker", model="models:/joker@champion")
    with serving(ServeSettings(endpoints=(endpoint,), tracking_uri=f"sqlite:///{tmp_path}/quire.db")) as served:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec("\n".join(blocks).replace(ADDRESS, served.url), {"__name__": "__main__", "quire": quire})
    assert "thumb" in printed.getvalue()


def _run_console(code: str) -> None:
    for part in re.split(r"^\$ ", code, flags=re.M)[1:]:
        found = re.fullmatch(r"((?:[^\n]*\\\n)*[^\n]*)\n(.*)", part, re.S)
        assert found is not None
        done = subprocess.run(["bash", "-c", found[1]], capture_output=True, text=True, check=True, timeout=60)
        assert matches(found[2], done.stdout), done.stdout


def test_every_field_of_an_endpoint_is_in_the_table() -> None:
    section = TEXT.partition("## The file of endpoints")[2].partition("\n## ")[0]
    named = set(re.findall(r"`([a-z_.…]+)`", section))
    stored = {"revision", "creation_time", "last_update_time"}
    for field in msgspec.structs.fields(Endpoint):
        kind = getattr(
            endpoints, {"retrying": "Retrying", "breaker": "Breaker", "hedging": "Hedging"}.get(field.name, ""), None
        )
        if field.name not in stored | {"retrying", "breaker", "hedging", "caching", "limits"}:
            assert field.name in named, field.name
        assert kind is None or all(f"{field.name}.{one}" in named for one in kind.__struct_fields__), field.name
    for name, kind in (("caching", endpoints.Caching), ("limits", endpoints.Limits), ("shadows", endpoints.Shadow)):
        assert {f"{name}.{field}" for field in kind.__struct_fields__} <= named
    assert {f"….{field}" for field in endpoints.Upstream.__struct_fields__} <= named


def test_every_code_of_an_error_is_in_a_table() -> None:
    sources = "".join(path.read_text() for path in (REPOSITORY / "src" / "quire" / "serving").glob("*.py"))
    named = set(re.findall(r"`([a-z_0-9]+)`", TEXT + (REPOSITORY / "docs" / "serving-keys.md").read_text()))
    internal = {"internal_error", "endpoint_not_named"}
    assert set(re.findall(r'code="([a-z_0-9]+)"', sources)) - internal <= named
