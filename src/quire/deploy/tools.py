"""Running the tools that carry a deployment out, where they are installed."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from quire.domain.errors import InvalidState

Command = list[str]
BUILDERS = ("docker", "podman")
"""Programs that build and run images, by preference; they take the same arguments."""
_STANDARD_ERROR = 2


def builder() -> str:
    """The builder that is installed; docker, to be named in what is said, where none is."""
    return next((name for name in BUILDERS if shutil.which(name)), BUILDERS[0])


def shown(commands: Sequence[Command]) -> list[str]:
    """Commands as a shell takes them."""
    return [shlex.join(command) for command in commands]


def has(commands: Sequence[Command]) -> bool:
    """Whether the tools of these commands are installed."""
    return all(shutil.which(command[0]) is not None for command in commands)


def run(commands: Sequence[Command], folder: Path) -> None:
    """Run commands one after the other in a folder; what they print goes to standard error.

    Raises InvalidState, saying what to run by hand, if a tool is not installed, and for a command that fails.
    """
    absent = sorted({command[0] for command in commands if shutil.which(command[0]) is None})
    if absent:
        by_hand = " && ".join(shown(commands))
        raise InvalidState(
            f"{' and '.join(absent)} is not installed here, so that nothing was run. The files are in {folder}; where "
            f"it is installed, run there: {by_hand}"
        )
    for command in commands:
        done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=_STANDARD_ERROR, check=False)  # noqa: S603
        if done.returncode:
            raise InvalidState(f"`{shlex.join(command)}` ended with the exit code {done.returncode}.")
