"""Registered models, versions and aliases: what every store promises."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from quire.domain.entities import Run, Tag
from quire.domain.errors import AlreadyExists, InvalidInput, InvalidState, NotFound
from quire.store import Store

Unique = Callable[[str], str]


@pytest.fixture
def name(store: Store, unique: Unique) -> str:
    """The name of a fresh registered model."""
    return store.create_registered_model(unique("model")).name


def test_a_registered_model_is_read_back(store: Store, unique: Unique) -> None:
    created = store.create_registered_model(unique("m"), description="tells jokes", tags=[Tag("k", "v")])
    found = store.get_registered_model(created.name)
    assert found == created
    assert (found.description, found.tags, found.aliases, found.latest_versions) == ("tells jokes", {"k": "v"}, {}, [])


def test_a_taken_name_is_refused(store: Store, name: str) -> None:
    with pytest.raises(AlreadyExists, match=name):
        store.create_registered_model(name)


@pytest.mark.parametrize("bad", ["", "  ", "a/b", "a:b", ".", "..", "x" * 501])
def test_a_bad_name_is_refused(store: Store, bad: str) -> None:
    with pytest.raises(InvalidInput, match="registered model name"):
        store.create_registered_model(bad)


def test_unknown_names_and_versions_are_not_found(store: Store, name: str) -> None:
    with pytest.raises(NotFound, match="absent"):
        store.get_registered_model("absent")
    with pytest.raises(NotFound, match="has no version 7"):
        store.get_model_version(name, "7")
    with pytest.raises(NotFound, match="absent"):
        store.create_model_version("absent", "s3://bucket/x")
    with pytest.raises(InvalidInput, match="expected a whole number"):
        store.get_model_version(name, "one")


def test_versions_are_numbered_from_one_and_a_number_is_not_used_again(store: Store, name: str) -> None:
    assert [store.create_model_version(name, "s3://bucket/x").version for _ in range(3)] == ["1", "2", "3"]
    store.delete_model_version(name, "3")
    assert store.create_model_version(name, "s3://bucket/x").version == "4"
    with pytest.raises(NotFound, match="has no version 3"):
        store.get_model_version(name, "3")


def test_a_version_is_read_back(store: Store, name: str, run: Run) -> None:
    made = store.create_model_version(
        name, "s3://x/y", run_id=run.info.run_id, description="first", run_link="http://r", tags=[Tag("k", "v")]
    )
    found = store.get_model_version(name, "1")
    assert found == made
    assert (found.source, found.run_id, found.description) == ("s3://x/y", run.info.run_id, "first")
    assert (found.run_link, found.tags, found.status) == ("http://r", {"k": "v"}, "READY")
    assert (found.current_stage, found.aliases) == ("None", [])


def test_a_version_of_a_logged_model_knows_its_model_and_run(
    store: Store, name: str, experiment: str, run: Run
) -> None:
    model = store.create_logged_model(experiment, source_run_id=run.info.run_id)
    version = store.create_model_version(name, f"models:/{model.model_id}", model_id=model.model_id)
    assert (version.model_id, version.run_id) == (model.model_id, run.info.run_id)


def test_a_version_made_of_another_comes_from_its_model_and_run(store: Store, name: str, run: Run) -> None:
    store.create_model_version(name, "s3://x/y", run_id=run.info.run_id)
    copy = store.create_model_version(name, f"models:/{name}/1")
    assert (copy.source, copy.run_id) == (f"models:/{name}/1", run.info.run_id)
    with pytest.raises(NotFound):
        store.create_model_version(name, f"models:/{name}/99")


@pytest.mark.parametrize(("source", "problem"), [("", "needs a source"), ("s3://" + "x" * 3000, "at most 2,048")])
def test_a_bad_source_is_refused(store: Store, name: str, source: str, problem: str) -> None:
    with pytest.raises(InvalidInput, match=problem):
        store.create_model_version(name, source)


def test_an_id_that_is_no_text_is_refused(store: Store, name: str) -> None:
    with pytest.raises(InvalidInput, match="run_id is 5, of type int; expected text"):
        store.create_model_version(name, "s3://bucket/x", run_id=5)  # type: ignore[arg-type]


def test_descriptions_are_replaced(store: Store, name: str) -> None:
    store.create_model_version(name, "s3://bucket/x")
    assert store.update_registered_model(name, description="new").description == "new"
    assert store.update_model_version(name, "1", description="newer").description == "newer"
    found = store.get_registered_model(name)
    assert (found.description, found.latest_versions[0].description) == ("new", "newer")


def test_tags(store: Store, name: str) -> None:
    store.create_model_version(name, "s3://bucket/x")
    store.set_registered_model_tag(name, Tag("a", "1"))
    store.set_registered_model_tag(name, Tag("a", "2"))
    store.set_model_version_tag(name, "1", Tag("b", "1"))
    assert store.get_registered_model(name).tags == {"a": "2"}
    assert store.get_model_version(name, "1").tags == {"b": "1"}
    for _ in range(2):
        store.delete_registered_model_tag(name, "a")
        store.delete_model_version_tag(name, "1", "b")
    assert store.get_registered_model(name).tags == {}
    assert store.get_model_version(name, "1").tags == {}


def test_an_alias_moves_and_goes(store: Store, name: str) -> None:
    for _ in range(2):
        store.create_model_version(name, "s3://bucket/x")
    store.set_alias(name, "champion", "1")
    store.set_alias(name, "champion", "2")
    store.set_alias(name, "Challenger_2", "1")
    assert store.get_registered_model(name).aliases == {"champion": "2", "Challenger_2": "1"}
    assert store.get_model_version_by_alias(name, "champion").version == "2"
    assert store.get_model_version(name, "2").aliases == ["champion"]
    assert store.get_model_version(name, "1").aliases == ["Challenger_2"]
    for _ in range(2):
        store.delete_alias(name, "champion")
    with pytest.raises(InvalidInput, match=r"no alias 'champion'.*Challenger_2"):
        store.get_model_version_by_alias(name, "champion")


def test_an_alias_moves_only_from_where_it_is_expected(store: Store, name: str) -> None:
    for _ in range(3):
        store.create_model_version(name, "s3://bucket/model")
    store.move_alias(name, "champion", "1", expected=None, tag=Tag("first", "x"))
    store.move_alias(name, "champion", "2", expected="1", tag=Tag("second", "x"))
    for expected in (None, "1", "3"):
        with pytest.raises(InvalidState, match=r"at version 2 by now.*Somebody else was faster"):
            store.move_alias(name, "champion", "3", expected=expected, tag=Tag("never", "x"))
    with pytest.raises(InvalidState, match="does not exist by now"):
        store.move_alias(name, "other", "3", expected="1", tag=Tag("never", "x"))
    found = store.get_registered_model(name)
    assert (found.aliases, found.tags) == ({"champion": "2"}, {"first": "x", "second": "x"})
    store.move_alias(name, "champion", None, expected="2", tag=Tag("third", "x"))
    found = store.get_registered_model(name)
    assert (found.aliases, set(found.tags)) == ({}, {"first", "second", "third"})
    with pytest.raises(NotFound):
        store.move_alias(name, "champion", "9", expected=None, tag=Tag("never", "x"))
    assert "never" not in store.get_registered_model(name).tags


def test_the_alias_latest_is_the_newest_version(store: Store, name: str) -> None:
    with pytest.raises(NotFound, match="no versions yet"):
        store.get_model_version_by_alias(name, "latest")
    for _ in range(2):
        store.create_model_version(name, "s3://bucket/x")
    store.transition_stage(name, "1", "Production")
    assert store.get_model_version_by_alias(name, "latest").version == "2"


@pytest.mark.parametrize("alias", ["", "a b", "a/b", "latest", "Latest", "v1", "V12", "x" * 256, "ok\n"])
def test_a_bad_alias_is_refused(store: Store, name: str, alias: str) -> None:
    store.create_model_version(name, "s3://bucket/x")
    with pytest.raises(InvalidInput, match="alias"):
        store.set_alias(name, alias, "1")


def test_an_alias_needs_a_version_that_exists(store: Store, name: str) -> None:
    with pytest.raises(NotFound, match="no version 1"):
        store.set_alias(name, "champion", "1")


def test_deleting_a_version_takes_its_aliases(store: Store, name: str) -> None:
    store.create_model_version(name, "s3://bucket/x")
    store.set_alias(name, "champion", "1")
    store.delete_model_version(name, "1")
    assert store.get_registered_model(name).aliases == {}


def test_renaming_takes_versions_tags_and_aliases_along(store: Store, name: str, unique: Unique) -> None:
    store.create_model_version(name, "s3://bucket/x", tags=[Tag("k", "v")])
    store.set_alias(name, "champion", "1")
    new = unique("renamed")
    assert store.rename_registered_model(name, new).name == new
    assert store.get_model_version_by_alias(new, "champion").name == new
    assert store.get_model_version(new, "1").tags == {"k": "v"}
    with pytest.raises(NotFound, match=name):
        store.get_registered_model(name)
    taken = store.create_registered_model(unique("taken")).name
    with pytest.raises(AlreadyExists, match=taken):
        store.rename_registered_model(new, taken)


def test_deleting_takes_everything_and_frees_the_name(store: Store, name: str) -> None:
    store.create_model_version(name, "s3://bucket/x")
    store.set_alias(name, "champion", "1")
    store.delete_registered_model(name)
    with pytest.raises(NotFound, match=name):
        store.get_registered_model(name)
    assert store.search_model_versions(filter_string=f"name = '{name}'") == []
    store.create_registered_model(name)
    assert store.get_registered_model(name).latest_versions == []
    assert store.create_model_version(name, "s3://bucket/x").version == "1"


def test_stages(store: Store, name: str) -> None:
    for _ in range(4):
        store.create_model_version(name, "s3://bucket/x")
    store.transition_stage(name, "1", "Production")
    store.transition_stage(name, "2", "production")  # type: ignore[arg-type]
    store.transition_stage(name, "3", "Staging")
    latest = store.get_latest_versions(name)
    assert {version.current_stage: version.version for version in latest} == {
        "Production": "2",
        "Staging": "3",
        "None": "4",
    }
    assert [version.version for version in store.get_latest_versions(name, ["Production"])] == ["2"]
    store.transition_stage(name, "4", "Production", archive_existing_versions=True)
    stages = {
        version.version: version.current_stage
        for version in store.search_model_versions(filter_string=f"name = '{name}'")
    }
    assert stages == {"1": "Archived", "2": "Archived", "3": "Staging", "4": "Production"}
    with pytest.raises(InvalidInput, match="expected one of None, Staging"):
        store.transition_stage(name, "1", "Prod")  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="Staging and Production only"):
        store.transition_stage(name, "1", "Archived", archive_existing_versions=True)


def test_search_registered_models(store: Store, unique: Unique) -> None:
    prefix = unique("reg")
    for letter, team in (("b", "x"), ("a", "y"), ("c", "x")):
        store.create_registered_model(f"{prefix}-{letter}", tags=[Tag("team", team)])
    mine = f"name LIKE '{prefix}-%'"

    def found(filter_string: str, *order_by: str) -> str:
        models = store.search_registered_models(filter_string=filter_string, order_by=order_by)
        return "".join(model.name[-1] for model in models)

    assert found(mine) == "abc"
    assert found(mine, "name DESC") == "cba"
    assert found(f"{mine} AND tags.team = 'x'") == "bc"
    assert found(f"name IN ('{prefix}-a', '{prefix}-c')") == "ac"
    assert found(f"name ILIKE '{prefix.upper()}-A'") == "a"
    first = store.search_registered_models(filter_string=mine, max_results=2)
    second = store.search_registered_models(filter_string=mine, max_results=2, page_token=first.token)
    assert "".join(model.name[-1] for model in (*first, *second)) == "abc"
    assert second.token is None
    with pytest.raises(InvalidInput, match="from 1 to 1,000"):
        store.search_registered_models(max_results=1001)


def test_what_a_version_of_a_prompt_says_never_changes(store: Store, unique: Unique) -> None:
    name = unique("p")
    marked, text = Tag("mlflow.prompt.is_prompt", "true"), Tag("mlflow.prompt.text", "Hi")
    store.create_registered_model(name, tags=[marked])
    store.create_model_version(name, "dummy-source", tags=[marked, text])
    store.set_model_version_tag(name, "1", text)
    store.set_model_version_tag(name, "1", Tag("mine", "x"))
    for refused in (
        lambda: store.set_model_version_tag(name, "1", Tag("mlflow.prompt.text", "changed")),
        lambda: store.delete_model_version_tag(name, "1", "mlflow.prompt.text"),
        lambda: store.delete_model_version_tag(name, "1", "mlflow.prompt.is_prompt"),
    ):
        with pytest.raises(InvalidInput):
            refused()
    assert store.get_model_version(name, "1").tags == {marked.key: "true", text.key: "Hi", "mine": "x"}


def test_prompts_are_listed_only_when_asked_for(store: Store, unique: Unique) -> None:
    prefix = unique("p")
    prompt = [Tag("mlflow.prompt.is_prompt", "true")]
    store.create_registered_model(f"{prefix}-prompt", tags=prompt)
    store.create_registered_model(f"{prefix}-model")
    store.create_model_version(f"{prefix}-prompt", "prompt-template", tags=prompt)
    store.create_model_version(f"{prefix}-model", "s3://bucket/x")
    mine = f"name LIKE '{prefix}-%'"

    def models(more: str = "") -> list[str]:
        return [model.name for model in store.search_registered_models(filter_string=mine + more)]

    def versions(more: str = "") -> list[str]:
        return [version.name for version in store.search_model_versions(filter_string=mine + more)]

    for found in (models, versions):
        assert found() == [f"{prefix}-model"]
        assert found(" AND tags.`mlflow.prompt.is_prompt` = 'true'") == [f"{prefix}-prompt"]
        assert found(" AND tags.`mlflow.prompt.is_prompt` != 'true'") == [f"{prefix}-model"]
        assert found(" AND tags.`mlflow.prompt.is_prompt` = 'false'") == [f"{prefix}-model"]


def test_search_model_versions(store: Store, name: str, run: Run) -> None:
    for number in range(1, 4):
        store.create_model_version(
            name,
            f"s3://bucket/{number}",
            run_id=run.info.run_id if number == 2 else None,
            tags=[Tag("parity", "odd" if number % 2 else "even")],
        )
    mine = f"name = '{name}'"

    def found(more: str = "", *order_by: str) -> str:
        versions = store.search_model_versions(filter_string=mine + more, order_by=order_by)
        return "".join(version.version for version in versions)

    assert found("", "version_number ASC") == "123"
    assert found("", "version_number DESC") == "321"
    assert found(" AND version_number > 1", "version_number") == "23"
    assert found(f" AND run_id = '{run.info.run_id}'") == "2"
    assert found(" AND source_path LIKE '%/3'") == "3"
    assert found(" AND tags.parity = 'odd'", "version_number") == "13"
    first = store.search_model_versions(filter_string=mine, order_by=["version_number"], max_results=2)
    second = store.search_model_versions(
        filter_string=mine, order_by=["version_number"], max_results=2, page_token=first.token
    )
    assert "".join(version.version for version in (*first, *second)) == "123"


def test_the_newest_update_comes_first(store: Store, name: str) -> None:
    for _ in range(3):
        store.create_model_version(name, "s3://bucket/x")
        time.sleep(0.002)
    store.update_model_version(name, "1", description="touched")
    found = store.search_model_versions(filter_string=f"name = '{name}'")
    assert [version.version for version in found] == ["1", "3", "2"]
