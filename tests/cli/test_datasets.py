"""``quire datasets``: what a person and a program see."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Quire


@pytest.fixture
def imported(workspace: Path, quick: Quire) -> str:
    """A dataset of three records, in two versions."""
    (workspace / "questions.csv").write_text("question,answer,topic\n1+1,2,sums\n2+2,4,sums\n3*3,9,products\n")
    (workspace / "more.jsonl").write_text(
        '{"inputs": {"q": "2+2"}, "expectations": {"answer": "four"}}\n{"inputs": {"q": "4/2"}}\n'
    )
    done = quick("datasets", "import", "maths", "questions.csv", "-i", "q=question", "-e", "answer", "--tags", "topic")
    assert done.out.startswith("maths: version 1: 3 records, digest ")
    quick("datasets", "import", "maths", "more.jsonl", "--merge")
    return "maths"


def test_list_and_show(quick: Quire, imported: str) -> None:
    header, line = quick("datasets", "list").out.splitlines()
    assert header.split() == ["id", "name", "records", "digest", "changed"]
    assert line.split()[1:3] == ["maths", "4"]
    assert quick("datasets", "list", "-f", "name = 'none'").out == "No datasets match.\n"
    page = quick("datasets", "show", imported, "--json").json
    assert [item["version"] for item in page["versions"]] == [2, 1]
    assert page["schema"]["inputs"] == {"q": "string"}
    assert page["records"][0]["inputs"] == {"q": "1+1"}
    shown = quick("datasets", "show", "datasets:/maths/1").out
    assert "Versions" in shown
    assert '"answer":"4"' in shown


def test_export_and_diff(quick: Quire, imported: str, workspace: Path) -> None:
    assert quick("datasets", "export", imported, "-o", "out.jsonl").out == "out.jsonl: 4 records\n"
    first = json.loads((workspace / "out.jsonl").read_text().splitlines()[0])
    assert first == {"inputs": {"q": "1+1"}, "expectations": {"answer": "2"}, "tags": {"topic": "sums"}}
    lines = quick("datasets", "export", imported, "-o", "-", "--version", "1", "--format", "jsonl").out.splitlines()
    assert len(lines) == 3
    shown = quick("datasets", "diff", "datasets:/maths/1", "maths").out.splitlines()
    assert shown[0] == "1 record added, 0 records removed, 1 record changed, 2 records same"
    assert '+ {"inputs":{"q":"4/2"}}' in shown
    counted = quick("datasets", "diff", "out.jsonl", "maths", "--json").json
    assert (counted["same"], counted["changed"]) == (4, 0)


def test_splits(quick: Quire, workspace: Path, imported: str) -> None:
    quick(
        "datasets", "import", "split", "questions.csv", "-i", "question", "--splits", "dev=0.5,test=0.5", "--seed", "1"
    )
    counts = [
        len(quick("datasets", "export", "split", "-o", "-", "--format", "jsonl", "--split", name).out.splitlines())
        for name in ("dev", "test")
    ]
    assert sum(counts) == 3


def test_delete(quick: Quire, imported: str) -> None:
    assert quick("datasets", "delete", imported).out == "maths deleted.\n"
    assert quick("datasets", "list").out == "No datasets match.\n"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("show", "none"), "no dataset 'none'"),
        (("import", "x", "absent.csv"), "'absent.csv' does not exist"),
        (("import", "maths", "questions.csv", "-i", "question"), "There is a dataset 'maths' already"),
        (("import", "y", "questions.csv", "-i", "query"), "no column 'query'; there are 'question'"),
        (("import", "y", "questions.csv", "-i", "question", "--splits", "dev"), "expected NAME=SHARE"),
        (("export", "maths", "-o", "x.xml"), ".xml"),
        (("export", "maths", "-o", "x.jsonl", "--version", "9"), "1 to 2"),
        (("export", "maths", "-o", "x.jsonl", "--split", "dev"), "name no split"),
        (("delete", "datasets:/maths/1"), "never changes"),
    ],
)
def test_mistakes_are_told_in_one_line(quick: Quire, imported: str, command: tuple[str, ...], said: str) -> None:
    done = quick("datasets", *command)
    assert done.code == 1
    assert said in done.err
    assert done.err.count("\n") == 1
