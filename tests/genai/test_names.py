"""What MLflow offers under ``mlflow.genai`` for scorers and judges is offered here under the same names."""

from __future__ import annotations

import pytest

import quire.genai


@pytest.mark.parametrize("name", quire.genai.__all__)
def test_every_name_can_be_loaded(name):
    assert getattr(quire.genai, name) is not None


def test_scorers_and_judges_are_those_of_quire():
    from quire.genai import Scorer, make_judge, scorer
    from quire.genai.datasets import create_dataset

    assert (Scorer, scorer) == (quire.scorers.Scorer, quire.scorers.scorer)
    assert make_judge is quire.judges.make_judge
    assert create_dataset is quire.genai.create_dataset
    assert (quire.genai.scorers, quire.genai.judges) == (quire.scorers, quire.judges)
    assert not hasattr(quire.genai, "nothing")
