"""The tables of comments. A comment names one thing that it is about, and goes with it.

Whom comments mention is in a table of its own, by name and time: what somebody is asked for most.
"""

from __future__ import annotations

import sqlalchemy as sa

from quire.store.sql.tables import ID, TEXT, TIME, metadata


def _parent(target: str) -> sa.ForeignKey:
    return sa.ForeignKey(target, ondelete="CASCADE")


comments = sa.Table(
    "comments",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column(
        "comment_id",
        sa.String(40).with_variant(sa.String(40, collation="C"), "postgresql"),
        nullable=False,
        unique=True,
    ),
    sa.Column("run_id", ID, _parent("runs.id")),
    sa.Column("model_id", ID, _parent("registered_models.id")),
    sa.Column("trace_id", ID, _parent("traces.id")),
    sa.Column("author", TEXT, nullable=False),
    sa.Column("text", TEXT, nullable=False),
    # A JSON list.
    sa.Column("mentions", TEXT, nullable=False),
    sa.Column("created", TIME, nullable=False),
    sa.Column("edited", TIME),
    sa.Column("deleted", TIME),
)
sa.Index("ix_comments_run", comments.c.run_id, comments.c.id)
sa.Index("ix_comments_model", comments.c.model_id, comments.c.id)
sa.Index("ix_comments_trace", comments.c.trace_id, comments.c.id)

comment_mentions = sa.Table(
    "comment_mentions",
    metadata,
    sa.Column("name", TEXT, primary_key=True),
    sa.Column("created", TIME, primary_key=True, autoincrement=False),
    sa.Column("comment_id", ID, _parent("comments.id"), primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
sa.Index("ix_comment_mentions_comment", comment_mentions.c.comment_id)
