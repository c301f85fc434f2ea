"""What an MLflow database holds that Quire does not take, so that nobody misses it unawares."""

from __future__ import annotations

from quire.importing.database import MlflowDatabase
from quire.importing.places import Places

_TABLES = {
    "scorers": "scorers, which are code kept as text",
    "webhooks": "webhooks",
    "endpoints": "endpoints of the AI gateway",
    "secrets": "secrets of the AI gateway",
    "jobs": "jobs",
    "issues": "issues",
    "review_queues": "review queues",
    "label_schemas": "schemas of labels",
    "guardrails": "guardrails",
    "mcp_servers": "MCP servers",
}


def left_out(source: MlflowDatabase, places: Places) -> list[str]:
    """Each thing that stays behind, and why."""
    said = []
    for table, words in _TABLES.items():
        count = source.value(f"SELECT count(*) FROM {table}") if source.has(table) else 0  # noqa: S608 - names of our own
        if count:
            said.append(f"{count:,} {words}")
    if source.has("experiments", "workspace"):
        others = source.rows(
            "SELECT DISTINCT workspace FROM experiments WHERE workspace <> :workspace ORDER BY workspace"
        )
        if others:
            names = ", ".join(row["workspace"] for row in others)
            said.append(f"the workspaces {names}: import each with --workspace into a database of its own")
    if places.behind_server:
        said.append(
            f"the artifacts of {places.behind_server:,} runs, models and experiments behind MLflow's server, which "
            "stay where they are: serve them by quire server --artifacts-destination, at the place that mlflow server "
            "had, or copy them by importing again with --artifacts FOLDER"
        )
    return said
