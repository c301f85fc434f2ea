"""``quire eval``, ``quire promote`` and their kin: exit codes that CI can read, files that it can show."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

import quire
from quire.testing import Simulator
from tests.cli.conftest import Quire

PLAN = """
data: words.jsonl
variants:
  plain: models:/solver/1
  kind: models:/solver/2
scorers:
  - regex_match: {pattern: well}
  - length
name: kindness
gate: {scorer: regex_match, not_worse: {length: 1.5}}
"""


@pytest.fixture
def solver(workspace: Path, simulator: Simulator) -> Path:
    """A registered model in two versions, data, and a file that compares them."""
    simulator.behave(echo=True)
    quire.set_tracking_uri("sqlite:///quire.db")
    with quire.start_run():
        for content in ("Say {word}", "Say {word} well"):
            messages = [{"role": "user", "content": content}]
            quire.openai.log_model(
                "gpt-4o-mini", "chat.completions", name="m", messages=messages, registered_model_name="solver"
            )
    lines = [json.dumps({"inputs": {"word": f"w{number}"}}) for number in range(20)]
    (workspace / "words.jsonl").write_text("\n".join(lines))
    (workspace / "plan.yaml").write_text(PLAN)
    return workspace


def test_a_gate_that_passes_ends_with_0_and_leaves_its_files(quick: Quire, solver: Path) -> None:
    done = quick("eval", "run", "plan.yaml", "--report", "r.html", "--markdown", "r.md", "--junit", "r.xml")
    assert done.code == 0
    assert "Gate passed: kind against plain" in done.out
    suites = ElementTree.parse(solver / "r.xml").getroot()
    assert suites.attrib == {"tests": "6", "failures": "0", "errors": "0"}
    names = [case.get("name") for case in suites.iter("testcase")]
    assert names == ["plain", "kind", "rows", "missing", "regex_match is better", "length is not worse"]
    assert "<html" in (solver / "r.html").read_text()
    assert "kind is better than plain" in (solver / "r.md").read_text()


def test_a_gate_that_fails_ends_with_3(quick: Quire, solver: Path) -> None:
    (solver / "plan.yaml").write_text(PLAN.replace("plain: models:/solver/1", "plain: models:/solver/2"))
    done = quick("eval", "run", "plan.yaml", "--junit", "r.xml", "--json")
    assert done.code == 3
    assert done.json["gate"]["passed"] is False
    failures = [case.get("name") for case in ElementTree.parse(solver / "r.xml").iter("testcase") if len(case) > 1]
    assert failures == ["regex_match is better"]


def test_a_stored_evaluation_is_shown_and_reported(quick: Quire, solver: Path) -> None:
    run = quick("eval", "run", "plan.yaml", "--json").json["run_id"]
    assert "regex_match" in quick("eval", "show", run).out
    assert quick("eval", "report", run, "again.md").out == "Wrote again.md\n"
    assert (solver / "again.md").exists()


def test_a_primary_score_is_named_on_the_command_line_or_in_the_file(quick: Quire, solver: Path) -> None:
    done = quick("eval", "run", "plan.yaml", "--primary", "length", "--report", "r.html", "--json")
    assert "regex_match (secondary)" in (solver / "r.html").read_text()
    assert quick("eval", "report", done.json["run_id"], "again.html", "--primary", "regex_match").code == 0
    assert "length (secondary)" in (solver / "again.html").read_text()
    assert "no scorer" in quick("eval", "run", "plan.yaml", "--primary", "lenght").err
    (solver / "plan.yaml").write_text(f"{PLAN}primary: regex_match\n")
    quick("eval", "run", "plan.yaml", "--report", "r.html")
    assert "length (secondary)" in (solver / "r.html").read_text()


def test_promote_rollback_and_their_history(quick: Quire, solver: Path) -> None:
    assert "none → version 1" in quick("promote", "models:/solver/1").out
    run = quick("eval", "run", "plan.yaml", "--json").json["run_id"]
    refused = quick("promote", "models:/solver/2", "-e", run, "--scorer", "length", "--not-worse", "regex_match=1.2")
    assert refused.code == 1
    assert "expected a ratio below 1" in refused.err
    done = quick("promote", "models:/solver/2", "-e", run, "-s", "regex_match", "-r", "kinder", "--json")
    assert (done.json["old"], done.json["new"], done.json.get("forced")) == ("1", "2", None)
    assert "rolled back" in quick("rollback", "models:/solver@champion", "--reason", "worse").out
    rows = quick("promotions", "solver").out.splitlines()
    assert [row.split()[2:5] for row in rows[1:]] == [["2", "1", "rolled"], ["1", "2", "on"], ["-", "1", "first"]]
    (solver / "gate.yaml").write_text("scorer: length\nmin_rows: 500\n")
    held = quick("promote", "models:/solver/2", "-e", run, "--gate", "gate.yaml")
    assert (held.code, "20 records have both scores; 500 wanted" in held.out) == (3, True)
    assert quick("promote", "models:/solver/2").code == 1


@pytest.mark.parametrize("gate", [b"scorer: [", b"\xff\xfe\x00", b"scorer: 2026-13-45", b"- a", b"[" * 5000])
def test_a_gate_that_cannot_be_read_is_named(quick: Quire, workspace: Path, gate: bytes) -> None:
    Path("gate.yaml").write_bytes(gate)
    refused = quick("promote", "models:/solver/2", "-e", "any", "--gate", "gate.yaml")
    assert (refused.code, refused.err.count("\n")) == (1, 1)
    assert "gate" in refused.err
    assert "No such file" in quick("promote", "models:/solver/2", "-e", "any", "--gate", "absent.yaml").err


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("data: words.jsonl", "data: absent.jsonl", "absent.jsonl"),
        ("  - length", "  - lenght", "There is no scorer 'lenght'"),
        ("{pattern: well}", "{patern: well}", "does not take that"),
        ("kind: models:/solver/2", "kind: models:/solver/9", "no version 9"),
        ("kind: models:/solver/2", "kind: prompts:/p/1", "is a prompt, and needs a model"),
        ("scorer: regex_match", "better_than: other, scorer: regex_match", "no variant of it"),
        ("scorer: regex_match", "better_than: kind, scorer: regex_match", "with itself"),
        ("name: kindness", "nam: kindness", "The fields of an evaluation file"),
        ("name: kindness", "name: [", "is not YAML"),
    ],
)
def test_a_file_that_is_wrong_says_what_to_change(quick: Quire, solver: Path, old: str, new: str, said: str) -> None:
    (solver / "plan.yaml").write_text(PLAN.replace(old, new))
    done = quick("eval", "run", "plan.yaml")
    assert done.code == 1
    assert said in done.err
    assert quick("eval", "run", "absent.yaml").code == 1
