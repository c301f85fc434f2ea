"""Evaluations that a server has done in processes of their own: started, listed, ended.

What is known of a job lies in a folder that all processes of the server share, one small file for each: a server with
several workers lists the same jobs whichever of them is asked. The job's own process writes its file; it ends when the
process that started it does, or when somebody has it stopped. Prompts and data are never in these files.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Literal

import msgspec

from quire.domain.errors import InvalidInput, InvalidState, NotFound
from quire.domain.ids import new_run_id, now_ms
from quire.playground.limits import Limits, TooMany

JobState = Literal["starting", "running", "done", "failed", "stopped"]
UNDER_WAY = ("starting", "running")
KEPT = 50
"""Jobs that are remembered; the oldest that have ended are forgotten."""
_ID = re.compile(r"[0-9a-f]{32}")
_ENDED_WITHOUT_WORD = "The process of this evaluation ended without a word. The server's log may say why."
_GRACE_MS = 30_000


class JobVariant(msgspec.Struct, frozen=True):
    """A variant as its process is told of it."""

    name: str
    model: str
    task: str
    keywords: dict[str, Any]
    prompt: str | None = None


class JobScorer(msgspec.Struct, frozen=True):
    """A scorer by its name, with its parameters."""

    name: str
    parameters: dict[str, Any] = {}


class JobOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What a process is told to do."""

    job_id: str
    folder: str
    tracking_uri: str
    registry_uri: str
    artifact_root: str | None
    dataset: str
    dataset_name: str
    version: int | None
    variants: list[JobVariant]
    scorers: list[JobScorer]
    primary: list[str]
    max_cost_usd: float
    experiment: str
    run_name: str
    by: str


class Job(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What is known of a job. Times are ms since the epoch; ``rows`` of ``total`` are answered."""

    job_id: str
    state: JobState = "starting"
    name: str = ""
    dataset: str = ""
    variants: list[str] = []
    started_ms: int = 0
    ended_ms: int | None = None
    rows: int = 0
    failed: int = 0
    total: int | None = None
    max_cost_usd: float = 0.0
    by: str = ""
    run_id: str | None = None
    message: str = ""
    pid: int | None = None


def folder_of(uri: str) -> Path:
    """The folder of the jobs of the server whose store has this URI; nobody else can read it."""
    name = hashlib.sha256(uri.encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"quire-jobs-{os.getuid()}-{name}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise InvalidState(
            f"{str(folder)!r} belongs to somebody else. Remove it, or set TMPDIR to a folder of your own."
        )
    folder.chmod(0o700)
    return folder


def write(folder: Path, job: Job) -> None:
    """Keep what is known of a job."""
    draft = folder / f"{job.job_id}.{os.getpid()}.draft"
    draft.write_bytes(msgspec.json.encode(job))
    draft.replace(folder / f"{job.job_id}.json")


def stop_file(folder: Path, job_id: str) -> Path:
    """The file whose presence tells a job to stop."""
    return folder / f"{job_id}.stop"


class Jobs:
    """The jobs of one server, as one of its processes knows them."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._folder, self._limits = folder, limits
        self._lock = threading.Lock()

    def start(self, order: JobOrder) -> Job:
        """Start a job's process. Raises TooMany if no more may be under way, or the day's money is too little."""
        with self._lock:
            self._require_room(order)
            job = Job(
                job_id=order.job_id,
                name=order.run_name,
                dataset=order.dataset_name,
                variants=[variant.name for variant in order.variants],
                started_ms=now_ms(),
                max_cost_usd=order.max_cost_usd,
                by=order.by,
            )
            write(self._folder, job)
        self._forget_old()
        threading.Thread(target=self._work, args=(order,), name="quire-evaluation", daemon=True).start()
        return job

    def _require_room(self, order: JobOrder) -> None:
        self._limits.require_enabled()
        busy = sum(job.state in UNDER_WAY for job in self.all())
        if busy >= self._limits.jobs:
            raise TooMany(
                f"{busy} evaluations of the playground are under way, which is as many as this server does at once "
                "(QUIRE_PLAYGROUND_JOBS). Wait until one has ended, or stop one."
            )
        self._limits.refresh()
        left = self._limits.left_usd
        if left is not None and order.max_cost_usd > left:
            raise TooMany(
                f"The evaluation may spend ${order.max_cost_usd:g}; of what this server's playground may spend a day "
                f"(QUIRE_PLAYGROUND_MAX_USD) ${left:.4f} are left. Lower max_cost_usd, or try again tomorrow."
            )
        self._limits.spend(order.max_cost_usd)
        self._limits.publish()

    def _work(self, order: JobOrder) -> None:
        """Wait for the process, which reads its order and then waits for this end of the pipe to be closed."""
        command = [sys.executable, "-m", "quire.playground.job"]
        try:
            process = subprocess.Popen(command, stdin=subprocess.PIPE)  # noqa: S603 - our own module
            assert process.stdin is not None
            process.stdin.write(msgspec.json.encode(order) + b"\n")
            process.stdin.flush()
            process.wait()
            process.stdin.close()
        except OSError as error:
            self._end(order.job_id, f"The process of this evaluation could not be started: {error}")
            return
        self._end(order.job_id, _ENDED_WITHOUT_WORD)

    def _end(self, job_id: str, message: str) -> None:
        job = self._read(self._folder / f"{job_id}.json")
        if job is not None and job.state in UNDER_WAY:
            job.state, job.message, job.ended_ms = "failed", message, now_ms()
            write(self._folder, job)

    def all(self) -> list[Job]:
        """All jobs, newest first."""
        found = [job for path in self._folder.glob("*.json") if (job := self._read(path)) is not None]
        return sorted(found, key=lambda job: job.started_ms, reverse=True)

    def get(self, job_id: str) -> Job:
        """One job. Raises NotFound."""
        job = self._read(self._folder / f"{job_id}.json") if _ID.fullmatch(job_id) else None
        if job is None:
            raise NotFound(f"There is no job {job_id[:60]!r} here. Jobs that ended are remembered, the last {KEPT}.")
        return job

    def stop(self, job_id: str) -> Job:
        """Have a job stop; what it has finished is kept. No error if it has ended."""
        job = self.get(job_id)
        if job.state in UNDER_WAY:
            stop_file(self._folder, job_id).touch()
        return job

    def _read(self, path: Path) -> Job | None:
        try:
            job = msgspec.json.decode(path.read_bytes(), type=Job)
        except (OSError, msgspec.MsgspecError):
            return None
        if job.state in UNDER_WAY and _is_gone(job):
            job.state, job.message = "failed", _ENDED_WITHOUT_WORD
        return job

    def _forget_old(self) -> None:
        for job in [job for job in self.all() if job.state not in UNDER_WAY][KEPT:]:
            for path in self._folder.glob(f"{job.job_id}.*"):
                path.unlink(missing_ok=True)


def _is_gone(job: Job) -> bool:
    """Whether the process of a job is not there any more."""
    if job.pid is None:
        return now_ms() - job.started_ms > _GRACE_MS
    try:
        os.kill(job.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return True  # the number is another user's by now
    return False


def new_id() -> str:
    """The id of a job that begins now."""
    return new_run_id()


def checked_limit(usd: float) -> float:
    """A spending limit. Raises InvalidInput for none."""
    if not 0 < usd < float("inf"):
        raise InvalidInput(
            f"max_cost_usd is {usd!r}; expected a number above 0: what the evaluation may spend at most."
        )
    return usd


def wait_for(jobs: Jobs, job_id: str, seconds: float = 60.0) -> Job:
    """Wait until a job has ended; for scripts and tests."""
    until = time.monotonic() + seconds
    while (job := jobs.get(job_id)).state in UNDER_WAY and time.monotonic() < until:
        time.sleep(0.1)
    return job
