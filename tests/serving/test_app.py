"""The smaller paths of a serving process, and the APIs beside chat."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import openai
import pytest

from quire import __version__
from quire.domain.endpoints import Endpoint
from quire.domain.errors import InvalidInput, MissingConfiguration, NotFound
from quire.testing import Simulator
from tests.serving.serving import Served


@pytest.fixture
def joker(register: Callable[..., str], serve: Callable[..., Served]) -> Served:
    register(messages=[{"role": "user", "content": "A joke about {animal}."}])
    return serve("joker")


def client(served: Served) -> openai.OpenAI:
    return openai.OpenAI(base_url=served.base_url, api_key="any", max_retries=0)


def test_models_are_listed_and_found(joker: Served) -> None:
    asking = client(joker)
    [model] = asking.models.list()
    assert (model.id, model.object, model.owned_by) == ("joker", "model", "quire")
    assert model.created > 1_700_000_000
    assert asking.models.retrieve("joker") == model
    with pytest.raises(openai.NotFoundError, match="'joker'"):
        asking.models.retrieve("clown")


@pytest.mark.parametrize(("path", "said"), [("/health", "OK"), ("/ping", "OK"), ("/version", __version__)])
def test_it_says_that_it_is_there(joker: Served, path: str, said: str) -> None:
    answer = joker.call("GET", path)
    assert (answer.status, answer.body.decode()) == (200, said)


def test_a_path_that_is_not_served_and_a_method_that_is_not_taken(joker: Served) -> None:
    answer = joker.call("POST", "/v1/chat/complete", {})
    assert (answer.status, answer.error["code"]) == (404, "unknown_url")
    assert "POST /v1/chat/completions" in answer.error["message"]
    answer = joker.call("GET", "/v1/chat/completions")
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert answer.error["code"] == "method_not_allowed"


def test_a_chat_model_answers_by_the_responses_api(joker: Served, upstream: Simulator) -> None:
    answer = client(joker).responses.create(prompt={"id": "joker", "variables": {"animal": "cats"}}, input="Short.")
    assert answer.output_text
    sent = upstream.requests[-1]
    assert sent.path.endswith("/responses")
    body: Any = sent.body
    assert [item["content"] for item in body["input"]] == ["A joke about cats.", "Short."]


def test_a_stream_of_a_response(joker: Served) -> None:
    events = list(client(joker).responses.create(prompt={"id": "joker", "variables": {"animal": "cats"}}, stream=True))
    assert events[-1].type == "response.completed"
    [done] = joker.wait_for(1)
    assert (done.ending, done.response_id) == ("answered", events[-1].response.id)


def test_completions_and_embeddings(
    register: Callable[..., str], serve: Callable[..., Served], upstream: Simulator
) -> None:
    register("writer", task="completions", model="gpt-3.5-turbo-instruct", prompt="Once upon a {time},")
    register("reader", task="embeddings", model="text-embedding-3-small", dimensions=3)
    asking = client(serve("writer", "reader"))
    written = asking.completions.create(model="writer", prompt=" go on", extra_body={"variables": {"time": "day"}})
    assert written.choices[0].text
    assert upstream.requests[-1].body["prompt"] == "Once upon a day, go on"
    found = asking.embeddings.create(model="reader", input=["a", "b"])
    assert [len(each.embedding) for each in found.data] == [3, 3]


def test_a_version_and_an_alias_choose_another_version(
    register: Callable[..., str], serve: Callable[..., Served], upstream: Simulator
) -> None:
    import quire

    register(messages=[{"role": "user", "content": "One."}])
    register(messages=[{"role": "user", "content": "Two."}])
    quire.Client().set_registered_model_alias("joker", "old", "1")
    served = serve("joker")

    def asked(version: str | None) -> tuple[str, str]:
        prompt = {"id": "joker"} if version is None else {"id": "joker", "version": version}
        answer = served.chat(prompt=prompt)
        return answer.headers["x-quire-model-version"], upstream.requests[-1].body["messages"][0]["content"]

    assert asked(None) == ("2", "Two.")
    assert asked("1") == ("1", "One.")
    assert asked("old") == ("1", "One.")
    assert asked("latest") == ("2", "Two.")
    for missing in ("7", "young"):
        answer = served.chat(prompt={"id": "joker", "version": missing})
        assert (answer.status, answer.error["code"]) == (404, "version_not_found")
        assert "Its versions: 2, 1" in answer.error["message"]


@pytest.mark.parametrize("version", ["../clown/1", "1/2", "champion@1", "a%2Fb", "@"])
def test_a_version_leads_to_no_other_model(joker: Served, version: str) -> None:
    answer = joker.chat(prompt={"id": "joker", "version": version, "variables": {"animal": "cats"}})
    assert answer.status in (200, 400)
    if answer.status == 200:
        assert answer.headers["x-quire-arm"] == "champion"
    else:
        assert answer.error["param"] == "prompt.version"


def test_a_model_that_is_not_registered_has_no_versions(serve: Callable[..., Served], tmp_path: Any) -> None:
    import quire

    quire.openai.save_model(
        "gpt-4o-mini", "chat.completions", tmp_path / "model", messages=[{"role": "user", "content": "Hi"}]
    )
    served = serve(Endpoint(name="joker", model=str(tmp_path / "model")))
    assert served.chat().status == 200
    answer = served.chat(prompt={"id": "joker", "version": "1"})
    assert (answer.status, answer.error["param"]) == (400, "prompt.version")


def test_models_that_are_not_packaged_pass_where_that_is_allowed(
    register: Callable[..., str], serve: Callable[..., Served], upstream: Simulator
) -> None:
    register(messages=[{"role": "user", "content": "A joke."}])
    served = serve("joker", pass_through=True)
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}], "temperature": 0.3}
    answer = served.call("POST", "/v1/chat/completions", body)
    assert answer.status == 200
    assert "x-quire-endpoint" not in answer.headers
    assert upstream.requests[-1].body == body
    assert served.chat().headers["x-quire-endpoint"] == "joker"
    pieces = list(client(served).chat.completions.create(**body, stream=True))  # type: ignore[call-overload]
    assert all(piece.choices for piece in pieces)


def test_what_cannot_be_served_is_said_before_anything_is_stored(
    register: Callable[..., str], serve: Callable[..., Served], store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from quire.store.current import current_store
    from quire.store.serving import serving_of

    with pytest.raises(InvalidInput, match="Nothing is to be served"):
        serve()
    with pytest.raises(NotFound, match="clown"):
        serve("clown")
    register(messages=[{"role": "user", "content": "A joke."}])
    with pytest.raises(NotFound, match="young"):
        serve(Endpoint(name="joker", model="models:/joker@young"))
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(MissingConfiguration, match="OPENAI_API_KEY"):
        serve("joker")
    assert serving_of(current_store()).list_endpoints() == []
