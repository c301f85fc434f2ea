"""Deployments in SQL: a list that only grows."""

from __future__ import annotations

import msgspec

from quire.domain.deployment_checks import checked_deployment
from quire.domain.endpoints import Deployment
from quire.domain.errors import AlreadyExists
from quire.domain.ids import new_deployment_id, now_ms
from quire.store.sql.serving_outcomes import SqlOutcomes
from quire.store.sql.statement import Statement

_ADD = Statement(
    """INSERT INTO deployments (deployment_id, content) VALUES (:deployment, :content)
    ON CONFLICT DO NOTHING RETURNING id"""
)
_ALL = Statement("SELECT content FROM deployments ORDER BY id DESC")
_decoder = msgspec.json.Decoder(Deployment)


class SqlDeployments(SqlOutcomes):
    """The part of a store that keeps what was deployed."""

    def record_deployment(self, deployment: Deployment) -> Deployment:
        """Note that something was deployed; the id and the time are the store's where they are not given."""
        given = checked_deployment(deployment)
        made = msgspec.structs.replace(
            given,
            deployment_id=given.deployment_id or new_deployment_id(),
            creation_time=given.creation_time or now_ms(),
        )
        with self._database.write() as session:
            content = msgspec.json.encode(made).decode()
            if session.row(_ADD, (made.deployment_id, content)) is None:
                raise AlreadyExists(f"A deployment has the id {made.deployment_id!r} already. Leave the id empty.")
        return made

    def list_deployments(self) -> list[Deployment]:
        """Deployments, newest first."""
        with self._database.read() as session:
            return [_decoder.decode(content) for (content,) in session.rows(_ALL)]
