from __future__ import annotations

import os
from pathlib import Path

import pytest

import quire
from tests.cli.conftest import Quire


def test_list_and_show_of_registered_names(quick: Quire, project: list[str]) -> None:
    header, row = quick("models", "list").out.splitlines()
    assert header.split() == ["name", "latest", "aliases", "updated", "description"]
    assert row.split()[:4] == ["joker", "3", "challenger=3,", "champion=1"]
    assert quick("models", "list", "--json").json["models"][0]["aliases"] == {"challenger": "3", "champion": "1"}
    page = quick("models", "show", "joker", "--json").json
    assert [(item["version"], item["aliases"]) for item in page["versions"]] == [
        ("3", ["challenger"]),
        ("2", []),
        ("1", ["champion"]),
    ]
    assert "models:/joker/2" in quick("models", "show", "joker").out


def test_show_tells_what_a_model_holds_and_where_it_came_from(quick: Quire, project: list[str]) -> None:
    done = quick("models", "show", "models:/joker@champion")
    for part in (
        "gpt-4o-mini",
        "Tell me a funny joke about {animal}.",
        "max_tokens  100",
        "a double of at most 1",
        "joker, version 1 (@champion)",
        f"{project[0]} (run-funny)",
        "jokes (1)",
    ):
        assert part in done.out
    page = quick("models", "show", "joker@champion", "--json").json
    assert page["variables"] == ["animal"]
    assert page["template"]["messages"][0]["role"] == "user"
    assert page["fixed"] == {"max_tokens": 100}
    assert page["params"][0]["maximum"] == 1
    assert page["lineage"]["run_id"] == project[0]
    assert page["lineage"]["aliases"] == ["champion"]


def test_show_of_a_folder_needs_no_store(cli: Quire, workspace: Path) -> None:
    quire.openai.save_model("gpt-4o", "chat.completions", str(workspace / "saved"))
    page = cli("models", "show", "saved", "--json").json
    assert (page["model"], page["lineage"]["run_id"]) == ("gpt-4o", None)
    assert not (workspace / "quire.db").exists()


def test_diff_shows_messages_by_words_parameters_and_policy(quick: Quire, project: list[str]) -> None:
    out = quick("models", "diff", "joker/1", "models:/joker/2").out
    assert "Tell me a [-funny-]{+scary+} joke about {animal}." in out
    assert "fixed.max_tokens: 100 -> 101" in out
    assert "policy.temperature.maximum: 1 -> 2" in out
    found = quick("models", "diff", "joker/1", "joker/2", "--json").json
    assert [change["path"] for change in found["changes"]] == [
        "messages[0].content",
        "fixed.max_tokens",
        "policy.temperature.maximum",
    ]
    assert "Nothing differs" in quick("models", "diff", "joker/1", "joker@champion").out


def test_export_and_import_through_files(cli: Quire, project: list[str], workspace: Path) -> None:
    done = cli("models", "export", "joker@champion", "-o", "joker.quire", "--json")
    assert done.json["versions"] == ["joker/1"]
    there = ("--tracking-uri", f"sqlite:///{workspace / 'there' / 'quire.db'}")
    (workspace / "there").mkdir()
    first = cli("models", "import", "joker.quire", *there)
    assert (first.code, first.out.startswith("Imported models:/m-")) == (0, True)
    assert "alias champion -> version 1" in first.out
    second = cli("models", "import", "joker.quire", *there)
    assert second.out.startswith("Already here: models:/m-")
    assert cli("models", "import", "joker.quire", *there, "--json").json["already_there"] is True
    assert cli("models", "show", "joker@champion", *there, "--json").json["model"] == "gpt-4o-mini"
    assert len(cli("runs", "list", *there, "--json").json["runs"]) == 1


def test_aliases_are_moved_and_removed(quick: Quire, project: list[str]) -> None:
    moved = quick("models", "alias", "set", "joker", "champion", "2")
    assert moved.out == "models:/joker@champion is now version 2 (was version 1)\n"
    removed = quick("models", "alias", "delete", "joker", "champion", "--json")
    assert removed.json == {"name": "joker", "alias": "champion", "previous_version": "2"}
    assert quick("models", "show", "joker", "--json").json["aliases"] == {"challenger": "3"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["models", "show", "nobody"], "No registered model is named 'nobody'"),
        (["models", "show", "joker/9"], "The registered model 'joker' has no version 9. Its versions: 3, 2, 1."),
        (["models", "show", "joker@none"], "has no alias 'none'"),
        (["models", "show", "./none"], "none/MLmodel"),
        (["models", "show", "models:/x"], "'models:/x' is not a model URI. Expected models:/NAME/VERSION"),
        (["models", "diff", "joker/1", "joker/9"], "has no version 9"),
        (["models", "export", "joker/1", "-o", "none/x.quire"], "The folder 'none' does not exist; create it first."),
        (["models", "import", "none.quire"], "The bundle 'none.quire' does not exist."),
        (["models", "import", "quire.db"], "it is not a ZIP file"),
        (["models", "alias", "set", "joker", "champion", "9"], "9"),
        (["models", "alias", "set", "nobody", "champion", "1"], "'nobody'"),
        (["models", "alias", "delete", "joker", "none"], "has no alias 'none'; it has: challenger, champion."),
        (["models", "list", "-f", "bogus = 1"], "bogus"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(quick: Quire, project: list[str], words: list[str], message: str) -> None:
    done = quick(*words)
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
    assert message in done.err


def test_a_folder_that_may_not_be_written(quick: Quire, project: list[str], read_only_disk: Path) -> None:
    done = quick("models", "export", "joker/1", "-o", str(read_only_disk / "x.quire"))
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert "x.quire' lies on a read-only disk; name a file elsewhere." in done.err


def test_a_disk_without_room_leaves_no_half_bundle(
    quick: Quire, project: list[str], small_disk: Path, workspace: Path
) -> None:
    quire.openai.save_model("gpt-4o", "chat.completions", str(workspace / "saved"))
    (workspace / "saved" / "large.bin").write_bytes(os.urandom(2 * 1024**2))
    done = quick("models", "export", "./saved", "-o", str(small_disk / "x.quire"))
    assert done.code == 1
    assert "cannot be written: No space left on device" in done.err
    assert list(small_disk.iterdir()) == []
