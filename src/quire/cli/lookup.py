"""Finding what a person named: a store that exists, an experiment by name or id, a run by the start of its id."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote

from quire.domain.entities import Experiment, Run
from quire.domain.errors import InvalidInput, NotFound
from quire.domain.ids import is_run_id
from quire.domain.paging import Page
from quire.store.base import Store

T = TypeVar("T")
_PREFIX = re.compile(r"[0-9a-f]{1,31}\Z")
_SHOWN_CANDIDATES = 5


def open_existing_store() -> Store:
    """The current tracking store. Raises NotFound for an SQLite file that is not there, rather than make one."""
    from quire.store.current import current_store

    require_existing_store()
    return current_store()


def open_existing_registry() -> Store:
    """The store of registered models; raises as :func:`open_existing_store`."""
    from quire.store.current import current_registry_store

    require_existing_store()
    return current_registry_store()


def require_existing_store() -> None:
    """Raise NotFound if the current store is an SQLite file that does not exist."""
    from quire.store.current import get_tracking_uri

    missing = missing_database(get_tracking_uri())
    if missing is not None:
        raise NotFound(
            f"There is no tracking store here: {str(missing)!r} does not exist. Run the command in the folder of your "
            "project, or name the store with --tracking-uri (or QUIRE_TRACKING_URI)."
        )


def missing_database(uri: str) -> Path | None:
    """The file of an SQLite tracking URI that does not exist; None if it does, or for other stores."""
    match = re.match(r"sqlite(?:\+\w+)?:///(?P<path>[^?]+)", uri)
    if match is None or match["path"] == ":memory:":
        return None
    path = Path(unquote(match["path"]))
    return None if path.exists() else path.absolute()


def all_pages(fetch: Callable[[str | None], Page[T]]) -> Iterator[T]:
    """Every result of a paged search."""
    token: str | None = None
    while True:
        page = fetch(token)
        yield from page
        token = page.token
        if token is None:
            return


def all_experiments(store: Store) -> list[Experiment]:
    """Every active experiment."""
    return list(all_pages(lambda token: store.search_experiments(page_token=token)))


def find_experiment(store: Store, text: str) -> Experiment:
    """The experiment of that name, else of that id. Raises NotFound, listing what there is."""
    found = store.get_experiment_by_name(text)
    if found is not None:
        return found
    if text.isdecimal():
        try:
            return store.get_experiment(text)
        except NotFound:
            pass
    names = [experiment.name for experiment in all_experiments(store)]
    known = ", ".join(repr(name) for name in names[:10]) + (", …" if len(names) > 10 else "")
    raise NotFound(f"No experiment is named {text!r} or has that id. There are: {known or 'none'}.")


def chosen_experiments(store: Store, texts: Sequence[str] | None) -> list[Experiment]:
    """The experiments that were named, or all active ones."""
    return [find_experiment(store, text) for text in texts] if texts else all_experiments(store)


def find_run(store: Store, text: str) -> Run:
    """The run of an id or of the beginning of one. Raises NotFound, or InvalidInput if several begin so."""
    prefix = text.strip().lower()
    if is_run_id(prefix):
        return store.get_run(prefix)
    if not _PREFIX.match(prefix):
        raise InvalidInput(
            f"{text!r} is not a run id; expected 32 hexadecimal digits, or the first few of them. "
            "`quire runs list` shows the ids."
        )
    ids = [experiment.experiment_id for experiment in all_experiments(store)]
    filter_string = f"attributes.run_id LIKE '{prefix}%'"
    found = store.search_runs(ids, filter_string=filter_string, max_results=_SHOWN_CANDIDATES + 1) if ids else []
    if not found:
        raise NotFound(f"No run has an id that begins with {text!r}. `quire runs list` shows the ids.")
    if len(found) > 1:
        shown = short_ids([run.info.run_id for run in found], least=len(prefix) + 1)
        listed = ", ".join(shown[:_SHOWN_CANDIDATES]) + (", …" if len(found) > _SHOWN_CANDIDATES else "")
        raise InvalidInput(f"{text!r} begins the ids of several runs: {listed}. Give more digits.")
    return found[0]


def find_runs(store: Store, texts: Sequence[str]) -> list[Run]:
    """The runs of several ids. Raises InvalidInput if two name the same run."""
    runs = [find_run(store, text) for text in texts]
    ids = [run.info.run_id for run in runs]
    for position, run_id in enumerate(ids):
        if run_id in ids[:position]:
            raise InvalidInput(f"{texts[position]!r} and {texts[ids.index(run_id)]!r} are the same run, {run_id}.")
    return runs


def short_ids(ids: Sequence[str], least: int = 8) -> list[str]:
    """The ids cut to the fewest digits, at least ``least``, that keep them apart."""
    length = least
    while length < 32 and len({run_id[:length] for run_id in ids}) < len(set(ids)):
        length += 1
    return [run_id[:length] for run_id in ids]
