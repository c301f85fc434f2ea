"""Closed sets of words as the classes of constants that scripts written for MLflow use.

The constants are the words themselves, except those of ViewType, which MLflow numbers.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from quire.domain.errors import InvalidInput


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


class SpanType:
    """Kinds of work that a span may be; any other text is a kind too."""

    LLM: Final = "LLM"
    CHAT_MODEL: Final = "CHAT_MODEL"
    EMBEDDING: Final = "EMBEDDING"
    CHAIN: Final = "CHAIN"
    AGENT: Final = "AGENT"
    TOOL: Final = "TOOL"
    RETRIEVER: Final = "RETRIEVER"
    RERANKER: Final = "RERANKER"
    PARSER: Final = "PARSER"
    MEMORY: Final = "MEMORY"
    WORKFLOW: Final = "WORKFLOW"
    TASK: Final = "TASK"
    GUARDRAIL: Final = "GUARDRAIL"
    EVALUATOR: Final = "EVALUATOR"
    UNKNOWN: Final = "UNKNOWN"


class SpanLogLevel(IntEnum):
    """How much a span matters to who reads a trace."""

    DEBUG = 10
    INFO = 20
    WARNING = 30
    ERROR = 40
    CRITICAL = 50

    @classmethod
    def from_value(cls, value: object) -> SpanLogLevel:
        """A level by its name, in any case, or its number. InvalidInput for another value."""
        try:
            return cls[value.strip().upper()] if isinstance(value, str) else cls(value)  # type: ignore[arg-type]
        except (KeyError, ValueError):
            known = ", ".join(level.name for level in cls)
            raise InvalidInput(f"{str(value)[:60]!r} is no log level of a span; expected one of {known}.") from None


class SpanStatusCode:
    """How a span went."""

    UNSET: Final = "UNSET"
    OK: Final = "OK"
    ERROR: Final = "ERROR"


class TraceState:
    """How a trace went, or that it has not ended."""

    STATE_UNSPECIFIED: Final = "STATE_UNSPECIFIED"
    OK: Final = "OK"
    ERROR: Final = "ERROR"
    IN_PROGRESS: Final = "IN_PROGRESS"


class AssessmentSourceType:
    """What judged a trace: a person, code, or a model."""

    HUMAN: Final = "HUMAN"
    CODE: Final = "CODE"
    LLM_JUDGE: Final = "LLM_JUDGE"
    SOURCE_TYPE_UNSPECIFIED: Final = "SOURCE_TYPE_UNSPECIFIED"
