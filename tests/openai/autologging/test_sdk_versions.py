"""Autologging under every version of the OpenAI SDK that is promised: ``make sdk-venvs`` installs them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

import quire
from quire.testing import Simulator

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).resolve().parents[3]
FOUND = sorted(ready.parent / "bin" / "python" for ready in (REPOSITORY / ".cache").glob("openai-*/.ready"))
NAMES = ["Completions", "Completions", "Embeddings", *["Completions"] * 7]
AFTER = ["AsyncCompletions", "AsyncCompletions", "Completions"]


@pytest.mark.parametrize("python", FOUND or [None], ids=lambda python: python and python.parts[-3])
def test_every_call_is_a_span(python: Path | None, service: Simulator, quire_server: str) -> None:
    if python is None:
        pytest.skip("no other version of the OpenAI SDK is here: run `make sdk-venvs`")
    version = python.parts[-3]
    program = Path(__file__).with_name("sdk_program.py")
    done = subprocess.run(
        [python, program, quire_server, version, service.base_url, service.azure_endpoint],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY / "src")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    found, seen, left_as_found = json.loads(done.stdout)
    assert version == f"openai-{found}"
    assert left_as_found
    _compare(_spans(quire_server, version), seen)


def _spans(server: str, experiment: str) -> list[Any]:
    quire.set_tracking_uri(server)
    quire.set_experiment(experiment)
    traces: list[Any] = quire.search_traces(return_type="list")
    return sorted((trace.data.spans[0] for trace in traces), key=lambda span: int(span.start_time_ns))


def _compare(spans: list[Any], seen: list[Any]) -> None:
    """Spans against what the program saw."""
    has_responses = len(seen) == 10
    assert [span.name for span in spans] == [*NAMES, *["Responses"][:has_responses], *AFTER]
    whole, _text, embedding, streamed, early, dropped, raw, raw_streamed, read, failed = spans[:10]
    said = [one.outputs["choices"][0]["message"]["content"] for one in (whole, streamed, raw, raw_streamed, read)]
    assert said == [seen[0], seen[2][1], seen[3], seen[4], seen[5]]
    assert seen[2][0] == "Stream"
    assert embedding.inputs == {"model": "text-embedding-3-small", "input": "a"}
    assert len(embedding.outputs["data"][0]["embedding"]) == seen[1]
    for cut in (early, dropped):
        assert cut.status.status_code == "OK"
        assert cut.outputs["choices"][0]["finish_reason"] is None
    assert (failed.status.status_code, failed.attributes["error.type"]) == ("ERROR", seen[6])
    assert spans[-2].outputs["choices"][0]["message"]["content"] == seen[-2][1]
    assert seen[-2][0] == "AsyncStream"
    usage = [span.attributes["mlflow.chat.tokenUsage"] for span in (whole, streamed, spans[-1])]
    assert usage[1]["total_tokens"] == usage[0]["total_tokens"] == usage[2]["total_tokens"]
    estimated = [span.attributes.get("quire.usage.estimated") for span in (whole, streamed, spans[-1])]
    assert estimated == [None, True, None]
    assert seen[-1] is True
