"""Evaluations that are open in this process: read once, kept while they are looked at, the longest unused closed."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from quire.domain.entities import Run
from quire.domain.errors import NotFound
from quire.evaluate.browsing import Browsed
from quire.evaluate.evaluation import load_evaluation
from quire.evaluate.runs import Settings, read_settings
from quire.server.context import Context
from quire.server.own_client import OwnClient

_EXTRA = "evaluations"
_MOST_OPEN = 16
_MOST_NUMBERS = 20_000_000
"""Scores of all open evaluations together: eight bytes each."""
_Key = tuple[str, str, int | None]


class Opened:
    """The evaluations that are open, by run and by how it ended: one that is gone on with is read anew."""

    def __init__(self) -> None:
        self._open: OrderedDict[_Key, Browsed] = OrderedDict()
        self._opening: dict[_Key, Lock] = {}
        self._lock = Lock()

    def get(self, client: OwnClient, run: Run) -> Browsed:
        """The evaluation of a run, read if it is not open. Two that ask at once wait for one reading."""
        key = (run.info.run_id, run.info.status, run.info.end_time)
        with self._lock:
            turn = self._opening.setdefault(key, Lock())
        with turn:
            with self._lock:
                known = self._open.get(key)
                if known is not None:
                    self._open.move_to_end(key)
                    return known
            made = Browsed(load_evaluation(run.info.run_id, client=client))
            with self._lock:
                self._open[key] = made
                self._opening.pop(key, None)
                self._close_some()
            return made

    def _close_some(self) -> None:
        """Close those that were used longest ago. Who reads one meanwhile has its numbers, and reads its files anew."""
        while len(self._open) > _MOST_OPEN or (len(self._open) > 1 and self._numbers() > _MOST_NUMBERS):
            _key, oldest = self._open.popitem(last=False)
            oldest.close()

    def _numbers(self) -> int:
        return sum(browsed.size for browsed in self._open.values())


def open_evaluation(context: Context, run_id: str) -> Browsed:
    """The evaluation of a run, or of a variant's run. NotFound for a run that is none, or that still runs."""
    run, settings = find_evaluation(context, run_id)
    if not rows_are_ready(run, settings):
        raise NotFound(
            f"The evaluation {run.info.run_id} has no rows: its run is {run.info.status}. Rows are kept when it ends."
        )
    opened: Opened = context.extras.setdefault(_EXTRA, Opened())
    return opened.get(OwnClient(context), run)


def find_evaluation(context: Context, run_id: str) -> tuple[Run, Settings]:
    """An evaluation's run and settings. All of its runs are of one experiment, whose readers may read them."""
    client = OwnClient(context)
    asked = client.get_run(run_id).info.experiment_id
    run, settings = read_settings(run_id, client)
    for one in (run, *(client.get_run(child) for child in settings.run_ids.values())):
        if one.info.experiment_id != asked:
            raise NotFound(
                f"The evaluation {run_id} names the run {one.info.run_id} of another experiment; all must be of one."
            )
    return run, settings


def rows_are_ready(run: Run, settings: Settings) -> bool:
    """Whether an evaluation has ended with its rows kept."""
    if run.info.status in ("RUNNING", "SCHEDULED"):
        return False
    return bool(settings.run_ids) and "records" in run.data.metrics
