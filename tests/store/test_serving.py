"""Which stores keep what serving needs, and what is said of those that do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from quire.domain.endpoints import Endpoint
from quire.domain.errors import InvalidState
from quire.store import open_store
from quire.store.serving import serving_of


def test_a_database_and_a_server_of_ours_keep_it(tmp_path: Path, quire_server: str) -> None:
    for uri in (f"sqlite:///{tmp_path}/quire.db", quire_server):
        serving = serving_of(open_store(uri))
        assert serving.put_endpoint(Endpoint(name="kept", model="models:/joker/1")) in serving.list_endpoints()


@pytest.mark.mlflow
@pytest.mark.slow
def test_a_server_of_mlflow_does_not_and_the_way_out_is_named(mlflow_server: str) -> None:
    with pytest.raises(InvalidState, match="MLflow's protocol alone") as caught:
        serving_of(open_store(mlflow_server))
    assert mlflow_server in str(caught.value)
