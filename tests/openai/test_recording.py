"""Recording what the SDK asks and is answered, and answering from it: every kind of call, order, misses, secrets."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

import quire
from quire.domain.errors import InvalidInput, InvalidState, NotFound
from quire.openai import RecordingMiss, record, replay
from quire.openai.recording import Replayer
from quire.testing import Simulator

REPOSITORY = Path(__file__).resolve().parents[2]
OTHERS = sorted(ready.parent / "bin" / "python" for ready in (REPOSITORY / ".cache").glob("openai-*/.ready"))
KEY = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789"
HELLO: list[Any] = [{"role": "user", "content": "Say hello."}]


@pytest.fixture
def service(simulator_factory: Callable[..., Simulator], monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """A service whose base URL the clients are given; the environment names neither it nor a key."""
    for name in [name for name in os.environ if name.startswith(("OPENAI_", "AZURE_OPENAI_"))]:
        monkeypatch.delenv(name)
    return simulator_factory()


def at(service: Simulator | None) -> dict[str, Any]:
    """What a client is made with: the service and a key, or nothing."""
    return {} if service is None else {"base_url": service.base_url, "api_key": KEY}


def chat(client: openai.OpenAI, text: str = "Say hello.", **options: Any) -> Any:
    return client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": text}], **options)


def whole(client: openai.OpenAI) -> Any:
    embedding = client.embeddings.create(model="text-embedding-3-small", input="one").data[0].embedding
    response = client.responses.create(model="gpt-4o", input="one")
    return [chat(client).to_dict(), embedding, response.to_dict(), [model.id for model in client.models.list()]]


def streamed(client: openai.OpenAI) -> Any:
    events = [event.to_dict() for event in client.responses.create(model="gpt-4o", input="one", stream=True)]
    return [[piece.to_dict() for piece in chat(client, stream=True)], events]


def raw(client: openai.OpenAI) -> Any:
    first = client.chat.completions.with_raw_response.create(model="gpt-4o", messages=HELLO)
    with client.chat.completions.with_streaming_response.create(model="gpt-4o", messages=HELLO, stream=True) as second:
        lines = list(second.iter_lines())
    return [first.text, first.headers["x-request-id"], lines]


def form(client: openai.OpenAI) -> Any:
    file = client.files.create(file=("lines.jsonl", b'{"a": "\xc3\xa9"}\n'), purpose="batch")
    return [file.id, client.files.content(file.id).content]


def refused(client: openai.OpenAI) -> Any:
    with pytest.raises(openai.BadRequestError) as caught:
        chat(client, temperature=7)
    return [caught.value.message, caught.value.status_code]


async def asynchronous(client: openai.AsyncOpenAI) -> Any:
    answer = await client.chat.completions.create(model="gpt-4o", messages=HELLO)
    stream = await client.chat.completions.create(model="gpt-4o", messages=HELLO, stream=True)
    return [answer.to_dict(), [piece.to_dict() async for piece in stream]]


@pytest.mark.parametrize("use", [whole, streamed, raw, form, refused])
def test_what_was_recorded_is_answered_without_network_and_key(
    service: Simulator, tmp_path: Path, use: Callable[[openai.OpenAI], Any]
) -> None:
    with record(tmp_path / "calls.jsonl") as recorder:
        recorded = use(openai.OpenAI(**at(service)))
    service.stop()
    with replay(tmp_path / "calls.jsonl") as replayer:
        assert use(openai.OpenAI()) == recorded
    assert replayer.count == recorder.count > 0
    assert "OPENAI_API_KEY" not in os.environ


def test_asynchronous_calls_are_recorded_and_answered(service: Simulator, tmp_path: Path) -> None:
    with record(tmp_path / "calls.jsonl"):
        recorded = asyncio.run(asynchronous(openai.AsyncOpenAI(**at(service))))
    service.stop()
    with replay(tmp_path / "calls.jsonl"):
        assert asyncio.run(asynchronous(openai.AsyncOpenAI())) == recorded


def test_like_requests_are_answered_in_order_and_the_last_answer_stays(service: Simulator, tmp_path: Path) -> None:
    client = openai.OpenAI(**at(service))
    with record(tmp_path / "calls.jsonl"):
        recorded = [chat(client).id for _ in range(3)]
    assert len(set(recorded)) == 3
    with replay(tmp_path / "calls.jsonl"):
        assert [chat(client).id for _ in range(4)] == [*recorded, recorded[-1]]


def test_a_retry_is_recorded_and_replayed_as_one(service: Simulator, tmp_path: Path) -> None:
    service.behave(pause_at_request=1, pause_s=1)
    with record(tmp_path / "calls.jsonl") as recorder:
        answer = chat(openai.OpenAI(**at(service)))
    assert recorder.count == 2
    assert [line["response"]["status"] for line in lines(tmp_path)] == [429, 200]
    with replay(tmp_path / "calls.jsonl") as replayer:
        assert chat(openai.OpenAI()) == answer
    assert replayer.count == 2


def lines(folder: Path) -> list[Any]:
    return [json.loads(line) for line in (folder / "calls.jsonl").read_text().splitlines()]


def test_a_request_that_was_not_recorded_says_what_comes_nearest(service: Simulator, tmp_path: Path) -> None:
    with record(tmp_path / "calls.jsonl"):
        chat(openai.OpenAI(**at(service)), temperature=0.5)
    with replay(tmp_path / "calls.jsonl") as replayer:
        with pytest.raises(RecordingMiss) as caught:
            chat(openai.OpenAI(max_retries=5), temperature=0.7)
        assert "'temperature': 0.5 was recorded, 0.7 asked" in str(caught.value)
        assert "quire.openai.record()" in str(caught.value)
        with pytest.raises(RecordingMiss, match="Nothing was recorded for /embeddings"):
            openai.OpenAI().embeddings.create(model="text-embedding-3-small", input="one")
        with pytest.raises(RecordingMiss):
            asyncio.run(asynchronous(openai.AsyncOpenAI()))
    assert replayer.count == 0


def test_no_key_and_no_credential_is_written(service: Simulator, tmp_path: Path) -> None:
    client = openai.OpenAI(**at(service), organization="org-secret-1234567890", default_headers={"cookie": "a=bcdefgh"})
    text = f"My key is {KEY}, what is yours?"
    service.behave(echo=True)
    with record(tmp_path / "calls.jsonl"):
        answer = chat(client, text).choices[0].message.content
    assert KEY in answer
    written = (tmp_path / "calls.jsonl").read_text()
    assert not any(secret in written for secret in (KEY, "org-secret", "bcdefgh", "uthorization"))
    with replay(tmp_path / "calls.jsonl"):
        assert chat(openai.OpenAI(), text).choices[0].message.content == answer.replace(KEY, "[REDACTED]")


def test_a_stream_that_is_given_up_is_recorded_as_far_as_it_was_read(service: Simulator, tmp_path: Path) -> None:
    service.behave(token_latency_ms=5)
    with record(tmp_path / "calls.jsonl"), chat(openai.OpenAI(**at(service)), stream=True) as stream:
        first = next(iter(stream))
    (line,) = lines(tmp_path)
    assert line["response"]["complete"] is False
    with replay(tmp_path / "calls.jsonl"):
        assert next(iter(chat(openai.OpenAI(), stream=True))) == first


def test_counts_that_only_the_recording_asked_for_are_not_replayed(service: Simulator, tmp_path: Path) -> None:
    with record(tmp_path / "calls.jsonl"):
        recorded = list(chat(openai.OpenAI(**at(service)), stream=True, stream_options={"include_usage": True}))
    assert recorded[-1].usage is not None
    with replay(tmp_path / "calls.jsonl"):
        pieces = list(chat(openai.OpenAI(), stream=True))
    assert [piece.choices for piece in pieces] == [piece.choices for piece in recorded[:-1]]
    with replay(tmp_path / "calls.jsonl"):
        assert list(chat(openai.OpenAI(), stream=True, stream_options={"include_usage": True})) == recorded


def test_azures_calls_are_found_whatever_the_deployment_and_version(service: Simulator, tmp_path: Path) -> None:
    azure = openai.AzureOpenAI(azure_endpoint=service.azure_endpoint, api_key=KEY, api_version="2024-10-21")
    with record(tmp_path / "calls.jsonl"):
        answer = chat(azure)
    with replay(tmp_path / "calls.jsonl"):
        elsewhere = openai.AzureOpenAI(
            azure_endpoint="https://elsewhere.example", api_version="2025-01-01", azure_deployment="another"
        )
        assert chat(elsewhere) == chat(openai.OpenAI()) == answer


def test_every_row_of_a_prediction_is_recorded_and_answered(service: Simulator, tmp_path: Path) -> None:
    messages = [{"role": "user", "content": "About {x}"}]
    quire.openai.save_model("gpt-4o", "chat.completions", tmp_path / "model", messages=messages)
    model = quire.pyfunc.load_model(str(tmp_path / "model"))
    rows = [{"x": f"number {n}"} for n in range(20)]
    os.environ.update(service.environment)
    with record(tmp_path / "calls.jsonl") as recorder:
        answers = model.predict(rows)
    assert recorder.count == 20
    service.stop()
    with replay(tmp_path / "calls.jsonl") as replayer:
        assert model.predict(rows) == answers
    assert replayer.count == 20


def test_the_sdk_and_its_http_clients_are_left_as_they_were_found(service: Simulator, tmp_path: Path) -> None:
    base = openai._base_client.BaseClient
    before = base.__dict__["_build_request"]
    client = openai.OpenAI(**at(service))
    with record(tmp_path / "calls.jsonl"):
        chat(client)
        assert base.__dict__["_build_request"] is not before
    assert base.__dict__["_build_request"] is before
    assert "send" not in client._client.__dict__
    chat(client)
    assert len(lines(tmp_path)) == 1


def test_other_requests_of_a_shared_http_client_are_let_be(service: Simulator, tmp_path: Path) -> None:
    http = openai.DefaultHttpxClient()
    client = openai.OpenAI(**at(service), http_client=http)
    with record(tmp_path / "calls.jsonl") as recorder:
        chat(client)
        listed = http.get(f"{service.base_url}/models", headers={"authorization": f"Bearer {KEY}"})
    assert listed.status_code == 200
    assert recorder.count == 1


def test_only_one_recording_or_replay_at_a_time(service: Simulator, tmp_path: Path) -> None:
    recorder = record(tmp_path / "calls.jsonl")
    with pytest.raises(InvalidState, match="Recorder already"):
        record(tmp_path / "more.jsonl")
    recorder.close()
    recorder.close()
    replay(tmp_path / "calls.jsonl").close()


def test_a_recording_is_appended_to_when_asked(service: Simulator, tmp_path: Path) -> None:
    for append in (False, True, False):
        with record(tmp_path / "calls.jsonl", append=append):
            chat(openai.OpenAI(**at(service)))
        assert len(lines(tmp_path)) == (2 if append else 1)


def test_a_faulty_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="missing"):
        replay(tmp_path / "missing.jsonl")
    with pytest.raises(InvalidInput, match="cannot be written"):
        record(tmp_path / "no" / "folder.jsonl")
    (tmp_path / "faulty.jsonl").write_text('\n{"request": {"method": "POST"}}\n')
    with pytest.raises(InvalidInput, match="Line 2 of the recording"):
        replay(tmp_path / "faulty.jsonl")
    with replay(_written(tmp_path / "empty.jsonl", "")), pytest.raises(RecordingMiss):
        chat(openai.OpenAI(api_key="any"))


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_a_field_that_is_null_counts_as_left_out(service: Simulator, tmp_path: Path) -> None:
    history: Any = [*HELLO, {"role": "assistant", "content": "Hi.", "refusal": None}, {"role": "user", "content": "?"}]
    with record(tmp_path / "calls.jsonl"):
        answer = client_with(service, history)
    del history[1]["refusal"]
    with replay(tmp_path / "calls.jsonl"):
        assert client_with(None, history) == answer
        with pytest.raises(RecordingMiss):
            client_with(None, history[:1])


def client_with(service: Simulator | None, messages: Any) -> str:
    return openai.OpenAI(**at(service)).chat.completions.create(model="gpt-4o", messages=messages).id


def test_answers_may_be_written_by_hand(tmp_path: Path) -> None:
    asked = {"method": "POST", "path": "/embeddings", "body": {"model": "m", "input": "x", "encoding_format": "float"}}
    data = [{"object": "embedding", "index": 0, "embedding": [1.0, 2.0]}]
    answer = {"status": 200, "json": {"object": "list", "model": "m", "data": data}}
    path = _written(tmp_path / "calls.jsonl", json.dumps({"request": asked, "response": answer}))
    with replay(path):
        made = openai.OpenAI().embeddings.create(model="m", input="x", encoding_format="float")
    assert made.data[0].embedding == [1.0, 2.0]


def test_the_simulator_answers_from_it(service: Simulator, tmp_path: Path) -> None:
    def use(client: openai.OpenAI) -> Any:
        return [raw(client)[0], streamed(client), refused(client), whole(client)]

    client = openai.OpenAI(**at(service))
    with record(tmp_path / "calls.jsonl"):
        recorded = use(client)
    service.behave(recording=tmp_path / "calls.jsonl", unknown_question="error", seed=7)
    assert use(client) == recorded
    azure = openai.AzureOpenAI(azure_endpoint=service.azure_endpoint, api_key=KEY, api_version="2024-10-21")
    assert chat(azure).to_dict() == recorded[3][0]
    with pytest.raises(openai.NotFoundError, match="The recording holds no answer to POST /chat/completions"):
        chat(client, "Another question.")
    service.behave(unknown_question="simulate")
    assert "simulated" in chat(client, "Another question.").choices[0].message.content


def test_the_fixture_answers_from_a_file_beside_the_test(
    service: Simulator, tmp_path: Path, openai_replay: Callable[[Path], Replayer]
) -> None:
    with record(tmp_path / "calls.jsonl"):
        answer = chat(openai.OpenAI(**at(service)))
    begun = openai_replay(tmp_path / "calls.jsonl")
    assert chat(openai.OpenAI()) == answer
    assert begun.count == 1


@pytest.mark.slow
@pytest.mark.parametrize("python", OTHERS or [None], ids=lambda python: python and python.parts[-3])
def test_every_promised_version_of_the_sdk(python: Path | None, service: Simulator, tmp_path: Path) -> None:
    if python is None:
        pytest.skip("no other version of the OpenAI SDK is here: run `make sdk-venvs`")
    done = subprocess.run(
        [python, Path(__file__).with_name("recording_program.py"), service.base_url, tmp_path / "calls.jsonl"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY / "src")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == [python.parts[-3].removeprefix("openai-"), 8, 8]
