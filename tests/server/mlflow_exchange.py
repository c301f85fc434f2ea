"""Log an OpenAI model by MLflow to the server named by MLFLOW_TRACKING_URI, then load and ask the one that is named.

Run by an interpreter that has MLflow, 2.22 or 3, as ``mlflow_exchange.py OURS URI``: the name to register ours under,
and the model of another to load. Prints what that said, as JSON.
"""

from __future__ import annotations

import json
import sys

import mlflow
import mlflow.openai

ours, theirs = sys.argv[1:]
mlflow.set_experiment(f"experiment of {ours}")
with mlflow.start_run() as run:
    mlflow.openai.log_model(
        "gpt-4o-mini",
        "chat.completions",
        messages=[{"role": "user", "content": "Praise {what}."}],
        registered_model_name=ours,
        pip_requirements=["openai"],
        **({"artifact_path": "praiser"} if mlflow.__version__.startswith("2.") else {"name": "praiser"}),
    )
print("FOUND " + json.dumps([run.info.run_id, mlflow.pyfunc.load_model(theirs).predict([{"who": "Ada"}])]))
