"""Read the prompts that Quire has registered, by MLflow's client, and register some for it to read.

Run by the interpreter that has MLflow, against the server named by MLFLOW_TRACKING_URI, as ``mlflow_prompt_flows.py
THEIRS OURS``: the name of the prompts to read, and of those to make. Prints what was read, as JSON.
"""

from __future__ import annotations

import json
import sys

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

theirs, ours = sys.argv[1:]
genai = mlflow.genai


def told(prompt):
    return {
        "version": prompt.version,
        "template": prompt.template,
        "message": prompt.commit_message,
        "tags": {key: value for key, value in prompt.tags.items() if not key.startswith(("quire.", "mlflow."))},
        "aliases": list(prompt.aliases),
        "config": prompt.model_config,
        "format": prompt.response_format,
        "variables": sorted(prompt.variables),
    }


def changed():
    try:
        MlflowClient().set_prompt_version_tag(theirs, 1, "mlflow.prompt.text", "changed")
    except MlflowException as error:
        return error.error_code
    return None


found = {
    "text": told(genai.load_prompt(f"prompts:/{theirs}/1")),
    "chat": told(genai.load_prompt(f"prompts:/{theirs}@prod")),
    "composed": told(genai.load_prompt(f"prompts:/{theirs}-composed@latest")),
    "filled": genai.load_prompt(f"prompts:/{theirs}@prod").format(style="terse", question="Why?"),
    "listed": [item.name for item in genai.search_prompts(f"name LIKE '{theirs}%'")],
    "of prompt": {
        key: value for key, value in genai.get_prompt_tags(theirs).items() if not key.startswith(("_", "quire."))
    },
    "versions": [item.version for item in MlflowClient().search_prompt_versions(theirs)],
    "changed": changed(),
}
genai.set_prompt_alias(theirs, "theirs", 1)
genai.set_prompt_model_config(theirs, 2, {"temperature": 1.5})

genai.register_prompt(ours, "Hi {{who}}", commit_message="first", tags={"a": "b"})
genai.register_prompt(
    ours,
    [{"role": "user", "content": "{{ q }}"}],
    commit_message="second",
    response_format={"type": "object"},
    model_config={"model_name": "m", "anthropic_version": "x"},
)
genai.set_prompt_alias(ours, "prod", 1)
with mlflow.start_run() as run:
    genai.load_prompt(f"prompts:/{ours}@prod")
found["run"] = run.info.run_id


@mlflow.trace
def use():
    return genai.load_prompt(f"prompts:/{ours}/2").format(q="x")


use()
mlflow.flush_trace_async_logging()
found["trace"] = mlflow.get_last_active_trace_id()
print("FOUND " + json.dumps(found))
