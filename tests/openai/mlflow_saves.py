"""Run by the interpreter of a real MLflow: saves and logs models under a folder and says where, as JSON."""

import json
import logging
import sys
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)

import mlflow  # noqa: E402
import openai  # noqa: E402
from mlflow.models import ModelSignature  # noqa: E402
from mlflow.types.schema import ColSpec, ParamSchema, ParamSpec, Schema  # noqa: E402

root = Path(sys.argv[1])
mlflow.set_tracking_uri(f"sqlite:///{root / 'mlflow.db'}")
mlflow.set_experiment(experiment_id=mlflow.create_experiment("e", artifact_location=str(root / "artifacts")))
MESSAGES = [{"role": "system", "content": "Be {mood}"}, {"role": "user", "content": "Say {x} as {{json}}"}]
SIGNATURE = ModelSignature(
    Schema([ColSpec("string")]),
    Schema([ColSpec("string")]),
    ParamSchema([ParamSpec("temperature", "float", 0.5), ParamSpec("stop", "string", ["a"], (-1,))]),
)
COMMON = {"pip_requirements": ["mlflow"]}


def save(name: str, model: str, task: object, **keywords: object) -> str:
    mlflow.openai.save_model(model, task, path=str(root / name), **COMMON, **keywords)
    return str(root / name)


with mlflow.start_run():
    logged = mlflow.openai.log_model(
        "gpt-4o-mini", "chat.completions", name="logged", messages=MESSAGES, metadata={"a": 1}, **COMMON
    )
places = {
    "chat": save(
        "chat", "gpt-4o-mini", openai.chat.completions, messages=MESSAGES, input_example=[{"mood": "a", "x": "b"}]
    ),
    "params": save("params", "gpt-4o-mini", "chat.completions", signature=SIGNATURE),
    "fixed": save("fixed", "gpt-4o-mini", "chat.completions", temperature=0.9),
    "completions": save("completions", "gpt-3.5-turbo-instruct", openai.completions, prompt="Say {x}"),
    "embeddings": save("embeddings", "text-embedding-3-small", openai.embeddings),
    "spaces": save(
        "spaces", "gpt-4o-mini", "chat.completions", messages=[{"role": "user", "content": "Hi {first name}"}]
    ),
    "logged": mlflow.get_logged_model(logged.model_id).artifact_location,
}
print(json.dumps(places))
