"""Which models exist."""

from __future__ import annotations

import openai
import pytest

from quire.simulator.capabilities import KNOWN_MODELS
from quire.testing import Simulator


def test_known_names_are_listed_and_every_name_answers(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == list(KNOWN_MODELS)
    assert client.models.retrieve("anything").owned_by == "quire-simulator"


@pytest.mark.parametrize("names", [("a", "b"), ()])
def test_only_the_behaviours_models_exist(simulator: Simulator, client: openai.OpenAI, names: tuple[str, ...]) -> None:
    simulator.behave(models=names)
    assert [model.id for model in client.models.list()] == list(names)
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("c")
    with pytest.raises(openai.NotFoundError, match="The model `c` does not exist or you do not have access"):
        client.embeddings.create(model="c", input="hello")


def test_a_model_that_was_not_tuned_cannot_be_deleted(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError):
        client.models.delete("gpt-4o")
