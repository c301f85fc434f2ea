"""Run by an interpreter with MLflow: its client judges answers that were served."""

from __future__ import annotations

import json
import sys

import mlflow
from mlflow.entities import AssessmentSource, Feedback


def main(trace_id: str, given: str) -> None:
    """Log feedback of these names and values on one trace, each way that MLflow has; print what came back."""
    person = AssessmentSource(source_type="HUMAN", source_id="ada")
    said = []
    for number, (name, value) in enumerate(json.loads(given)):
        if number % 2:
            made = mlflow.log_assessment(trace_id, Feedback(name=name, value=value, source=person))
        else:
            made = mlflow.log_feedback(trace_id=trace_id, name=name, value=value, source=person)
        said.append([made.name, made.value])
    print("FOUND", json.dumps(said))


main(*sys.argv[1:])
