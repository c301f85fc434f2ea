"""A folder and a registry: what is carried over, what is left, what is refused."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

import quire
from quire.domain.entities import Tag
from quire.domain.errors import InvalidInput, InvalidState, NotFound
from quire.domain.schema import ParamSchema, ParamSpec
from quire.prompts.folder import SyncReport, pull, push
from quire.prompts.folder.lockfile import NAME, read_lock

CHAT = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "A joke about {{animal}}."}]


def told(report: SyncReport) -> list[tuple[str, str, str]]:
    return [(outcome.name, outcome.standing, outcome.action) for outcome in report.outcomes]


@pytest.fixture
def pulled(folder: Path) -> Path:
    """The file of a prompt that is in step."""
    quire.register_prompt("joker", CHAT, "first")
    pull(folder)
    return folder / "joker.prompt"


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_a_pull_writes_a_file_for_each_prompt(folder: Path) -> None:
    quire.register_prompt("joker", CHAT, "first")
    quire.register_prompt("tone", "Speak plainly.")
    assert told(pull(folder)) == [("joker", "new there", "written"), ("tone", "new there", "written")]
    assert sorted(path.name for path in folder.iterdir()) == ["joker.prompt", NAME, "tone.prompt"]
    assert "A joke about {{animal}}." in (folder / "joker.prompt").read_text()
    again = pull(folder)
    assert (again.in_step, again.outcomes) == (2, [])


def test_a_push_makes_a_version_of_what_changed_and_notes_its_number(pulled: Path, folder: Path) -> None:
    edit(pulled, "name: joker\n", "name: joker  # of the fun team\n")
    edit(pulled, "A joke about", "A pun about")
    report = push(folder, message="puns")
    assert told(report) == [("joker", "changed here", "registered")]
    version = quire.load_prompt("joker")
    assert (version.version, version.commit_message) == (2, "puns")
    assert version.template[1]["content"] == "A pun about {{animal}}."  # type: ignore[index]
    text = pulled.read_text()
    assert "name: joker  # of the fun team\nversion: 2\n" in text
    assert told(push(folder, message="again")) == []
    assert quire.load_prompt("joker").version == 2


def test_a_new_file_becomes_a_prompt_with_all_it_says(folder: Path) -> None:
    folder.mkdir()
    (folder / "any name.prompt").write_text(
        "---\nname: solver\nmodel_config: {model_name: gpt-4o-mini, extra_params: {top_a: 1}}\n"
        "response_format: {type: object}\nparams: {temperature: {type: double, default: 0.5, maximum: 1}}\n"
        "tags: {team: maths}\n---\nSolve {{task}}.\n"
    )
    assert told(push(folder, message="first")) == [("solver", "new here", "registered")]
    version = quire.load_prompt("solver")
    assert version.template == "Solve {{task}}."
    assert version.model_config == {"model_name": "gpt-4o-mini", "top_a": 1}
    assert version.response_format == {"type": "object"}
    assert version.params == ParamSchema([ParamSpec("temperature", "double", 0.5, maximum=1)])
    assert version.tags == {"team": "maths"}
    assert "name: solver\nversion: 1\n" in (folder / "any name.prompt").read_text()
    assert (push(folder, message="again").in_step, pull(folder).in_step) == (1, 1)


def test_what_changed_in_the_registry_is_pulled_where_the_file_lies(pulled: Path, folder: Path) -> None:
    moved = folder / "fun" / "a.prompt"
    moved.parent.mkdir()
    pulled.rename(moved)
    quire.register_prompt("joker", "A joke.", "shorter")
    assert told(push(folder, message="m")) == [("joker", "changed there", "left")]
    assert told(pull(folder)) == [("joker", "changed there", "written")]
    assert moved.read_text().endswith("---\n\nA joke.\n")
    assert not pulled.exists()
    assert read_lock(folder)["joker"].file == "fun/a.prompt"


def test_a_conflict_is_shown_and_left(pulled: Path, folder: Path) -> None:
    edit(pulled, "A joke about", "A pun about")
    quire.register_prompt("joker", [CHAT[0], {"role": "user", "content": "A riddle about {{animal}}."}])
    before = pulled.read_bytes()
    for report in (pull(folder), push(folder, message="m")):
        assert told(report) == [("joker", "conflict", "refused")]
        diff = report.refused[0].diff
        assert diff is not None
        pieces = diff.messages[0].changes[0].pieces or []
        assert {piece.text for piece in pieces if piece.op != "same"} == {"pun", "riddle"}
    assert pulled.read_bytes() == before
    assert quire.load_prompt("joker").version == 2


def test_the_registry_wins_a_conflict_by_force(pulled: Path, folder: Path) -> None:
    edit(pulled, "A joke about", "A pun about")
    quire.register_prompt("joker", "A riddle.")
    assert told(pull(folder, force=True)) == [("joker", "conflict", "written")]
    assert pulled.read_text().endswith("A riddle.\n")
    assert (pull(folder).in_step, push(folder, message="m").in_step) == (1, 1)


def test_the_file_wins_a_conflict_by_force_and_the_other_version_stays(pulled: Path, folder: Path) -> None:
    edit(pulled, "A joke about", "A pun about")
    quire.register_prompt("joker", "A riddle.")
    assert told(push(folder, message="m", force=True)) == [("joker", "conflict", "registered")]
    assert quire.load_prompt("joker", 2).template == "A riddle."
    assert quire.load_prompt("joker").version == 3
    assert pull(folder).in_step == 1


def test_the_same_change_on_both_sides_is_no_conflict(pulled: Path, folder: Path) -> None:
    edit(pulled, "A joke about", "A pun about")
    quire.register_prompt("joker", [CHAT[0], {"role": "user", "content": "A pun about {{animal}}."}])
    assert pull(folder).in_step == 1
    assert "version: 2\n" in pulled.read_text()


def test_conflicts_do_not_keep_other_prompts_back(pulled: Path, folder: Path) -> None:
    edit(pulled, "A joke about", "A pun about")
    quire.register_prompt("joker", "A riddle.")
    quire.register_prompt("tone", "Speak plainly.")
    assert told(pull(folder)) == [("joker", "conflict", "refused"), ("tone", "new there", "written")]


def test_a_dry_run_changes_nothing(pulled: Path, folder: Path) -> None:
    edit(pulled, "A joke about", "A pun about")
    quire.register_prompt("tone", "Speak plainly.")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    report = pull(folder, dry_run=True)
    assert told(report) == [("joker", "changed here", "left"), ("tone", "new there", "written")]
    assert told(push(folder, dry_run=True))[0] == ("joker", "changed here", "registered")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert quire.load_prompt("joker").version == 1
    assert not pull(folder.with_name("none"), dry_run=True).refused
    assert not folder.with_name("none").exists()


def test_a_file_that_was_deleted_stays_away_until_it_is_wanted(pulled: Path, folder: Path) -> None:
    pulled.unlink()
    for report in (pull(folder), push(folder, message="m")):
        assert told(report) == [("joker", "gone here", "left")]
    assert quire.load_prompt("joker").version == 1
    assert told(pull(folder, force=True)) == [("joker", "gone here", "written")]
    assert pulled.exists()


def test_a_prompt_that_was_deleted_leaves_its_file(pulled: Path, folder: Path) -> None:
    quire.delete_prompt("joker")
    for report in (pull(folder, force=True), push(folder, message="m")):
        assert told(report) == [("joker", "gone there", "left")]
    assert told(push(folder, message="m", force=True)) == [("joker", "gone there", "registered")]
    assert quire.load_prompt("joker").template == CHAT
    assert pull(folder).in_step == 1


def test_deleted_here_and_changed_there_is_a_conflict(pulled: Path, folder: Path) -> None:
    pulled.unlink()
    quire.register_prompt("joker", "A riddle.")
    assert told(pull(folder)) == [("joker", "conflict", "refused")]
    assert told(pull(folder, force=True)) == [("joker", "conflict", "written")]


def test_without_a_lock_file_the_version_of_the_file_is_what_was_in_step(pulled: Path, folder: Path) -> None:
    (folder / NAME).unlink()
    edit(pulled, "A joke about", "A pun about")
    assert told(push(folder, message="m")) == [("joker", "changed here", "registered")]
    (folder / NAME).unlink()
    quire.register_prompt("joker", "A riddle.")
    assert told(pull(folder)) == [("joker", "changed there", "written")]


def test_a_lock_merged_by_hand_does_not_outweigh_the_file(pulled: Path, folder: Path) -> None:
    old = pulled.read_bytes()
    quire.register_prompt("joker", "A riddle.")
    pull(folder)
    pulled.write_bytes(old)  # as when git took the file of one branch and the lock of another
    assert told(push(folder, message="m")) == [("joker", "changed there", "left")]
    assert quire.load_prompt("joker").version == 2


def test_parts_are_kept_as_they_are_written(folder: Path) -> None:
    quire.register_prompt("tone", "Speak plainly.")
    quire.set_prompt_alias("tone", "prod", 1)
    quire.register_prompt("joker", "{{> tone@prod }} A joke.")
    pull(folder)
    file = folder / "joker.prompt"
    assert "{{> tone@prod }} A joke." in file.read_text()
    edit(file, "A joke.", "A pun.")
    push(folder, message="m", names=["joker"])
    assert quire.load_prompt("joker").template == "Speak plainly. A pun."
    assert pull(folder).in_step == 2


def test_only_the_named_prompts(pulled: Path, folder: Path) -> None:
    quire.register_prompt("tone", "Speak plainly.")
    quire.register_prompt("other", "Other.")
    assert told(pull(folder, names=["tone", "joker"])) == [("tone", "new there", "written")]
    with pytest.raises(NotFound, match="'nobody', neither in"):
        pull(folder, names=["nobody"])


def test_names_that_differ_in_case_alone_have_two_files(folder: Path) -> None:
    quire.register_prompt("tone", "a")
    quire.register_prompt("Tone", "b")
    pull(folder)
    files = [path.name.lower() for path in folder.glob("*.prompt")]
    assert len(set(files)) == 2
    assert pull(folder).in_step == 2


def test_a_push_needs_a_message_and_a_sound_folder(pulled: Path, folder: Path) -> None:
    for message in (None, "", " \n"):
        with pytest.raises(InvalidInput, match="need a message"):
            push(folder, message=message)
    (folder / "copy.prompt").write_bytes(pulled.read_bytes())
    with pytest.raises(InvalidInput, match="are both named 'joker'"):
        push(folder, message="m")
    (folder / "copy.prompt").write_text("Hello")
    quire.register_prompt("joker", "A riddle.")
    before = pulled.read_bytes()
    for run in (lambda: pull(folder, force=True), lambda: push(folder, message="m")):
        with pytest.raises(InvalidInput, match=r"copy\.prompt is no prompt file"):
            run()
    assert pulled.read_bytes() == before
    (folder / "copy.prompt").write_bytes(b"\xff")
    with pytest.raises(InvalidInput, match="not UTF-8"):
        pull(folder)
    with pytest.raises(InvalidInput, match="is a file; expected a folder"):
        pull(pulled)


def test_hidden_files_and_other_files_are_passed_over(pulled: Path, folder: Path) -> None:
    (folder / ".git").mkdir()
    for name in (".git/x.prompt", ".x.prompt", "README.md"):
        (folder / name).write_text("Hello")
    assert pull(folder).in_step == 1


def test_a_prompt_of_another_client_that_no_file_can_hold_is_told(folder: Path) -> None:
    client = quire.Client()
    client.create_registered_model("odd", tags={"mlflow.prompt.is_prompt": "true"})
    tags = [Tag("mlflow.prompt.is_prompt", "true"), Tag("_mlflow_prompt_type", "text"), Tag("mlflow.prompt.text", " ")]
    client.registry_store.create_model_version("odd", "dummy-source", tags=tags)
    report = pull(folder)
    assert told(report) == [("odd", "new there", "refused")]
    assert "The template is empty" in report.refused[0].note
    assert not (folder / "odd.prompt").exists()


def test_a_lock_file_names_no_place_outside_the_folder(pulled: Path, folder: Path) -> None:
    lock = folder / NAME
    lock.write_text(lock.read_text().replace("joker.prompt", "../evil.prompt"))
    pulled.unlink()
    pull(folder, force=True)
    assert pulled.exists()
    assert not (folder.parent / "evil.prompt").exists()


def test_a_file_edited_meanwhile_is_not_overwritten(pulled: Path, folder: Path) -> None:
    from quire.prompts.folder.disk import read_files, replace_file

    found = read_files(folder)["joker"]
    edit(pulled, "A joke about", "A pun about")
    with pytest.raises(InvalidState, match="was changed while"):
        replace_file(pulled, b"other", found.data)
    assert "A pun about" in pulled.read_text()
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []


def test_line_ends_of_windows_stay(pulled: Path, folder: Path) -> None:
    text = pulled.read_text().replace("A joke about", "A pun about")
    pulled.write_bytes(text.replace("\n", "\r\n").encode())
    push(folder, message="m")
    data = pulled.read_bytes()
    assert b"version: 2\r\n" in data
    assert data.count(b"\n") == data.count(b"\r\n") == text.count("\n")
    assert quire.load_prompt("joker").template[1]["content"] == "A pun about {{animal}}."  # type: ignore[index]


def test_a_version_that_came_between_is_told(pulled: Path, folder: Path) -> None:
    from quire.prompts.folder.sync import _Sync

    edit(pulled, "A joke about", "A pun about")
    sync = _Sync(folder, dry_run=False)
    item = sync._item("joker")
    quire.register_prompt("joker", "A riddle.")
    assert item.file is not None
    version, note = sync.register(item, item.file, "m")
    assert (version, note) == (3, "somebody registered version 2 meanwhile; compare it with 3")


def fill(file: Path) -> None:
    """Write to a file until its disk is full."""
    with contextlib.suppress(OSError), file.open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(4096))


def test_a_full_disk_leaves_the_files_as_they_were(small_disk: Path) -> None:
    quire.register_prompt("joker", "A joke.")
    pull(small_disk)
    before = (small_disk / "joker.prompt").read_bytes()
    quire.register_prompt("joker", "A long joke. " * 5000)
    fill(small_disk / "filler")
    with pytest.raises(OSError, match="No space left"):
        pull(small_disk)
    assert (small_disk / "joker.prompt").read_bytes() == before
    assert sorted(path.name for path in small_disk.iterdir()) == ["filler", "joker.prompt", NAME]
    (small_disk / "filler").unlink()
    assert told(pull(small_disk)) == [("joker", "changed there", "written")]
