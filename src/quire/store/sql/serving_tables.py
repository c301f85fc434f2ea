"""The tables of what serving keeps; docs/decisions/0401 says why.

Endpoints, trials and deployments are few and read whole: what they are found by is in columns, the rest is JSON. Of
outcomes there is one row for each unit and metric, next to one another for a unit; one that shall never be counted has
no value. Their sums are kept beside them.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from quire.store.sql.tables import ID, TEXT, TIME, metadata, partial_index

_CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False}


def _short(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


endpoints = sa.Table(
    "endpoints",
    metadata,
    sa.Column("name", TEXT, primary_key=True),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column("content", TEXT, nullable=False),
    **_CLUSTERED,
)

trials = sa.Table(
    "trials",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("trial_id", _short(40), nullable=False, unique=True),
    sa.Column("subject", TEXT, nullable=False),
    # Empty for a trial that is not limited to a namespace.
    sa.Column("namespace", TEXT, nullable=False),
    sa.Column("state", _short(16), nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column("content", TEXT, nullable=False),
)
_open = trials.c.state != sa.literal_column("'ended'")
partial_index(
    "ix_trials_open",
    trials.c.subject,
    trials.c.namespace,
    unique=True,
    where=_open,
)
sa.Index("ix_trials_state", trials.c.state, trials.c.id)

served = sa.Table(
    "served",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("response_id", TEXT, nullable=False),
    sa.Column("trace_id", TEXT, nullable=False),
    sa.Column("endpoint", TEXT, nullable=False),
    sa.Column("experiment", TEXT, nullable=False),
    sa.Column("at", TIME, nullable=False),
    sa.Column("trial_id", _short(40)),
    sa.Column("arm", TEXT),
    sa.Column("phase", sa.BigInteger, nullable=False),
    sa.Column("unit", _short(100), nullable=False),
    sa.UniqueConstraint("response_id", "trace_id"),
)
sa.Index("ix_served_trace", served.c.trace_id)

trial_outcomes = sa.Table(
    "trial_outcomes",
    metadata,
    sa.Column("trial", ID, primary_key=True),
    sa.Column("unit", _short(100), primary_key=True),
    sa.Column("metric_id", ID, primary_key=True),
    sa.Column("arm_id", ID),
    sa.Column("phase", sa.BigInteger),
    # NULL where no value of this unit and metric shall ever be counted.
    sa.Column("value", sa.Double),
    sa.Column("at", TIME),
    **_CLUSTERED,
)

trial_tallies = sa.Table(
    "trial_tallies",
    metadata,
    sa.Column("trial", ID, primary_key=True),
    sa.Column("metric_id", ID, primary_key=True),
    sa.Column("arm_id", ID, primary_key=True),
    sa.Column("phase", sa.BigInteger, primary_key=True),
    sa.Column("n", sa.BigInteger, nullable=False),
    sa.Column("total", sa.Double, nullable=False),
    sa.Column("squares", sa.Double, nullable=False),
    **_CLUSTERED,
)

deployments = sa.Table(
    "deployments",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("deployment_id", _short(40), nullable=False, unique=True),
    sa.Column("content", TEXT, nullable=False),
)
