"""Closed sets of words as the classes of constants that scripts written for MLflow use.

The constants are the words themselves, except those of ViewType, which MLflow numbers.
"""

from __future__ import annotations

from typing import Final


class ViewType:
    """Which runs or experiments a search shows."""

    ACTIVE_ONLY: Final = 1
    DELETED_ONLY: Final = 2
    ALL: Final = 3


class RunStatus:
    """The states of a run."""

    RUNNING: Final = "RUNNING"
    SCHEDULED: Final = "SCHEDULED"
    FINISHED: Final = "FINISHED"
    FAILED: Final = "FAILED"
    KILLED: Final = "KILLED"

    @staticmethod
    def to_string(status: str) -> str:
        """The status, which is a word already."""
        return status

    @staticmethod
    def from_string(status: str) -> str:
        """The status, which is a word already."""
        return status

    @staticmethod
    def is_terminated(status: str) -> bool:
        """Whether a run in this state has ended."""
        return status in (RunStatus.FINISHED, RunStatus.FAILED, RunStatus.KILLED)


class LifecycleStage:
    """Whether a thing is in use or deleted."""

    ACTIVE: Final = "active"
    DELETED: Final = "deleted"


class LoggedModelStatus:
    """Whether a logged model's files are complete."""

    PENDING: Final = "PENDING"
    READY: Final = "READY"
    FAILED: Final = "FAILED"


class SourceType:
    """What kind of program started a run."""

    NOTEBOOK: Final = "NOTEBOOK"
    JOB: Final = "JOB"
    LOCAL: Final = "LOCAL"
    PROJECT: Final = "PROJECT"
