"""Fine-tuning jobs, with the official SDK as the client: from a file to a model that answers."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest

from quire.testing import Simulator

EXAMPLE = {"messages": [{"role": "user", "content": "2 + 2?"}, {"role": "assistant", "content": "4"}]}
PREFERENCE = {
    "input": {"messages": [{"role": "user", "content": "2 + 2?"}]},
    "preferred_output": [{"role": "assistant", "content": "4"}],
    "non_preferred_output": [{"role": "assistant", "content": "5"}],
}


def upload(client: openai.OpenAI, examples: list[Any]) -> str:
    content = "\n".join(one if isinstance(one, str) else json.dumps(one) for one in examples)
    return client.files.create(file=("train.jsonl", content.encode()), purpose="fine-tune").id


def finished(client: openai.OpenAI, job: Any) -> tuple[Any, list[str]]:
    seen = [job.status]
    while job.status not in {"succeeded", "failed", "cancelled"}:
        job = client.fine_tuning.jobs.retrieve(job.id)
        seen.append(job.status)
    return job, list(dict.fromkeys(seen))


def test_a_job_ends_in_a_model_that_answers(simulator: Simulator, client: openai.OpenAI) -> None:
    simulator.behave(models=("gpt-4o-mini",))
    job = client.fine_tuning.jobs.create(model="gpt-4o-mini", training_file=upload(client, [EXAMPLE] * 12), suffix="x")
    job, seen = finished(client, job)
    assert seen == ["validating_files", "queued", "running", "succeeded"]
    assert job.hyperparameters.n_epochs == 3
    assert job.trained_tokens > 0
    model = str(job.fine_tuned_model)
    assert model.startswith("ft:gpt-4o-mini:quire-simulator:x:")
    assert [known.id for known in client.models.list()] == ["gpt-4o-mini", model]
    client.chat.completions.create(model=model, messages=[{"role": "user", "content": "2 + 2?"}])
    assert client.models.delete(model).deleted
    with pytest.raises(openai.NotFoundError, match="does not exist"):
        client.chat.completions.create(model=model, messages=[{"role": "user", "content": "2 + 2?"}])


def test_its_course_is_told(client: openai.OpenAI) -> None:
    made = client.fine_tuning.jobs.create(
        model="gpt-4o-mini",
        training_file=upload(client, [PREFERENCE] * 10),
        method={"type": "dpo", "dpo": {"hyperparameters": {"n_epochs": 2, "batch_size": 5}}},
    )
    job, _ = finished(client, made)
    assert (job.hyperparameters.n_epochs, job.hyperparameters.batch_size) == (2, 5)
    events = [event.message for event in client.fine_tuning.jobs.list_events(job.id, limit=5)]
    assert events[0] == "The job has successfully completed"
    assert events[-1] == f"Created fine-tuning job: {job.id}"
    checkpoints = list(client.fine_tuning.jobs.checkpoints.list(job.id))
    assert [one.step_number for one in checkpoints] == [4, 2]
    metrics = client.files.content(job.result_files[0]).text.splitlines()
    assert metrics[0] == "step,train_loss,train_accuracy"
    assert len(metrics) == 5


@pytest.mark.parametrize(
    ("examples", "problem"),
    [
        ([EXAMPLE] * 9, "The training file has 9 examples; at least 10 are needed."),
        ([EXAMPLE, "{"], "Line 2 of the training file is not JSON."),
        (["[]"], "Line 1 of the training file is no object."),
        ([{"messages": []}], "Line 1 of the training file lacks 'messages'."),
        ([{"messages": [{"role": "user", "content": "a"}]}], "has no message of the role 'assistant'."),
    ],
)
def test_a_file_that_cannot_train_fails_the_job(client: openai.OpenAI, examples: list[Any], problem: str) -> None:
    made = client.fine_tuning.jobs.create(model="gpt-4o-mini", training_file=upload(client, examples))
    job, seen = finished(client, made)
    assert seen[-1] == "failed"
    assert job.error.message.endswith(problem)


def test_a_running_job_is_cancelled_and_a_finished_one_is_not(client: openai.OpenAI) -> None:
    job = client.fine_tuning.jobs.create(model="gpt-4o-mini", training_file=upload(client, [EXAMPLE] * 10))
    assert client.fine_tuning.jobs.cancel(job.id).status == "cancelled"
    assert [one.id for one in client.fine_tuning.jobs.list()] == [job.id]
    with pytest.raises(openai.BadRequestError, match="its status is 'cancelled'"):
        client.fine_tuning.jobs.cancel(job.id)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"training_file": "file-none"}, "invalid training_file: file-none"),
        ({"method": {"type": "prayer"}}, "Invalid value: 'prayer' is not supported for 'method.type'"),
        ({"method": {"type": ["dpo"]}}, "Invalid type for 'method.type'"),
        ({"method": {"type": "dpo", "dpo": 5}}, "Invalid type for 'method.dpo'"),
        (
            {"method": {"type": "dpo", "dpo": {"hyperparameters": {"n_epochs": 99}}}},
            "Invalid 'method.dpo.hyperparameters.n_epochs'",
        ),
    ],
)
def test_what_cannot_start_is_refused(client: openai.OpenAI, more: dict[str, Any], message: str) -> None:
    asked: dict[str, Any] = {"model": "gpt-4o-mini", "training_file": upload(client, [EXAMPLE] * 10), **more}
    with pytest.raises(openai.BadRequestError) as error:
        client.fine_tuning.jobs.create(**asked)
    assert message in str(error.value)
