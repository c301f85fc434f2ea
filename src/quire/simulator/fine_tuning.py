"""``/fine_tuning/jobs``: jobs that run through their states and train nothing.

A job moves one step each time it is retrieved: ``validating_files``, ``queued``, ``running``, ``succeeded``; a file
that cannot be used ends it as ``failed``. Losses and events depend on the seed and the file alone.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from quire.simulator.errors import ApiError, not_found
from quire.simulator.files import find, store
from quire.simulator.http import Reply, Request, json_reply
from quire.simulator.pages import page
from quire.simulator.simulation import Simulation
from quire.simulator.training import Training, read_training
from quire.simulator.validation import decode

_FINAL = frozenset({"succeeded", "failed", "cancelled"})
_DEFAULT_EPOCHS = 3
Epochs = Literal["auto"] | Annotated[int, Meta(ge=1, le=50)]
BatchSize = Literal["auto"] | Annotated[int, Meta(ge=1, le=256)]
Count = Literal["auto"] | Annotated[int, Meta(ge=1)]
Rate = Literal["auto"] | Annotated[float, Meta(gt=0)]


class Hyperparameters(msgspec.Struct, omit_defaults=True):
    """How a job trains."""

    batch_size: BatchSize = "auto"
    learning_rate_multiplier: Rate = "auto"
    n_epochs: Epochs = "auto"
    beta: Rate = "auto"
    compute_multiplier: Rate = "auto"
    eval_interval: Count = "auto"
    eval_samples: Count = "auto"
    reasoning_effort: str | None = None


class MethodOptions(msgspec.Struct, omit_defaults=True):
    """What is told to a method."""

    hyperparameters: Hyperparameters | None = None
    grader: dict[str, Any] | None = None


class Method(msgspec.Struct, omit_defaults=True):
    """How a job learns, with the options of that method."""

    type: Literal["supervised", "dpo", "reinforcement"]
    supervised: MethodOptions | None = None
    dpo: MethodOptions | None = None
    reinforcement: MethodOptions | None = None


class JobRequest(msgspec.Struct, forbid_unknown_fields=True):
    """``POST /fine_tuning/jobs``."""

    model: str
    training_file: str
    hyperparameters: Hyperparameters | None = None
    integrations: list[dict[str, Any]] | None = None
    metadata: dict[str, str] | None = None
    method: Method | None = None
    seed: Annotated[int, Meta(ge=0, le=2147483647)] | None = None
    suffix: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    validation_file: str | None = None


class Job(msgspec.Struct):
    """A job: its description, as the API gives it, its events, checkpoints and what it trains on."""

    description: dict[str, Any]
    request: JobRequest
    training: Training
    events: dict[str, dict[str, Any]]
    checkpoints: dict[str, dict[str, Any]]


_DECODER = msgspec.json.Decoder(JobRequest)


def create(simulation: Simulation, incoming: Request) -> Reply:
    """Start a job."""
    request = decode(_DECODER, incoming.body)
    for param in ("training_file", "validation_file"):
        name = getattr(request, param)
        if name is not None and name not in simulation.files:
            raise ApiError(400, f"invalid {param}: {name}", param=param, code="invalid_file")
    method = request.method or Method("supervised")
    training = read_training(find(simulation, request.training_file).content, method.type, request.model)
    description: dict[str, Any] = {
        "id": simulation.new_id("ftjob-"),
        "object": "fine_tuning.job",
        "created_at": simulation.now(),
        "error": None,
        "estimated_finish": None,
        "fine_tuned_model": None,
        "finished_at": None,
        "hyperparameters": _hyperparameters(request, method, training),
        "integrations": request.integrations or [],
        "metadata": request.metadata,
        "model": request.model,
        "organization_id": "org-quire-simulator",
        "result_files": [],
        "seed": simulation.behaviour.seed % 2**31 if request.seed is None else request.seed,
        "status": "validating_files",
        "trained_tokens": None,
        "training_file": request.training_file,
        "validation_file": request.validation_file,
        "method": msgspec.to_builtins(method),
    }
    job = Job(description, request, training, {}, {})
    simulation.jobs.add(description["id"], job)
    _note(simulation, job, f"Created fine-tuning job: {description['id']}")
    _note(simulation, job, f"Validating training file: {request.training_file}")
    return json_reply(description)


def retrieve(simulation: Simulation, request: Request) -> Reply:
    """``GET /fine_tuning/jobs/{job_id}``: moves the job one step on and describes it."""
    job = _find(simulation, request)
    if job.description["status"] not in _FINAL:
        _advance(simulation, job)
    return json_reply(job.description)


def list_all(simulation: Simulation, request: Request) -> Reply:
    """``GET /fine_tuning/jobs``, newest first."""
    return _plain_page({name: job.description for name, job in simulation.jobs.items()}, request)


def events(simulation: Simulation, request: Request) -> Reply:
    """``GET /fine_tuning/jobs/{job_id}/events``, newest first."""
    return _plain_page(_find(simulation, request).events, request)


def checkpoints(simulation: Simulation, request: Request) -> Reply:
    """``GET /fine_tuning/jobs/{job_id}/checkpoints``, newest first."""
    return json_reply(page(_find(simulation, request).checkpoints, request.query))


def cancel(simulation: Simulation, request: Request) -> Reply:
    """``POST /fine_tuning/jobs/{job_id}/cancel``."""
    job = _find(simulation, request)
    status = job.description["status"]
    if status in _FINAL:
        raise ApiError(400, f"The job cannot be cancelled: its status is '{status}'.", code="invalid_job_status")
    _finish(simulation, job, "cancelled")
    _note(simulation, job, "The job was cancelled")
    return json_reply(job.description)


def _advance(simulation: Simulation, job: Job) -> None:
    status = job.description["status"]
    if status == "validating_files" and job.training.problem:
        code = "invalid_training_file"
        job.description["error"] = {"code": code, "message": job.training.problem, "param": "training_file"}
        _note(simulation, job, f"The job failed: {job.training.problem}", level="error")
        _finish(simulation, job, "failed")
    elif status == "validating_files":
        job.description["status"] = "queued"
        _note(simulation, job, "Files validated, moving job to queued state")
    elif status == "queued":
        job.description["status"] = "running"
        job.description["estimated_finish"] = simulation.now() + 60
        _note(simulation, job, "Fine-tuning job started")
    else:
        _train(simulation, job)


def _train(simulation: Simulation, job: Job) -> None:
    """Invent the course of the training and its result."""
    epochs: int = job.description["hyperparameters"]["n_epochs"]
    steps = job.training.steps(job.description["hyperparameters"]["batch_size"])
    name = f"ft:{job.request.model}:quire-simulator:{job.request.suffix or ''}:{job.description['id'][-8:]}"
    rows = ["step,train_loss,train_accuracy"]
    for step, loss, accuracy in job.training.course(steps, epochs, job.description["seed"]):
        rows.append(f"{step},{loss},{accuracy}")
        data = {"step": step, "train_loss": loss, "train_mean_token_accuracy": accuracy}
        _note(simulation, job, f"Step {step}: training loss={loss}", data=data)
        if step % steps == 0:
            _add_checkpoint(simulation, job, name, data)
    result = store(simulation, "step_metrics.csv", "fine-tune-results", "\n".join(rows).encode() + b"\n")
    job.description["result_files"] = [result.description["id"]]
    job.description["trained_tokens"] = job.training.tokens * epochs
    job.description["fine_tuned_model"] = name
    simulation.tuned[name] = None
    _note(simulation, job, f"New fine-tuned model created: {name}")
    _note(simulation, job, "The job has successfully completed")
    _finish(simulation, job, "succeeded")


def _add_checkpoint(simulation: Simulation, job: Job, model: str, metrics: dict[str, Any]) -> None:
    name = simulation.new_id("ftckpt_")
    job.checkpoints[name] = {
        "id": name,
        "object": "fine_tuning.job.checkpoint",
        "created_at": simulation.now(),
        "fine_tuned_model_checkpoint": f"{model}:ckpt-step-{metrics['step']}",
        "fine_tuning_job_id": job.description["id"],
        "metrics": metrics,
        "step_number": metrics["step"],
    }


def _note(
    simulation: Simulation, job: Job, message: str, *, level: str = "info", data: dict[str, Any] | None = None
) -> None:
    name = simulation.new_id("ftevent-")
    job.events[name] = {
        "id": name,
        "object": "fine_tuning.job.event",
        "created_at": simulation.now(),
        "level": level,
        "message": message,
        "type": "message" if data is None else "metrics",
        "data": data or {},
    }


def _finish(simulation: Simulation, job: Job, status: str) -> None:
    job.description["status"] = status
    job.description["finished_at"] = simulation.now()
    job.description["estimated_finish"] = None


def _hyperparameters(request: JobRequest, method: Method, training: Training) -> dict[str, Any]:
    options: MethodOptions | None = getattr(method, method.type)
    given = (options and options.hyperparameters) or request.hyperparameters or Hyperparameters()
    auto = {"batch_size": training.batch_size, "learning_rate_multiplier": 2.0, "n_epochs": _DEFAULT_EPOCHS}
    chosen = {name: getattr(given, name) for name in auto}
    return {name: auto[name] if value == "auto" else value for name, value in chosen.items()}


def _plain_page(objects: dict[str, dict[str, Any]], request: Request) -> Reply:
    listed = page(objects, request.query)
    return json_reply({name: listed[name] for name in ("object", "data", "has_more")})


def _find(simulation: Simulation, request: Request) -> Job:
    name = request.parameters["job_id"]
    job: Job | None = simulation.jobs.get(name)
    if job is None:
        raise not_found("fine-tuning job", name)
    return job
