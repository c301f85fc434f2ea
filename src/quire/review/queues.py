"""Making and finding review queues: each is a run, so that every store that keeps runs keeps them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from quire.domain.errors import AlreadyExists, InvalidInput, NotFound
from quire.domain.names import check_text
from quire.review.definition import (
    DEFINITION_TAG,
    NAME_TAG,
    Definition,
    checked_per_item,
    checked_reviewers,
    decoded,
    encoded,
)
from quire.review.questions import checked_questions
from quire.review.queue import Queue
from quire.tracking.client import Client
from quire.tracking.experiments import collect, current_experiment_id

_MAX_NAME = 250


def create_queue(
    name: str,
    questions: Any,
    *,
    reviewers: Iterable[str] | str = (),
    pairs: bool = False,
    blind: bool = False,
    per_item: int | None = None,
    experiment_id: str | None = None,
    client: Client | None = None,
) -> Queue:
    """Make an empty queue; ``add_rows``, ``add_pairs`` and ``add_traces`` fill it.

    ``questions`` is one :class:`Question` (or its name: a yes-or-no question), or several. ``reviewers`` are who may
    answer; anyone, where nobody is named. ``pairs`` makes a queue of pairs. ``blind`` hides which variant gave an
    answer. ``per_item`` is how many reviewers an item needs; all by default. The queue belongs to the experiment
    given, or to the active one.

    Raises InvalidInput for what makes no queue, AlreadyExists for a name that the experiment has.
    """
    _check_name(name)
    definition = Definition(
        name=name,
        questions=checked_questions(questions, pairs=pairs),
        reviewers=checked_reviewers(reviewers),
        pairs=pairs,
        blind=blind,
        per_item=checked_per_item(per_item),
    )
    client = client or Client()
    place = experiment_id or current_experiment_id()
    if any(queue.name == name for queue in _queues(client, place)):
        raise AlreadyExists(f"The experiment {place} has a review queue {name!r}. Open it with get_queue({name!r}).")
    run = client.create_run(place, run_name=name, tags={NAME_TAG: name, DEFINITION_TAG: encoded(definition)})
    return Queue(client, run.info.run_id, place, definition)


def _check_name(name: object) -> None:
    if not isinstance(name, str) or not name.strip():
        raise InvalidInput(f"The queue's name is {name!r}; expected text.")
    check_text(name, "The queue's name", _MAX_NAME)


def get_queue(name: str, *, experiment_id: str | None = None) -> Queue:
    """The queue of that name in the experiment (the active one by default), or of that run id. Raises NotFound."""
    client = Client()
    place = experiment_id or current_experiment_id()
    found = [queue for queue in _queues(client, place) if name in (queue.name, queue.run_id)]
    if not found:
        names = [queue.name for queue in _queues(client, place)]
        raise NotFound(f"The experiment {place} has no review queue {name!r}; it has {', '.join(names) or 'none'}.")
    return found[0]


def search_queues(*, experiment_id: str | None = None) -> list[Queue]:
    """The queues of an experiment, the active one by default; newest first."""
    return _queues(Client(), experiment_id or current_experiment_id())


def open_queue(run_id: str, client: Client | None = None) -> Queue:
    """The queue of a run. Raises NotFound for a run that is none."""
    client = client or Client()
    run = client.get_run(run_id)
    if DEFINITION_TAG not in run.data.tags:
        raise NotFound(f"The run {run_id} is no review queue. quire.review.search_queues() lists them.")
    return Queue(client, run_id, run.info.experiment_id, decoded(run.data.tags[DEFINITION_TAG]))


def _queues(client: Client, experiment_id: str) -> list[Queue]:
    runs = collect(
        lambda size, token: client.search_runs(
            [experiment_id], f"tags.`{NAME_TAG}` != ''", max_results=size, page_token=token
        ),
        None,
    )
    return [
        Queue(client, run.info.run_id, experiment_id, decoded(run.data.tags[DEFINITION_TAG]))
        for run in runs
        if DEFINITION_TAG in run.data.tags
    ]
