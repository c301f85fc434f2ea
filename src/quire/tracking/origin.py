"""Where a run comes from: the tags that say who started it, with which program, at which commit.

Keys and values are MLflow's system tags.
"""

from __future__ import annotations

import getpass
import os
import sys
from functools import lru_cache
from pathlib import Path

import msgspec

from quire.domain.errors import InvalidInput
from quire.tracking.git import commit_of

USER = "mlflow.user"
SOURCE_NAME = "mlflow.source.name"
SOURCE_TYPE = "mlflow.source.type"
COMMIT = "mlflow.source.git.commit"
RUN_NAME = "mlflow.runName"
PARENT = "mlflow.parentRunId"
NOTE = "mlflow.note.content"
CONTEXT_VARIABLES = ("QUIRE_RUN_CONTEXT", "MLFLOW_RUN_CONTEXT")


def origin_tags() -> dict[str, str]:
    """The system tags of whatever this process makes, with those that the environment adds."""
    return {**_process_tags(sys.argv[0] if sys.argv else ""), **_context_tags()}


@lru_cache(maxsize=1)
def user() -> str:
    """The name of the user whose process this is; "unknown" where the system has no name."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"


@lru_cache(maxsize=8)
def _process_tags(program: str) -> dict[str, str]:
    tags = {USER: user(), SOURCE_NAME: program or "<console>", SOURCE_TYPE: "LOCAL"}
    if "ipykernel" in sys.modules:
        tags |= {SOURCE_NAME: os.environ.get("JPY_SESSION_NAME", "<notebook>"), SOURCE_TYPE: "NOTEBOOK"}
    folder = Path(program).absolute().parent if program and Path(program).exists() else None
    commit = commit_of(folder) if folder else None
    return {**tags, COMMIT: commit} if commit else tags


def _context_tags() -> dict[str, str]:
    for name in CONTEXT_VARIABLES:
        if text := os.environ.get(name):
            try:
                return msgspec.json.decode(text, type=dict[str, str])
            except msgspec.MsgspecError as error:
                raise InvalidInput(
                    f'{name} must hold a JSON object of texts, such as {{"team": "a"}}: {error}.'
                ) from None
    return {}
