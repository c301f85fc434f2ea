"""The commit of a working copy, read from the files of ``.git`` without starting a process."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?\Z")


@lru_cache(maxsize=64)
def commit_of(folder: Path) -> str | None:
    """The commit checked out in the repository around ``folder``; None outside of one. Read once a process."""
    try:
        for place in (folder, *folder.parents):
            if (place / ".git").exists():
                return _head(_git_folder(place / ".git"))
    except OSError:
        return None
    return None


def _git_folder(entry: Path) -> Path:
    """The repository's folder; in a worktree or submodule ``.git`` is a file that names it."""
    if entry.is_dir():
        return entry
    target = entry.read_text().removeprefix("gitdir:").strip()
    return (entry.parent / target).resolve()


def _head(git: Path) -> str | None:
    head = (git / "HEAD").read_text().strip()
    if not head.startswith("ref:"):
        return head if _COMMIT.match(head) else None
    name = head.removeprefix("ref:").strip()
    common = git / (git / "commondir").read_text().strip() if (git / "commondir").exists() else git
    return _loose(git / name) or _loose(common / name) or _packed(common, name)


def _loose(file: Path) -> str | None:
    try:
        text = file.read_text().strip()
    except OSError:
        return None
    return text if _COMMIT.match(text) else None


def _packed(git: Path, name: str) -> str | None:
    file = git / "packed-refs"
    if not file.exists():
        return None
    lines = (line.split(" ", 1) for line in file.read_text().splitlines() if " " in line)
    return next((commit for commit, ref in lines if ref == name and _COMMIT.match(commit)), None)
