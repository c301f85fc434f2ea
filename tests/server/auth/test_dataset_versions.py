"""Who may read a dataset reads its versions; naming one needs who may change it."""

from __future__ import annotations

import json

import quire
from quire import datasets
from quire.domain.access import Resource
from tests.server.auth.conftest import PASSWORD, Guarded


def _shared(guarded: Guarded, name: str, reader: str, stranger: str | None = None) -> str:
    """The id of a dataset of three records that a user may read, and another may not."""
    experiment = guarded.experiment("ada")
    guarded.access.set_permission(reader, Resource("experiment", experiment), "reader")
    if stranger:
        guarded.access.set_permission(stranger, Resource("experiment", experiment), "none")
    made = guarded.store.create_dataset(name, experiment_ids=[experiment])
    _add(guarded, made.dataset_id, 1, 2, 3)
    return made.dataset_id


def _add(guarded: Guarded, dataset_id: str, *numbers: int) -> None:
    records = json.dumps([{"inputs": {"q": number}} for number in numbers])
    guarded.ask("ada", "POST", f"/api/3.0/mlflow/datasets/{dataset_id}/records", {"records": records})


def test_versions_are_read_by_readers_and_named_by_editors(guarded: Guarded) -> None:
    reader, stranger = guarded.user(), guarded.user()
    versions = f"/api/quire/v1/datasets/{_shared(guarded, 'named', reader, stranger)}/versions"
    assert guarded.call(reader, "POST", versions, {}).status == 403
    assert guarded.ask("ada", "POST", versions, {})["version"]["version"] == 1
    assert guarded.ask(reader, "GET", versions)["versions"][0]["records"] == 3
    assert len(json.loads(guarded.ask(reader, "GET", f"{versions}/1/records")["records"])) == 3
    for path in (versions, f"{versions}/1", f"{versions}/1/records"):
        assert guarded.call(stranger, "GET", path).status in (403, 404)


def test_a_reader_loads_the_newest_version_or_the_dataset_as_it_is(guarded: Guarded) -> None:
    reader = guarded.user()
    dataset_id = _shared(guarded, "loaded", reader)
    quire.set_tracking_uri(f"http://{reader}:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{guarded.served.port}")
    assert (datasets.load("loaded").version, len(datasets.load("loaded"))) == (None, 3)
    guarded.ask("ada", "POST", f"/api/quire/v1/datasets/{dataset_id}/versions", {})
    assert datasets.load("loaded").version == 1
    _add(guarded, dataset_id, 4)
    assert (datasets.load("loaded").version, len(datasets.load("loaded"))) == (None, 4)
