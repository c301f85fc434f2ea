"""From tables that changed to the topics of live updates whose data they hold: one table, which names them all."""

from __future__ import annotations

from collections.abc import Iterable

from quire.store.watching import EVERYTHING

EVERY_TOPIC = "all"
NONE: frozenset[str] = frozenset()
_RUNS = frozenset(("runs", "experiments", "evaluations", "reviews", "home"))
_REGISTRY = frozenset(("models", "prompts", "home"))
_LOGGED = frozenset(("models", "runs"))
_TRACES = frozenset(("traces", "home"))
_ASSESSED = frozenset(("traces", "reviews", "evaluations"))
_DATASETS = frozenset(("datasets",))
_EXPERIMENTS = frozenset(("experiments",))
_ENDPOINTS = frozenset(("endpoints", "home"))
_TRIALS = frozenset(("trials", "endpoints", "home"))
_COMMENTS = frozenset(("comments", "home"))
_SETTINGS = frozenset(("settings",))

TABLES: dict[str, frozenset[str]] = {
    "aliases": _REGISTRY | {"endpoints", "trials"},  # what serves
    "assessments": _ASSESSED,
    "audit_log": NONE,  # written beside what was changed
    "comment_mentions": _COMMENTS,
    "comments": _COMMENTS,
    "datasets": _RUNS,
    "deployments": _ENDPOINTS,
    "endpoints": _ENDPOINTS,
    "evaluation_dataset_experiments": _DATASETS,
    "evaluation_dataset_tags": _DATASETS,
    "evaluation_dataset_versions": _DATASETS,
    "evaluation_datasets": _DATASETS,
    "evaluation_record_history": _DATASETS,
    "evaluation_records": _DATASETS,
    "experiment_tags": _EXPERIMENTS,
    "experiments": _EXPERIMENTS,
    "keys": NONE,
    "latest_metrics": _RUNS,
    "logged_model_metrics": _LOGGED,
    "logged_model_params": _LOGGED,
    "logged_model_tags": _LOGGED,
    "logged_models": _LOGGED,
    "metrics": _RUNS,
    "model_version_tags": _REGISTRY,
    "model_versions": _REGISTRY,
    "params": _RUNS,
    "permissions": _SETTINGS,
    "quire_version": NONE,
    "registered_model_tags": _REGISTRY,
    "registered_models": _REGISTRY,
    "run_dataset_tags": _RUNS,
    "run_datasets": _RUNS,
    "run_models": _RUNS,
    "runs": _RUNS,
    "served": _TRIALS,
    "spans": _TRACES,
    "tags": _RUNS,
    "token_usage": NONE,  # grows with each request that is served
    "tokens": NONE,  # note when they were used, also by who listens
    "trace_details": _TRACES,
    "trace_labels": _TRACES,
    "trace_text": NONE,
    "trace_text_late": NONE,
    "traces": _TRACES,
    "trial_outcomes": _TRIALS,
    "trial_tallies": _TRIALS,
    "trials": _TRIALS,
    "users": _SETTINGS,
}


def topics_of_tables(tables: Iterable[str]) -> frozenset[str]:
    """The topics that changes of these tables may have touched; of a table that is not known, nothing is said."""
    found: set[str] = set()
    for table in tables:
        if table == EVERYTHING:
            return frozenset((EVERY_TOPIC,))
        found |= TABLES.get(table, NONE)
    return frozenset(found)
