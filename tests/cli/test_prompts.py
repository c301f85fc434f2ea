from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import quire
from quire.domain.schema import ParamSchema, ParamSpec
from tests.cli.conftest import OnTerminal, Quire, plain

SYSTEM = "You are a comedian.\nBe kind."


def joke(thing: str) -> list[dict[str, Any]]:
    return [
        {"role": "system", "content": SYSTEM},
        {"role": "user", "content": f"Tell me a {thing} about {{{{animal}}}}."},
    ]


@pytest.fixture
def prompts(workspace: Path) -> None:
    """A prompt of three versions with aliases, and another; a file that is not UTF-8."""
    (workspace / "latin.txt").write_bytes(b"gr\xfc\xdfe")
    quire.set_tracking_uri(f"sqlite:///{workspace / 'quire.db'}")
    quire.register_prompt("joker", joke("joke"), "first", {"team": "fun"}, model_config={"temperature": 0.2})
    policy = ParamSchema([ParamSpec("top_p", "double", 0.2, maximum=1)])
    quire.register_prompt("joker", joke("pun"), "puns are shorter", model_config={"temperature": 0.5}, params=policy)
    quire.register_prompt("joker", [*joke("pun"), {"role": "user", "content": "In {{language}}."}], "languages")
    quire.register_prompt("tone", "Speak plainly.")
    quire.set_prompt_alias("joker", "champion", 1)
    quire.set_prompt_alias("joker", "champion", 2, reason="won by 3 points")
    quire.set_tracking_uri(None)


def test_list(quick: Quire, prompts: None) -> None:
    header, *rows = quick("prompts", "list").out.splitlines()
    assert header.split() == ["name", "latest", "aliases", "updated", "description"]
    assert [row.split()[:3] for row in rows] == [["joker", "3", "champion=2"], ["tone", "1", "-"]]
    listed = quick("prompts", "list", "-f", "name LIKE 'jok%'", "--json").json
    assert [(item["name"], item["latest_version"], item["tags"]) for item in listed["prompts"]] == [
        ("joker", "3", {"team": "fun"})
    ]


def test_show(quick: Quire, prompts: None) -> None:
    out = quick("prompts", "show", "joker@champion").out
    for part in (
        "prompts:/joker/2",
        "@champion",
        "puns are shorter",
        "Tell me a pun about {{animal}}.",
        "temperature  0.5",
    ):
        assert part in out
    page = quick("prompts", "show", "prompts:/joker/1", "--json").json
    assert (page["version"], page["variables"], page["tags"]) == (1, ["animal"], {"team": "fun"})
    assert page["template"] == joke("joke")
    assert quick("prompts", "show", "joker", "--json").json["version"] == 3
    assert "Speak plainly." in quick("prompts", "show", "tone").out


def test_log(quick: Quire, prompts: None) -> None:
    header, *rows = quick("prompts", "log", "joker").out.splitlines()
    assert header.split() == ["version", "aliases", "author", "made", "message"]
    assert [(row.split()[0], row.split()[1]) for row in rows] == [("3", "-"), ("2", "@champion"), ("1", "-")]
    assert rows[1].endswith("puns are shorter")
    out = quick("prompts", "log", "joker", "--limit", "1", "--aliases").out
    assert "1 shown, there are more" in out
    assert "won by 3 points" in out
    found = quick("prompts", "log", "joker", "--json").json
    assert [item["version"] for item in found["versions"]] == [3, 2, 1]
    assert [(event["old"], event["new"]) for event in found["alias_events"]] == [(None, 1), (1, 2)]


def test_diff(quick: Quire, prompts: None, workspace: Path) -> None:
    assert quick("prompts", "diff", "joker/1", "joker/2").out == (
        "old prompts:/joker/1\n"
        "new prompts:/joker/2\n"
        "1 message changed; model_config.temperature, params.top_p, tags.team\n"
        "\n"
        "~ message 2 (user) changed\n"
        "  Tell me a [-joke-]{+pun+} about {{animal}}.\n"
        "\n"
        "settings\n"
        "~ model_config.temperature: 0.2 -> 0.5\n"
        "+ params.top_p:\n"
        '      {+{"default": 0.2, "type": "double", "maximum": 1}+}\n'
        "- tags.team: fun -> (absent)\n"
        "\n"
        "commit message\n"
        "message:\n"
        "      [-first-]{+puns are shorter+}\n"
    )
    out = quick("prompts", "diff", "joker").out
    assert "old prompts:/joker/2\nnew prompts:/joker/3\n1 message added; variables +language" in out
    assert "+ message 3 (user) added\n  {+In {{language}}.+}" in out
    found = quick("prompts", "diff", "joker/1", "joker@champion", "--json").json
    assert [(item["kind"], item["new_index"]) for item in found["messages"]] == [("changed", 1)]
    assert "nothing differs" in quick("prompts", "diff", "joker/2", "joker@champion").out
    assert quick("prompts", "diff", "joker", "--html", "diff.html").out == "diff.html\n"
    assert (workspace / "diff.html").read_text().startswith('<div class="quire-diff">')


def test_blame(quick: Quire, prompts: None) -> None:
    out = quick("prompts", "blame", "joker").out
    lines = [(line.split()[0], line.split(None, 2)[2]) for line in out.partition("\n\n")[0].splitlines()]
    assert lines == [
        ("1", "=== system ==="),
        ("1", "You are a comedian."),
        ("1", "Be kind."),
        ("1", "=== user ==="),
        ("2", "Tell me a pun about {{animal}}."),
        ("3", "=== user ==="),
        ("3", "In {{language}}."),
    ]
    assert out.endswith("3  languages\n2  puns are shorter\n1  first\n")
    found = quick("prompts", "blame", "joker/1", "--json").json
    assert {line["version"] for item in found["messages"] for line in item["lines"]} == {1}
    assert found["versions"]["1"]["message"] == "first"


def test_aliases_and_rollback(quick: Quire, prompts: None) -> None:
    back = quick("prompts", "rollback", "joker@champion", "--reason", "too dry")
    assert back.out == (
        "prompts:/joker@champion is version 1 again (was version 2)\n"
        "To take this back: quire prompts alias set joker champion 2\n"
    )
    moved = quick("prompts", "alias", "set", "joker", "champion", "3")
    assert moved.out == "prompts:/joker@champion is now version 3 (was version 1)\n"
    removed = quick("prompts", "alias", "delete", "joker", "champion", "--json").json
    assert removed == {"name": "joker", "alias": "champion", "previous_version": 3}
    again = quick("prompts", "rollback", "prompts:/joker@champion", "--json").json
    assert (again["event"]["new"], again["undo"]) == (3, "quire prompts alias delete joker champion")
    events = quick("prompts", "alias", "log", "joker@champion", "--json").json["alias_events"]
    assert [event["kind"] for event in events] == ["set", "set", "rollback", "set", "delete", "rollback"]
    assert "too dry" in quick("prompts", "alias", "log", "joker").out


def test_register(quick: Quire, workspace: Path) -> None:
    (workspace / "text.txt").write_text("Hello {{name}}\n")
    assert (
        quick("prompts", "register", "greeting", "-i", "text.txt", "-m", "first").out
        == "prompts:/greeting/1 is registered\n"
    )
    (workspace / "chat.json").write_text(json.dumps(joke("joke")))
    page = quick("prompts", "register", "greeting", "-i", "chat.json", "-m", "chat", "--alias", "prod", "--json").json
    assert (page["version"], page["template"], page["aliases"]) == (2, joke("joke"), ["prod"])
    (workspace / "x.prompt").write_text("---\nname: greeting\ntags: {team: a}\n---\nHi {{name}}\n")
    page = quick("prompts", "register", "greeting", "-i", "x.prompt", "-m", "file", "--json").json
    assert (page["template"], page["tags"]) == ("Hi {{name}}", {"team": "a"})
    assert (
        quick("prompts", "register", "greeting", "-i", "-", "-m", "in", "--json", input="Ho\n").json["template"] == "Ho"
    )


def test_pull_edit_push(quick: Quire, prompts: None, workspace: Path) -> None:
    done = quick("prompts", "pull")
    assert (done.code, done.out) == (
        0,
        "joker: version 3 written to joker.prompt\n"
        "tone: version 1 written to tone.prompt\n"
        "2 prompts pulled, 0 in step\n",
    )
    file = workspace / "prompts" / "joker.prompt"
    file.write_text(file.read_text().replace("pun", "riddle"))
    dry = quick("prompts", "push", "--dry-run", "--diff").out
    assert "joker: joker.prompt would be registered: 1 message changed" in dry
    assert "  Tell me a [-pun-]{+riddle+} about {{animal}}." in dry
    assert quick("prompts", "push", "-m", "riddles").out == (
        "joker: joker.prompt registered as version 4: 1 message changed\n1 prompt pushed, 1 in step\n"
    )
    report = quick("prompts", "push", "prompts", "joker", "-m", "again", "--json").json
    assert (report["in_step"], report["outcomes"]) == (1, [])


def test_a_conflict_is_shown_and_fails(quick: Quire, cli: Quire, prompts: None, workspace: Path) -> None:
    quick("prompts", "pull", "p")
    file = workspace / "p" / "joker.prompt"
    file.write_text(file.read_text().replace("pun", "riddle"))
    (workspace / "n.txt").write_text("A haiku.")
    quick("prompts", "register", "joker", "-i", "n.txt", "-m", "haiku")
    done = cli("prompts", "pull", "p")
    assert done.code == 1
    assert done.out.startswith(
        "joker: CONFLICT: joker.prompt and the registry both changed; --force lets the registry win\n"
        "  - p/joker.prompt\n  + prompts:/joker/4\n"
    )
    assert done.out.endswith("0 prompts pulled, 1 in step, 1 refused\n")
    report = quick("prompts", "push", "p", "-m", "m", "--json")
    assert (report.code, report.json["outcomes"][0]["standing"]) == (1, "conflict")
    assert quick("prompts", "push", "p", "-m", "m", "--force").code == 0
    assert quick("prompts", "show", "joker", "--json").json["version"] == 5


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["show", "nobody"], "There is no prompt 'nobody'"),
        (["show", "joker/9"], "has no version 9. Its versions: 3, 2, 1."),
        (["show", "joker@none"], "has no alias 'none'"),
        (["show", "a b"], "Invalid prompt name 'a b'"),
        (["log", "nobody"], "There is no prompt 'nobody'"),
        (["diff", "joker/1"], "prompts:/joker/1 has no version before it"),
        (["diff", "joker/1", "joker/9"], "has no version 9"),
        (["blame", "nobody"], "There is no prompt 'nobody'"),
        (["rollback", "joker"], "'joker' names no alias; expected NAME@ALIAS"),
        (["rollback", "joker@none"], "has no alias 'none'"),
        (["alias", "set", "joker", "champion", "9"], "has no version 9"),
        (["alias", "set", "joker", "latest", "1"], "The alias 'latest' is reserved"),
        (["alias", "delete", "joker", "none"], "has no alias 'none'"),
        (["alias", "log", "nobody"], "There is no prompt 'nobody'"),
        (["register", "x", "-i", "none.txt", "-m", "m"], "none.txt"),
        (["register", "x", "-i", "latin.txt", "-m", "m"], "is not UTF-8"),
        (["push", "none", "-m", "m"], "There is no folder 'none'"),
        (["push", ".", "joker"], "need a message"),
        (["pull", ".", "nobody"], "There is no prompt 'nobody'"),
        (["list", "-f", "bogus = 1"], "bogus"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(quick: Quire, prompts: None, words: list[str], message: str) -> None:
    done = quick("prompts", *words)
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
    assert message in done.err


def test_no_store_is_made_by_looking(cli: Quire, workspace: Path) -> None:
    for words in (["list"], ["show", "x"], ["pull"], ["log", "x"]):
        assert cli("prompts", *words).code == 1
    assert list(workspace.iterdir()) == []


def test_colours_on_a_terminal(on_terminal: OnTerminal, prompts: None) -> None:
    shown = on_terminal("prompts", "diff", "joker/1", "joker/2")
    assert "\x1b[31m[-joke-]" in shown
    assert "Tell me a [-joke-]{+pun+} about {{animal}}." in plain(shown)


def test_text_from_elsewhere_does_not_steer_the_terminal(quick: Quire, workspace: Path) -> None:
    quire.set_tracking_uri(f"sqlite:///{workspace / 'quire.db'}")
    quire.register_prompt("evil", "a \x1b[2J b", "\x1b]0;x")
    quire.register_prompt("evil", "a \x1b[3J c")
    for words in (["show", "evil/1"], ["diff", "evil"], ["blame", "evil"], ["log", "evil"], ["list"]):
        assert "\x1b" not in quick("prompts", *words).out


def test_a_folder_that_may_not_be_written(quick: Quire, prompts: None, read_only_disk: Path) -> None:
    done = quick("prompts", "pull", str(read_only_disk))
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
    assert "Read-only file system" in done.err
