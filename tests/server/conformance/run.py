"""Makes all calls against the server named by MLFLOW_TRACKING_URI and prints their outcomes, as JSON.

Run by an interpreter that has MLflow 3, with a word that no other run on that server had; further words name the
groups of calls to make, all by default.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import tempfile
import time
import traceback

import book as books
import commands
import evaluation
import evaluation_data
import logged
import mlflow
import rest
import searching
import trace_searching
import unserved

import genai
import prompts
import registry
import tracking

logging.disable(logging.CRITICAL)
GROUPS = (
    tracking.experiments, tracking.runs, tracking.metrics, tracking.inputs, tracking.artifacts,
    searching.runs, searching.experiments, registry.models, logged.models, prompts.calls,
    genai.traces, trace_searching.traces, genai.assessments, genai.links, evaluation_data.calls, evaluation.calls,
    rest.calls, unserved.calls, commands.calls,
)  # fmt: skip


def main():
    url = os.environ["MLFLOW_TRACKING_URI"]
    os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "0"
    os.environ["OPENAI_API_KEY"] = "none"
    os.chdir(tempfile.mkdtemp())
    book = books.Book(sys.argv[1], url)
    client = books.Noting(mlflow.MlflowClient())
    broken = {}
    for group in GROUPS:
        name = f"{group.__module__}.{group.__name__}"
        if len(sys.argv) > 2 and name not in sys.argv[2:]:
            continue
        began = time.monotonic()
        try:
            group(book, client)
        except Exception:
            broken[name] = traceback.format_exc()
        print(f"{name} {time.monotonic() - began:.1f} s", file=sys.stderr)
    public = {name for name in dir(mlflow.MlflowClient) if not name.startswith("_")} - {"tracking_uri"}
    print(
        "FOUND "
        + json.dumps({"outcomes": book.outcomes, "broken": broken, "not called": sorted(public - client.called)})
    )


main()
