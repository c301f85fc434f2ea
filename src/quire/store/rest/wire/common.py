"""What the messages of several resources share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quire.domain.entities import Metric, Param, Tag
from quire.domain.errors import InvalidInput
from quire.domain.protojson import Int64, Message, Required

if TYPE_CHECKING:
    GivenTag = Tag
    GivenParam = Param
    GivenMetric = Metric
else:
    # To a caller they are tags, params and metrics; of what arrives they ask what MLflow asks.
    class GivenTag(Tag, frozen=True):
        """A tag in a request; without a value its text is empty."""

        key: Required
        value: str = ""

    class GivenParam(Param, frozen=True):
        """A param in a request; without a value its text is empty."""

        key: Required
        value: str = ""

    class GivenMetric(Metric, frozen=True, kw_only=True):
        """A metric in a request; it must say when it was measured."""

        key: Required
        value: float
        timestamp: Int64
        step: Int64 = 0


class Empty(Message, frozen=True, kw_only=True):
    """A request or an answer without fields."""


class OfRun(Message, frozen=True, kw_only=True):
    """A request about one run, named by ``run_id``, by the older ``run_uuid``, or, as MLflow's client does, by both."""

    run_id: str = ""
    run_uuid: str = ""

    @property
    def run(self) -> str:
        """The run's id. Raises InvalidInput if neither field is given."""
        run_id = self.run_id or self.run_uuid
        if not run_id:
            raise InvalidInput(
                "Missing value for required parameter 'run_id'. See the API docs for more information about request "
                "parameters."
            )
        return run_id
