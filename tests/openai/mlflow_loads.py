"""Run by the interpreter of a real MLflow: loads the models of a folder, predicts, prints what it found as JSON."""

import json
import logging
import sys
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)

import mlflow  # noqa: E402


def examine(folder: Path, inputs: object, params: dict[str, object] | None) -> dict[str, object]:
    model = mlflow.models.Model.load(str(folder))
    found: dict[str, object] = {
        "signature": model.signature.to_dict(),
        "flavors": sorted(model.flavors),
        "metadata": model.metadata,
        "example": model.load_input_example(str(folder)) if model.saved_input_example_info else None,
        "openai": mlflow.openai.load_model(str(folder)),
    }
    try:
        found["output"] = mlflow.pyfunc.load_model(str(folder)).predict(inputs, params)
    except Exception as error:
        found["error"] = str(error)
    return found


asked = json.loads(sys.stdin.read())
print(json.dumps({name: examine(Path(case["folder"]), case["inputs"], case["params"]) for name, case in asked.items()}))
