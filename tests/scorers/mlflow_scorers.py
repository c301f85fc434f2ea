"""Runs under a real MLflow: its scorers, asked by Quire. The arguments are folders to import Quire from."""

from __future__ import annotations

import inspect
import json
import sys

from mlflow.entities import Feedback
from mlflow.genai.judges import make_judge
from mlflow.genai.scorers import Scorer, scorer

sys.path += sys.argv[1:]

from quire.scorers import as_scorer, score


@scorer
def is_short(outputs):
    """A function under MLflow's decorator."""
    return len(outputs) < 5


@scorer
def broken(outputs):
    """One that fails."""
    raise ValueError("no luck")


class Words(Scorer):
    """A scorer of a class, with feedback."""

    name: str = "words"

    def __call__(self, *, outputs, expectations):
        """Whether it has as many words as expected."""
        return [
            Feedback(value=len(outputs.split()) == expectations["words"], rationale="counted"),
            Feedback(name="first", value=outputs.split()[0]),
        ]


found = {}
for one in (is_short, broken, Words()):
    made = as_scorer(one)
    scores = score(made, outputs="two words", expectations={"words": 2})
    found[made.name] = [[s.name, s.value, s.error, s.rationale] for s in scores]
found["fingerprints"] = len({as_scorer(one).fingerprint for one in (is_short, broken, Words())})
found["asks"] = [as_scorer(one).asks for one in (is_short, Words())]
found["make_judge"] = list(inspect.signature(make_judge).parameters)
print(json.dumps(found))
