"""Some 1,500 calls of a real MLflow client end on the server as they do on MLflow's own, or as is declared."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from quire.testing import Simulator
from tests.server.conformance.differences import DIFFERENT
from tests.server.conftest import Served
from tests.server.mlflow_program import answers_of

PROGRAM = Path(__file__).parent / "conformance" / "run.py"
DOC = Path(__file__).resolve().parents[2] / "docs" / "mlflow.md"
compared = [pytest.mark.mlflow, pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def ends(server: Served, mlflow_server: str, mlflow_python: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the calls ended in, on Quire's server and on MLflow's."""
    with Simulator() as simulator, ThreadPoolExecutor(2) as both:
        service = simulator.environment["OPENAI_BASE_URL"]

        def run(url: str) -> dict[str, Any]:
            unique = f"u{uuid.uuid4().hex[:8]}"
            return dict(answers_of(mlflow_python, PROGRAM, url, unique, seconds=800, A_SIMULATOR=service))

        ours, theirs = both.map(run, (server.url, mlflow_server))
    return ours, theirs


class TestCalls:
    pytestmark = compared

    def test_every_method_of_the_client_is_called_and_every_call_is_made(self, ends: Any) -> None:
        for found in ends:
            assert found["broken"] == {}
            assert found["not called"] == []
        assert ends[0]["outcomes"].keys() == ends[1]["outcomes"].keys()
        assert len(ends[0]["outcomes"]) > 1_400

    def test_calls_end_as_on_mlflows_server_or_as_declared(self, ends: Any) -> None:
        ours, theirs = (found["outcomes"] for found in ends)
        differ = {call for call in ours if ours[call] != theirs[call]}
        declared = {call for call in ours if any(difference.concerns(call) for difference in DIFFERENT.values())}
        assert {call: (ours[call], theirs[call]) for call in differ - declared} == {}

    def test_every_declared_difference_is_one(self, ends: Any) -> None:
        ours, theirs = (found["outcomes"] for found in ends)
        differ = {call for call in ours if ours[call] != theirs[call]}
        for topic, difference in DIFFERENT.items():
            assert any(difference.concerns(call) for call in differ), topic
            exact = {call for call in difference.calls if not call.endswith("…")}
            assert exact - differ == set(), topic

    def test_what_is_not_served_says_so(self, ends: Any) -> None:
        refused = {call: end for call, end in ends[0]["outcomes"].items() if call.startswith("unserved")}
        elsewhere = {"unserved workspaces: get_workspace_store_uri"}
        other_method = {f"unserved POST /{prefix}/3.0/mlflow/traces/metrics" for prefix in ("api", "ajax-api")}
        for call in refused.keys() - elsewhere - other_method:
            assert "ENDPOINT_NOT_FOUND" in refused[call], (call, refused[call])
        assert all(refused[call] == [405, "BAD_REQUEST"] for call in other_method)


def test_the_documentation_lists_the_same_differences() -> None:
    text = DOC.read_text().partition("## Calls of MLflow's client")[2].partition("\n## ")[0]
    rows = [line for line in text.splitlines() if line.startswith("| ")][2:]
    assert rows == [f"| {topic} | {item.mlflow} | {item.quire} | {item.why} |" for topic, item in DIFFERENT.items()]
