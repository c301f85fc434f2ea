"""Registering models: names, versions, sources, aliases, tags, stages."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import quire
from quire.domain.errors import AlreadyExists, InvalidInput, NotFound


def test_versions_are_numbered_and_the_name_is_taken_once(package: Path) -> None:
    first = quire.register_model(str(package), "joker", tags={"a": 1})
    second = quire.register_model(str(package), "joker")
    assert (first.version, second.version, first.name, first.status) == ("1", "2", "joker", "READY")
    assert first.tags == {"a": "1"}


def test_a_relative_path_is_registered_as_an_absolute_one(package: Path) -> None:
    assert quire.register_model("package", "joker").source == str(package)


def test_a_logged_model_is_registered_by_its_id() -> None:
    with quire.start_run() as run:
        model = quire.create_external_model("m")
        quire.log_outputs([quire.entities.LoggedModelOutput(model_id=model.model_id)])
    for uri in (model.model_uri, f"runs:/{run.info.run_id}/m"):
        version = quire.register_model(uri, "joker")
        assert (version.source, version.model_id, version.run_id) == (model.model_uri, model.model_id, run.info.run_id)


def test_a_folder_of_a_run_is_registered_with_its_place(package: Path) -> None:
    with quire.start_run() as run:
        quire.log_artifacts(package, "folder")
    version = quire.register_model(f"runs:/{run.info.run_id}/folder", "joker")
    assert version.run_id == run.info.run_id
    assert version.source == f"{run.info.artifact_uri}/folder"


def test_what_does_not_exist_is_not_registered() -> None:
    with pytest.raises(NotFound, match="0" * 32):
        quire.register_model(f"runs:/{'0' * 32}/model", "joker")
    with pytest.raises(InvalidInput, match=r"registered already.*copy_model_version"):
        quire.register_model("models:/a/1", "joker")
    assert quire.search_registered_models() == []


def test_many_threads_register_at_once(package: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        versions = list(pool.map(lambda _: quire.register_model(str(package), "joker").version, range(24)))
    assert sorted(map(int, versions)) == list(range(1, 25))


def test_a_version_is_copied_to_another_name(package: Path, client: quire.Client) -> None:
    quire.register_model(str(package), "dev", tags={"a": "b"})
    client.set_registered_model_alias("dev", "champion", "1")
    copied = client.copy_model_version("models:/dev@champion", "prod")
    assert (copied.name, copied.version, copied.source, copied.tags) == ("prod", "1", "models:/dev/1", {"a": "b"})
    assert client.get_model_version_download_uri("prod", "1") == str(package)
    with pytest.raises(InvalidInput, match="names no registered version"):
        client.copy_model_version(str(package), "prod")


def test_aliases_move_and_vanish(package: Path, client: quire.Client) -> None:
    for _ in range(2):
        quire.register_model(str(package), "joker")
    client.set_registered_model_alias("joker", "champion", 1)
    client.set_registered_model_alias("joker", "champion", 2)
    assert client.get_model_version_by_alias("joker", "champion").version == "2"
    assert client.get_registered_model("joker").aliases == {"champion": "2"}
    client.delete_registered_model_alias("joker", "champion")
    with pytest.raises(NotFound, match="no alias 'champion'"):
        client.get_model_version_by_alias("joker", "champion")
    with pytest.raises(InvalidInput, match="latest"):
        client.set_registered_model_alias("joker", "latest", 1)


def test_tags_of_names_and_versions(package: Path, client: quire.Client) -> None:
    quire.register_model(str(package), "joker")
    client.set_registered_model_tag("joker", "team", 7)
    quire.set_model_version_tag("joker", "1", "checked", True)
    assert client.get_registered_model("joker").tags == {"team": "7"}
    assert client.get_model_version("joker", 1).tags == {"checked": "True"}
    client.transition_model_version_stage("joker", 1, "Production")
    client.set_model_version_tag("joker", stage="production", key="k", value="v")
    assert client.get_model_version("joker", 1).tags["k"] == "v"
    client.delete_model_version_tag("joker", "1", "k")
    client.delete_registered_model_tag("joker", "team")
    assert client.get_registered_model("joker").tags == {}
    with pytest.raises(InvalidInput, match="exactly one of them"):
        client.set_model_version_tag("joker", key="k", value="v")


def test_stages(package: Path, client: quire.Client) -> None:
    for _ in range(2):
        quire.register_model(str(package), "joker")
        client.transition_model_version_stage("joker", 1, "Production")
    client.transition_model_version_stage("joker", 2, "Production", archive_existing_versions=True)
    assert client.get_model_version("joker", 1).current_stage == "Archived"
    assert [version.version for version in client.get_latest_versions("joker", ["Production"])] == ["2"]
    assert client.get_model_version_stages("joker", 1) == ["None", "Staging", "Production", "Archived"]
    with pytest.raises(InvalidInput, match=r"'Shipped' does not exist. Expected one of None, Staging"):
        client.transition_model_version_stage("joker", 1, "Shipped")


def test_names_are_described_renamed_and_deleted(package: Path, client: quire.Client) -> None:
    client.create_registered_model("a", tags={"x": 1}, description="words")
    with pytest.raises(AlreadyExists, match="'a'"):
        client.create_registered_model("a")
    client.create_model_version("a", str(package), description="first")
    client.update_registered_model("a", "other words")
    client.update_model_version("a", "1", "changed")
    client.rename_registered_model("a", "b")
    assert client.get_registered_model("b").description == "other words"
    assert client.get_model_version("b", "1").description == "changed"
    client.delete_model_version("b", "1")
    with pytest.raises(NotFound):
        client.get_model_version("b", "1")
    client.delete_registered_model("b")
    with pytest.raises(NotFound, match="'b'"):
        client.get_registered_model("b")


def test_searching(package: Path, client: quire.Client) -> None:
    for name in ("one", "two", "three"):
        for _ in range(2):
            quire.register_model(str(package), name)
    assert [model.name for model in quire.search_registered_models()] == ["one", "three", "two"]
    assert [model.name for model in quire.search_registered_models(filter_string="name LIKE 't%'")] == ["three", "two"]
    assert len(quire.search_model_versions()) == 6
    assert {each.version for each in quire.search_model_versions(filter_string="name = 'two'")} == {"1", "2"}
    page = client.search_model_versions(max_results=4)
    assert len(page) == 4
    assert len(client.search_model_versions(max_results=4, page_token=page.token)) == 2
    assert len(client.search_registered_models(max_results=2)) == 2


def test_a_wrong_name_is_refused(package: Path) -> None:
    for name in ("", "a/b", "a:b"):
        with pytest.raises(InvalidInput, match="name"):
            quire.register_model(str(package), name)
