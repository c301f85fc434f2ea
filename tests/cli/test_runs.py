from __future__ import annotations

from pathlib import Path

import pytest

import quire
from quire.cli.lookup import short_ids
from tests.cli.conftest import OnTerminal, Quire, plain


def test_list_shows_newest_first_with_what_tells_runs_apart(quick: Quire, project: list[str]) -> None:
    lines = quick("runs", "list").out.splitlines()
    assert lines[0].split() == ["id", "name", "status", "age", "style", "accuracy", "latency_s"]
    assert [line.split()[1] for line in lines[1:]] == ["run-dry", "run-scary", "run-funny"]
    assert lines[1].startswith(project[2][:8])


def test_list_as_json(cli: Quire, project: list[str]) -> None:
    done = cli("runs", "list", "--json", "--limit", "2")
    assert done.json["more"] is True
    first = done.json["runs"][0]
    assert first["run_id"] == project[2]
    assert (first["params"]["style"], first["metrics"]["accuracy"]) == ("dry", 0.7)
    assert set(first) == {
        "run_id",
        "run_name",
        "experiment_id",
        "status",
        "start_time",
        "end_time",
        "lifecycle_stage",
        "user_id",
        "artifact_uri",
        "params",
        "metrics",
        "tags",
    }


def test_list_filters_orders_limits_and_picks(quick: Quire, project: list[str]) -> None:
    done = quick(
        *("runs", "list", "-e", "jokes", "-f", "metrics.accuracy > 0.55", "-o", "metrics.accuracy ASC", "-n", "1"),
        *("-c", "params.rows,metrics.latency_s,tags.none"),
    )
    header, row = done.out.splitlines()
    assert header.split()[4:] == ["rows", "latency_s", "none"]
    assert row.split()[-3:] == ["800", "2", "-"]


def test_list_takes_experiments_by_name_or_id(quick: Quire, project: list[str]) -> None:
    by_name = quick("runs", "list", "-e", "jokes", "--json").json
    by_id = quick("runs", "list", "-e", by_name["runs"][0]["experiment_id"], "--json").json
    assert by_name == by_id
    assert quick("runs", "list", "-e", "0").out == "No runs match.\n"


def test_list_of_deleted_runs(quick: Quire, project: list[str], workspace: Path) -> None:
    quire.set_tracking_uri(f"sqlite:///{workspace / 'quire.db'}")
    quire.Client().delete_run(project[0])
    assert len(quick("runs", "list", "--json").json["runs"]) == 2
    assert [run["run_id"] for run in quick("runs", "list", "--deleted", "--json").json["runs"]] == [project[0]]


def test_show_by_the_first_digits(quick: Quire, project: list[str]) -> None:
    (prefix, *_) = short_ids(project, least=4)
    done = quick("runs", "show", prefix)
    for part in (
        project[0],
        "run-funny",
        "jokes (1)",
        "finished",
        "style",
        "accuracy",
        "notes/readme.txt",
        "models:/m-",
    ):
        assert part in done.out
    page = quick("runs", "show", project[0], "--json").json
    assert page["run"]["params"]["rows"] == "800"
    assert [item["path"] for item in page["artifacts"]] == ["notes/readme.txt"]
    assert page["models"][0]["name"] == "model"


def test_compare_puts_differences_first_and_marks_the_best(quick: Quire, project: list[str]) -> None:
    lines = quick("runs", "compare", *project).out.splitlines()
    titles = [line for line in lines if line.endswith(("params", "metrics"))]
    assert titles == ["differing params", "same params", "metrics"]
    (accuracy,) = (line.split() for line in lines if line.strip().startswith("accuracy"))
    assert accuracy == ["accuracy", "0.5", "0.6", "(+0.1)", "0.7*", "(+0.2)"]
    (latency,) = (line.split() for line in lines if line.strip().startswith("latency_s"))
    assert latency == ["latency_s", "(-)", "1*", "2", "(+1)", "3", "(+2)"]
    assert "rows" not in quick("runs", "compare", "--differing", *project).out


def test_compare_as_json(cli: Quire, project: list[str]) -> None:
    found = cli("runs", "compare", *project, "--json", "--lower", "accuracy").json
    assert [run["run_id"] for run in found["runs"]] == project
    rows = {row["key"]: row for row in found["metrics"]}
    assert rows["accuracy"]["best"] == [0]
    assert [row["key"] for row in found["params"]] == ["prompt", "style", "rows"]


def test_diff_shows_only_what_differs(quick: Quire, project: list[str]) -> None:
    out = quick("runs", "diff", project[0], project[1]).out
    assert "style: funny -> scary" in out
    assert "You are a [-funny-]{+scary+} comedian." in out
    assert "rows" not in out
    found = quick("runs", "diff", project[0], project[1], "--json").json
    assert [(item["key"], item["better"]) for item in found["metrics"]] == [("accuracy", True), ("latency_s", False)]


def test_nothing_differs(quick: Quire, workspace: Path) -> None:
    quire.set_tracking_uri(f"sqlite:///{workspace / 'quire.db'}")
    ids = []
    for _ in range(2):
        with quire.start_run() as run:
            quire.log_param("a", 1)
            ids.append(run.info.run_id)
    assert "Nothing differs in params, metrics and tags." in quick("runs", "diff", *ids).out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["runs", "show", "xyz"], "'xyz' is not a run id; expected 32 hexadecimal digits, or the first few"),
        (["runs", "show", "0" * 32], "0" * 32),
        (["runs", "show", "0" * 31], f"No run has an id that begins with '{'0' * 31}'"),
        (
            ["runs", "list", "-e", "none"],
            "No experiment is named 'none' or has that id. There are: 'jokes', 'Default'.",
        ),
        (["runs", "list", "-f", "metrics.accuracy >"], "Invalid filter"),
        (["runs", "list", "-o", "bogus.x"], "bogus"),
        (["runs", "list", "-c", "accuracy"], "--columns names 'accuracy'; expected params.KEY"),
        (["runs", "compare", "a"], "A comparison needs two or more runs; only 'a' was given."),
    ],
)
def test_what_cannot_be_found_is_said(quick: Quire, project: list[str], words: list[str], message: str) -> None:
    done = quick(*words)
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
    assert message in done.err


def test_digits_that_begin_several_ids_are_refused(quick: Quire, workspace: Path) -> None:
    quire.set_tracking_uri(f"sqlite:///{workspace / 'quire.db'}")
    ids = []
    for _ in range(17):
        with quire.start_run() as run:
            ids.append(run.info.run_id)
    first = next(digit for digit in "0123456789abcdef" if sum(run_id[0] == digit for run_id in ids) > 1)
    done = quick("runs", "show", first)
    assert done.code == 1
    assert f"'{first}' begins the ids of several runs: {first}" in done.err
    assert "Give more digits." in done.err


def test_the_same_run_twice_is_refused(quick: Quire, project: list[str]) -> None:
    assert "are the same run" in quick("runs", "compare", project[0], project[0]).err


def test_text_from_elsewhere_cannot_steer_the_terminal(quick: Quire, workspace: Path) -> None:
    quire.set_tracking_uri(f"sqlite:///{workspace / 'quire.db'}")
    with quire.start_run(run_name="[bold]x[/bold]") as run:
        quire.log_param("a", "\x1b[2J\x1b]0;evil\x07[red]b[/red]\u202e")
    for words in (["runs", "show", run.info.run_id], ["runs", "list"]):
        out = quick(*words).out
        assert "\x1b" not in out
        assert "\x07" not in out
        assert "\u202e" not in out
        assert "[bold]x[/bold]" in out


@pytest.mark.parametrize("columns", [80, 120])
def test_tables_fit_the_terminal_and_ids_stay_whole(on_terminal: OnTerminal, project: list[str], columns: int) -> None:
    for words in (["runs", "list"], ["runs", "compare", *project], ["models", "list"], ["models", "show", "joker"]):
        lines = plain(on_terminal(*words, columns=columns)).splitlines()
        assert max(len(line) for line in lines) <= columns, words
    shown = plain(on_terminal("runs", "list", columns=columns))
    assert all(run_id[:8] in shown for run_id in project)
    assert project[0] in plain(on_terminal("runs", "show", project[0], columns=20))


def test_a_pipe_gets_nothing_cut(quick: Quire, workspace: Path) -> None:
    quire.set_tracking_uri(f"sqlite:///{workspace / 'quire.db'}")
    with quire.start_run(run_name="n" * 150):
        quire.log_param("p", "v" * 50)
    out = quick("runs", "list").out
    assert "n" * 150 in out
    assert "v" * 50 in out
