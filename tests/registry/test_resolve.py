"""From a model URI to the place of its files."""

from __future__ import annotations

from pathlib import Path

import pytest

import quire
from quire.domain.errors import InvalidInput, NotFound
from quire.registry import resolve_model_uri


@pytest.fixture
def logged(package: Path) -> tuple[str, quire.entities.LoggedModel]:
    """A run that logged the model "model" twice; the run's id and the newer model."""
    client = quire.Client()
    with quire.start_run() as run:
        for _ in range(2):
            model = quire.initialize_logged_model("model")
            client.log_model_artifacts(model.model_id, package)
            model = quire.finalize_logged_model(model.model_id, "READY")
            quire.log_outputs([quire.entities.LoggedModelOutput(model_id=model.model_id)])
        quire.log_artifacts(package, "folder")
    return run.info.run_id, model


def test_a_logged_model_is_found_by_its_id_and_by_its_run_and_name(
    logged: tuple[str, quire.entities.LoggedModel],
) -> None:
    run_id, model = logged
    for uri in (model.model_uri, f"runs:/{run_id}/model"):
        found = resolve_model_uri(uri)
        assert (found.location, found.model_id, found.run_id) == (model.artifact_location, model.model_id, run_id)
        assert (Path(found.location) / "MLmodel").exists()
    assert resolve_model_uri(f"runs:/{run_id}/model/MLmodel").location == f"{model.artifact_location}/MLmodel"


def test_a_folder_of_a_runs_artifacts_is_found(logged: tuple[str, quire.entities.LoggedModel]) -> None:
    run_id, _ = logged
    found = resolve_model_uri(f"runs:/{run_id}/folder")
    assert (found.model_id, found.run_id) == (None, run_id)
    assert (Path(found.location) / "MLmodel").exists()


@pytest.mark.parametrize("uri", ["s3://bucket/some/model", "gs://bucket/m", "relative/folder", "/absolute/folder"])
def test_places_are_what_they_are(uri: str) -> None:
    assert resolve_model_uri(uri).location == uri


def test_registered_versions_are_found_by_number_alias_latest_and_stage(
    logged: tuple[str, quire.entities.LoggedModel], package: Path, client: quire.Client
) -> None:
    run_id, model = logged
    quire.register_model(str(package), "joker")
    quire.register_model(f"runs:/{run_id}/model", "joker")
    client.set_registered_model_alias("joker", "champion", 2)
    client.transition_model_version_stage("joker", "1", "staging")
    for uri in ("models:/joker/2", "models:/joker@champion", "models:/joker/latest"):
        found = resolve_model_uri(uri)
        assert (found.location, found.model_id, found.name, found.version, found.run_id) == (
            model.artifact_location,
            model.model_id,
            "joker",
            "2",
            run_id,
        )
    assert resolve_model_uri("models:/joker/1").location == str(package)
    assert resolve_model_uri("models:/joker/Staging").version == "1"


def test_the_error_lists_the_versions_and_aliases_that_exist(package: Path, client: quire.Client) -> None:
    for _ in range(3):
        quire.register_model(str(package), "joker")
    client.set_registered_model_alias("joker", "champion", "2")
    exists = r"Its versions: 3, 2, 1\. Its aliases: @champion = 2\."
    for uri, missing in [
        ("models:/joker/7", "version 7"),
        ("models:/joker@challenger", "alias 'challenger'"),
        ("models:/joker/Production", "version in stage 'Production'"),
    ]:
        with pytest.raises(NotFound, match=rf"'joker' has no {missing}\. {exists}"):
            resolve_model_uri(uri)
    with pytest.raises(NotFound, match="'nobody'"):
        resolve_model_uri("models:/nobody/1")


def test_a_name_without_versions_says_so(client: quire.Client) -> None:
    client.create_registered_model("empty")
    with pytest.raises(NotFound, match=r"has no version\. It has no versions yet: register one"):
        resolve_model_uri("models:/empty/latest")


@pytest.mark.parametrize("uri", ["models:/", "models:/a/b/c", "runs:/short/model", "models:a", ""])
def test_a_malformed_uri_is_refused(uri: str) -> None:
    with pytest.raises(InvalidInput):
        resolve_model_uri(uri)


def test_unknown_ids_are_not_found() -> None:
    with pytest.raises(NotFound, match="m-" + "0" * 32):
        resolve_model_uri("models:/m-" + "0" * 32)
    with pytest.raises(NotFound, match="0" * 32):
        resolve_model_uri(f"runs:/{'0' * 32}/model")


def test_a_path_in_a_run_cannot_leave_it(logged: tuple[str, quire.entities.LoggedModel]) -> None:
    with pytest.raises(InvalidInput, match="is not an artifact path"):
        resolve_model_uri(f"runs:/{logged[0]}/../../secret")


def test_a_registered_model_can_be_downloaded(package: Path, workspace: Path) -> None:
    quire.register_model(str(package), "joker")
    assert quire.download_artifacts("models:/joker/1") == str(package)
    copied = quire.download_artifacts("models:/joker/1", dst_path=workspace / "copy")
    assert (Path(copied) / "MLmodel").exists()
