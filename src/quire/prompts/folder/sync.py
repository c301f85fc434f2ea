"""Keeping a folder of prompt files and the registry in step, prompt by prompt, in either direction.

Each prompt has three states: its file, its newest version, and what both were when they were last in step: the lock
file says that; where it does not (a lock merged by hand, a command that was killed), the version that the file names
does. What changed on one side only is carried over; what changed on both is a conflict, and left alone without
``force``. A step that was done is not done again, so a command that was killed is simply run again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from quire.domain.errors import InvalidInput, NotFound, QuireError
from quire.domain.promptdiff import PromptDiff, diff_prompts
from quire.prompts.folder.content import PromptContent, content_of, nested_config
from quire.prompts.folder.disk import FoundFile, read_files, replace_file
from quire.prompts.folder.filenames import file_name
from quire.prompts.folder.lockfile import LockEntry, read_lock, write_lock
from quire.prompts.folder.standing import Standing, standing
from quire.prompts.folder.text import read_text, write_text
from quire.prompts.registering import register_prompt
from quire.tracking import Client

Action = Literal["written", "registered", "left", "refused"]
_VERSION_LINE = re.compile(r"^version[ \t]*:.*$", re.MULTILINE)
_NAME_LINE = re.compile(r"^name[ \t]*:.*$", re.MULTILINE)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of one prompt, and what was done. ``version`` is the newest one, after it was done.

    ``diff`` goes from the file to the registry when pulling, from the registry to the file when pushing: what would be,
    or was, carried over. ``refused`` is a conflict that needs ``force``, or a prompt that no file can hold (``note``).
    """

    name: str
    standing: Standing
    action: Action
    file: str | None = None
    version: int | None = None
    diff: PromptDiff | None = None
    note: str = ""


class SyncReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a pull or a push did, or with ``dry_run`` would do; prompts that are in step are only counted."""

    direction: Literal["pull", "push"]
    dry_run: bool
    in_step: int
    outcomes: list[Outcome]

    @property
    def refused(self) -> list[Outcome]:
        """What was left undone for a conflict."""
        return [outcome for outcome in self.outcomes if outcome.action == "refused"]


def pull(
    folder: str | Path, *, names: Sequence[str] | None = None, force: bool = False, dry_run: bool = False
) -> SyncReport:
    """Write what is new in the registry into the folder.

    Only ``names`` if given. With ``force`` the registry wins where both changed, and files that were deleted come
    back. Files of prompts that are gone from the registry stay. Raises NotFound for a name that neither side has,
    InvalidInput for a file that cannot be read; then nothing is changed.
    """
    sync = _Sync(Path(folder), dry_run=dry_run)
    return sync.report("pull", names, lambda item: _pulled(sync, item, force=force))


def push(
    folder: str | Path,
    *,
    message: str | None = None,
    names: Sequence[str] | None = None,
    force: bool = False,
    dry_run: bool = False,
) -> SyncReport:
    """Register what is new in the folder: a version for each file that changed, with ``message``.

    With ``force`` the files win where both changed (the versions between stay in the registry, as all do), and prompts
    that are gone from the registry are registered anew. Nothing is ever deleted there. Raises as :func:`pull`, and
    InvalidInput without a message.
    """
    if not dry_run and not (message and message.strip()):
        raise InvalidInput("A push makes new versions, which need a message: why were the prompts changed?")
    sync = _Sync(Path(folder), dry_run=dry_run)
    return sync.report("push", names, lambda item: _pushed(sync, item, message or "", force=force))


class _Item(msgspec.Struct, frozen=True, kw_only=True):
    """One prompt on both sides."""

    name: str
    file: FoundFile | None
    there: PromptContent | None
    version: int | None
    standing: Standing

    def outcome(self, action: Action, note: str = "", *, push: bool = False) -> Outcome:
        here = self.file.prompt.content if self.file else None
        diff = None
        if here and self.there and self.standing != "in step":
            diff = diff_prompts(self.there, here) if push else diff_prompts(here, self.there)
        return Outcome(
            name=self.name,
            standing=self.standing,
            action=action,
            file=self.file.path if self.file else None,
            version=self.version,
            diff=diff,
            note=note,
        )


def _pulled(sync: _Sync, item: _Item, *, force: bool) -> Outcome:
    wanted = item.standing in ("changed there", "new there")
    forced = force and item.standing in ("conflict", "gone here")
    if item.there is None or not (wanted or forced):
        return item.outcome("refused" if item.standing == "conflict" else "left")
    try:
        file = sync.write(item)
    except _NotWritable as error:
        return item.outcome("refused", str(error))
    return msgspec.structs.replace(item.outcome("written"), file=file)


def _pushed(sync: _Sync, item: _Item, message: str, *, force: bool) -> Outcome:
    wanted = item.standing in ("changed here", "new here")
    forced = force and item.standing in ("conflict", "gone there")
    if item.file is None or not (wanted or forced):
        return item.outcome("refused" if item.standing == "conflict" else "left", push=True)
    version, note = sync.register(item, item.file, message)
    return msgspec.structs.replace(item.outcome("registered", note, push=True), version=version)


class _NotWritable(Exception):
    """A prompt that no file can hold; MLflow's client stores some that Quire would refuse."""


class _Sync:
    """The folder and the registry during one command."""

    def __init__(self, folder: Path, *, dry_run: bool) -> None:
        if folder.exists() and not folder.is_dir():
            raise InvalidInput(f"{folder} is a file; expected a folder of prompt files.")
        self._folder = folder
        self._dry_run = dry_run
        self._client = Client()
        self._files = read_files(folder)
        self._lock = read_lock(folder)
        self._taken = {file.path.lower() for file in self._files.values()}

    def report(
        self, direction: Literal["pull", "push"], names: Sequence[str] | None, step: Callable[[_Item], Outcome]
    ) -> SyncReport:
        """Go through the prompts. What was done is kept in the lock file, however this ends."""
        chosen = self._chosen(names)
        in_step = 0
        outcomes: list[Outcome] = []
        try:
            for name in chosen:
                item = self._item(name)
                if item.standing == "in step":
                    in_step += 1
                    self._note_in_step(item)
                elif item.standing == "gone":
                    self._lock.pop(name, None)
                else:
                    outcomes.append(step(item))
        finally:
            if not self._dry_run and (self._lock or self._folder.exists()):
                write_lock(self._folder, self._lock)
        return SyncReport(direction=direction, dry_run=self._dry_run, in_step=in_step, outcomes=outcomes)

    def write(self, item: _Item) -> str:
        """Write the newest version to its file, and say which that is."""
        assert item.there is not None and item.version is not None  # noqa: PT018 - for the type checker
        path = item.file.path if item.file else self._free_path(item.name)
        text = _checked_text(item.there, item.version, path)
        if not self._dry_run:
            replace_file(self._folder / path, text.encode(), item.file.data if item.file else None)
            self._note(item.name, path, item.version, item.there.digest)
        self._taken.add(path.lower())
        return path

    def register(self, item: _Item, file: FoundFile, message: str) -> tuple[int | None, str]:
        """Make a version of a file, and note its number in the file."""
        content = file.prompt.content
        if self._dry_run:
            return item.version, ""
        made = register_prompt(
            content.name,
            content.template,
            message,
            content.tags,
            content.response_format,
            nested_config(content.model_config),
            params=content.params,
        )
        self._set_version(file, made.version)
        self._note(item.name, file.path, made.version, content_of(made).digest)
        expected = (item.version or 0) + 1
        if item.version is None or made.version == expected:
            return made.version, ""
        return made.version, f"somebody registered version {expected} meanwhile; compare it with {made.version}"

    def _chosen(self, names: Sequence[str] | None) -> list[str]:
        known = set(self._files) | set(self._lock)
        if names is None:
            return sorted(known | set(self._names_there()))
        for name in names:
            if name not in known and self._client.get_prompt(name) is None:
                raise NotFound(f"There is no prompt {name!r}, neither in {self._folder} nor in the registry.")
        return sorted(set(names))

    def _names_there(self) -> Iterator[str]:
        token: str | None = None
        while True:
            page = self._client.search_prompts(page_token=token)
            yield from (prompt.name for prompt in page)
            token = page.token
            if token is None:
                return

    def _item(self, name: str) -> _Item:
        file = self._files.get(name)
        newest = self._client.load_prompt(name, allow_missing=True)
        there = content_of(newest) if newest else None
        return _Item(
            name=name,
            file=file,
            there=there,
            version=newest.version if newest else None,
            standing=standing(
                file.prompt.content.digest if file else None,
                there.digest if there else None,
                self._base(name, file),
            ),
        )

    def _base(self, name: str, file: FoundFile | None) -> str | None:
        """The digest of what was last in step: the lock's, if it speaks of the version that the file names."""
        entry = self._lock.get(name)
        stated = file.prompt.version if file else None
        if entry is not None and stated in (None, entry.version):
            return entry.digest
        if stated is None:
            return None
        version = self._client.load_prompt(name, stated, allow_missing=True)
        return content_of(version).digest if version else None

    def _note_in_step(self, item: _Item) -> None:
        if self._dry_run or item.file is None or item.version is None or item.there is None:
            return
        if item.file.prompt.version != item.version:
            self._set_version(item.file, item.version)
        self._note(item.name, item.file.path, item.version, item.there.digest)

    def _note(self, name: str, path: str, version: int, digest: str) -> None:
        self._lock[name] = LockEntry(path, version, digest)

    def _set_version(self, file: FoundFile, version: int) -> None:
        """Change the one line of the file that names its version; comments and layout stay."""
        text = file.data.decode("utf-8-sig")
        end = "\r" if "\r\n" in text else ""
        line = f"version: {version}{end}"
        head, fence, rest = text.partition("\n---")
        if _VERSION_LINE.search(head):
            head = _VERSION_LINE.sub(line, head, count=1)
        else:
            head = _NAME_LINE.sub(lambda match: f"{match.group().rstrip()}{end}\n{line}", head, count=1)
        replace_file(self._folder / file.path, f"{head}{fence}{rest}".encode(), file.data)

    def _free_path(self, name: str) -> str:
        entry = self._lock.get(name)
        if entry is not None and entry.file.lower() not in self._taken and _is_inside(entry.file):
            return entry.file
        return file_name(name, self._taken)


def _is_inside(path: str) -> bool:
    parts = Path(path).parts
    return bool(parts) and not Path(path).is_absolute() and ".." not in parts


def _checked_text(content: PromptContent, version: int, path: str) -> str:
    """The text of a file, which is known to read back as the same prompt."""
    text = write_text(content, version)
    try:
        same = read_text(text, path).content.digest == content.digest
    except QuireError as error:
        raise _NotWritable(error.message) from None
    if not same:
        raise _NotWritable("a file of it would not read back as the same prompt")
    return text
