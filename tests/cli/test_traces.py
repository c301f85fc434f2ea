"""``quire traces``: what a person and a program see."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from quire.cli.traces_table import moment_before, text_filter
from quire.domain.errors import InvalidInput
from quire.domain.ids import now_ms
from quire.domain.trials import Served
from quire.store import open_store
from quire.store.serving import serving_of
from tests.cli.conftest import Quire
from tests.spans import new_trace, span

ASKED = "Where is it?"


@pytest.fixture
def traces(workspace: Path) -> list[str]:
    """The ids of two traces: an agent with a call below it, and a failed one that is two days older."""
    now = now_ms()
    first, second = new_trace(), new_trace()
    usage = {"input_tokens": 30, "output_tokens": 12, "total_tokens": 42}
    made = [
        span(first, "agent", span_id="00000000000000aa", start=now - 65_000, ms=1500, mlflow__spanInputs=ASKED),
        span(first, "look up", span_id="00000000000000bb", parent="00000000000000aa", start=now - 64_900, ms=100),
        span(
            first,
            "chat",
            parent="00000000000000bb",
            start=now - 64_000,
            ms=400,
            mlflow__llm__model="gpt-4o",
            mlflow__chat__tokenUsage=usage,
            mlflow__llm__cost={"total_cost": 0.25},
        ),
        span(first, "answer", parent="00000000000000aa", start=now - 63_800, ms=10, mlflow__spanOutputs="On its way."),
    ]
    old = span(second, "broken", start=now - 2 * 86_400_000, status="ERROR")
    store = open_store(f"sqlite:///{workspace / 'quire.db'}")
    store.log_spans("0", [*made, old])
    store.close()
    return [first, second]


def test_list_and_search(quick: Quire, traces: list[str]) -> None:
    header, *lines = quick("traces", "list").out.splitlines()
    assert header.split() == ["id", "name", "status", "age", "took", "tokens", "cost", "request"]
    assert [line.split()[0] for line in lines] == traces
    assert lines[0].split()[1:7] == ["agent", "OK", "1m", "1.50", "s", "42"]
    assert "Where is it?" in lines[0]
    assert quick("traces", "list", "-f", "trace.status = 'ERROR'", "--json").json["traces"][0]["trace_id"] == traces[1]
    assert quick("traces", "list", "-n", "1", "--json").json["more"] is True
    found = quick("traces", "search", "WHERE is", "--json").json["traces"]
    assert [item["trace_id"] for item in found] == traces[:1]
    assert quick("traces", "search", "nowhere").out == "No traces match.\n"


def test_show_is_a_tree(quick: Quire, traces: list[str]) -> None:
    shown = quick("traces", "show", traces[0], "--content").out
    tree = shown[shown.index("Spans\n") :].splitlines()[1:6]
    assert tree[0].split() == ["span", "type", "took", "tokens", "cost", "status"]
    assert [line.rstrip().split("  ")[0] for line in tree[1:3]] == ["agent", "├─ look up"]
    assert tree[3].startswith("│  └─ chat (gpt-4o)")
    assert tree[3].split()[-5:] == ["0.40", "s", "42", "$0.2500", "OK"]
    assert tree[4].startswith("└─ answer")
    assert "outputs  On its way." in shown
    page = quick("traces", "show", traces[0], "--json").json
    assert [item["depth"] for item in page["spans"]] == [0, 1, 2, 1]
    assert "There is no trace 'tr-none'" in quick("traces", "show", "tr-none").err


def test_usage(quick: Quire, traces: list[str]) -> None:
    header, line = quick("traces", "usage").out.splitlines()
    assert header.split() == ["model", "calls", "errors", "input", "output", "cost", "p50", "p95", "p99"]
    assert line.split()[:6] == ["gpt-4o", "1", "0", "30", "12", "$0.2500"]
    days = quick("traces", "usage", "--by", "day", "--since", "1d", "--json").json["usage"]
    assert [day["count"] for day in days] == [1]
    assert "expected model, experiment" in quick("traces", "usage", "--by", "colour").err


def test_export_delete_and_prune(quick: Quire, traces: list[str], workspace: Path) -> None:
    assert quick("traces", "export", "-o", "out.jsonl").out == "out.jsonl: 2 traces\n"
    first = json.loads((workspace / "out.jsonl").read_text().splitlines()[0])
    assert (first["info"]["trace_id"], len(first["data"]["spans"])) == (traces[0], 4)
    assert quick("traces", "prune", "--older-than", "1d", "--dry-run").out.startswith("1 trace would be deleted")
    assert quick("traces", "prune", "--older-than", "1d", "--json").json["pruned"]["traces"] == 1
    assert "There is no trace" in quick("traces", "delete", traces[0], traces[1]).err
    assert quick("traces", "delete", traces[0]).out == "1 trace deleted.\n"
    assert quick("traces", "list", "--json").json["traces"] == []
    assert "Say what to prune" in quick("traces", "prune").err


def test_prune_says_which_notes_go(quick: Quire, traces: list[str], workspace: Path) -> None:
    old = Served(response_id="chatcmpl-1", trace_id="", endpoint="joker", at=1, experiment="endpoints/joker")
    store = open_store(f"sqlite:///{workspace / 'quire.db'}")
    serving_of(store).record_served([old, replace(old, response_id="chatcmpl-2", at=now_ms())])
    store.close()
    said = quick("traces", "prune", "--older-than", "1d", "--dry-run").out.splitlines()
    assert said[1] == "1 note of answers without a trace would be deleted."
    assert quick("traces", "prune", "--older-than", "1d", "--json").json["pruned"]["notes"] == 1
    assert "note" not in quick("traces", "prune", "--older-than", "1d").out


def test_ages_and_texts() -> None:
    assert abs(now_ms() - 90 * 60_000 - moment_before("90m")) < 5000
    with pytest.raises(InvalidInput, match="'soon' is not an age"):
        moment_before("soon")
    assert text_filter("it's", "") == 'trace.text ILIKE "%it\'s%"'
    with pytest.raises(InvalidInput, match="both kinds of quotes"):
        text_filter("'\"", "")


def test_record(quick: Quire, workspace: Path) -> None:
    asked = {"model": "gpt-4o", "messages": [{"role": "user", "content": ASKED}]}
    answer = {"id": "c-1", "choices": [{"index": 0, "message": {"role": "assistant", "content": "Here."}}]}
    first, second = new_trace(), new_trace()
    store = open_store(f"sqlite:///{workspace / 'quire.db'}")
    for trace_id in (first, second):
        call = span(trace_id, mlflow__spanType="CHAT_MODEL", mlflow__spanInputs=asked, mlflow__spanOutputs=answer)
        store.log_spans("0", [call, span(trace_id, "e", mlflow__spanType="LLM", mlflow__spanInputs={"prompt": "x"})])
    store.close()
    file = workspace / "calls.jsonl"
    assert quick("traces", "record", "-o", str(file)).out == f"{file}: 2 calls of 2 traces (without 2 not held whole)\n"
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["request"]["path"] for line in lines] == ["/chat/completions"] * 2
    assert lines[0]["response"]["json"] == answer
    made = quick("traces", "record", first, "-o", str(file), "--json").json
    assert made == {"path": str(file), "traces": 1, "calls": 1, "failed": 0, "left_out": 2 - 1}
    assert "not both" in quick("traces", "record", first, "-f", "trace.status = 'OK'", "-o", str(file)).err
    assert "There is no trace" in quick("traces", "record", f"tr-{'1' * 32}", "-o", str(file)).err
