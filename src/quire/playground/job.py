"""The process of one evaluation: reads its order from standard input, evaluates, tells in a file how far it is."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from quire.domain.errors import QuireError
from quire.domain.ids import now_ms
from quire.playground.jobs import Job, JobOrder, JobVariant, stop_file, write

_EVERY_S = 0.3
_STOPPED = "Stopped. What had finished is kept in the run."


class Teller:
    """Keeps the job's file current; also the display of the evaluation's progress."""

    def __init__(self, folder: Path, job: Job) -> None:
        self._folder, self.job = folder, job
        self._told = 0.0
        self.tell()

    def tell(self) -> None:
        """Write what is known."""
        write(self._folder, self.job)

    def __call__(self, total: int | None) -> Teller:
        """The display of so many rows."""
        from quire.tracking import context

        entry = context.innermost()
        self.job.run_id = None if entry is None else entry.run_id
        self.job.total, self.job.state = total, "running"
        self.tell()
        return self

    def watch(self, note: Callable[[], str]) -> None:
        """The rows began."""

    def update(self, rows: int, failed: int) -> None:
        """So many rows are answered."""
        self.job.rows, self.job.failed = rows, failed
        if time.monotonic() - self._told > _EVERY_S:
            self._told = time.monotonic()
            self.tell()

    def close(self) -> None:
        """The rows ended."""
        self.tell()


def main() -> int:
    """Do what is ordered; the exit code."""
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=JobOrder)
    folder = Path(order.folder)
    job = Job(
        job_id=order.job_id,
        name=order.run_name,
        dataset=order.dataset_name,
        variants=[variant.name for variant in order.variants],
        started_ms=now_ms(),
        max_cost_usd=order.max_cost_usd,
        by=order.by,
        pid=os.getpid(),
    )
    teller = Teller(folder, job)
    threading.Thread(target=_watch, args=(stop_file(folder, order.job_id),), daemon=True).start()
    threading.Thread(target=_end_with_server, daemon=True).start()
    try:
        job.run_id = _evaluate(order, teller)
        job.state = "done"
    except KeyboardInterrupt:
        job.state, job.message = "stopped", _STOPPED
    except QuireError as error:
        job.state, job.message = "failed", error.message
        job.run_id = getattr(error, "run_id", None) or job.run_id
    except Exception as error:
        import traceback

        traceback.print_exc()
        job.state, job.message = "failed", f"{type(error).__name__}: the server's log says more."
    job.ended_ms = now_ms()
    teller.tell()
    return 0 if job.state == "done" else 1


def _evaluate(order: JobOrder, teller: Teller) -> str:
    from quire import datasets
    from quire.artifacts.opening import work_for_server
    from quire.evaluate.engine import evaluate
    from quire.judges import load_judge
    from quire.openai.autologging import autolog
    from quire.playground.messages import ChosenScorer
    from quire.playground.scoring import made_scorer
    from quire.store.current import set_registry_uri, set_tracking_uri
    from quire.tracing.exporter import flush_trace_async_logging

    if order.artifact_root is not None:
        work_for_server(order.artifact_root)
    set_tracking_uri(order.tracking_uri)
    set_registry_uri(order.registry_uri)
    autolog(silent=True)  # each answer is a trace, which people can judge
    tags: dict[str, Any] = {"quire.playground.job": order.job_id}
    if order.by:
        tags["mlflow.user"] = order.by
    try:
        done = evaluate(
            datasets.load(order.dataset, order.version),
            {variant.name: _variant(variant) for variant in order.variants},
            [made_scorer(ChosenScorer(name=one.name, parameters=one.parameters), load_judge) for one in order.scorers],
            max_cost_usd=order.max_cost_usd,
            primary=order.primary,
            experiment=order.experiment,
            run_name=order.run_name,
            tags=tags,
            progress=teller,
        )
    finally:
        flush_trace_async_logging()
    return str(done.run_id)


def _variant(told: JobVariant) -> Any:
    from quire.domain.package import make_package
    from quire.evaluate.variants import Described, ModelVariant

    package = make_package(told.model, told.task, told.keywords)  # type: ignore[arg-type]
    return ModelVariant(Described(told.name, "model", prompt=told.prompt), package, None, 0)


def _watch(stop: Path) -> None:
    while not stop.exists():
        time.sleep(_EVERY_S)
    os.kill(os.getpid(), signal.SIGINT)


def _end_with_server() -> None:
    """Stop when the server's end of the pipe is closed: it has ended, however it went."""
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGINT)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    raise SystemExit(main())
