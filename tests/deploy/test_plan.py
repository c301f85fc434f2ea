"""What can be deployed, and what is refused before anything is written."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from quire.deploy import check_kind, make_plan, served_as
from quire.deploy.variables import optional_settings, secrets
from quire.domain.endpoints import Endpoint, Shadow, Upstream
from quire.domain.errors import InvalidInput

Make = Callable[..., Endpoint]


def test_models_of_the_store_stay_there_and_folders_are_baked(endpoint: Make) -> None:
    followed = make_plan([endpoint()])
    assert (followed.baked, followed.sources) == (False, {})
    assert followed.endpoints == [endpoint()]
    baked = make_plan([endpoint(model="saved"), endpoint(name="poet")])
    assert baked.sources == {"models/joker": "saved", "models/poet": "models:/joker@champion"}
    assert [one.model for one in baked.endpoints] == ["models/joker", "models/poet"]


def test_shadows_are_baked_beside_their_endpoint(endpoint: Make) -> None:
    plan = make_plan([endpoint(shadows=[Shadow(name="next", model="models:/joker/1")])], baked=True)
    assert plan.sources == {"models/joker": "models:/joker@champion", "models/joker.next": "models:/joker/1"}
    assert plan.endpoints[0].shadows == [Shadow(name="next", model="models/joker.next")]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "Joker"}, "lowercase letters"),
        ({"name": "joker-"}, "no dash last"),
        ({"name": "j" * 41}, "1 to 40"),
        ({"image": "Team/Joker"}, "such as 'team/joker:1.0'"),
        ({"image": "a b"}, "such as 'team/joker:1.0'"),
        ({"replicas": 3, "most_replicas": 2}, "3 to 2 replicas"),
        ({"replicas": 0}, "0 to 10 replicas"),
        ({"port": 80}, "1024 to 65535"),
    ],
)
def test_names_and_numbers_that_cannot_be_are_refused(endpoint: Make, options: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        make_plan([endpoint()], **options)  # type: ignore[arg-type]


def test_endpoints_that_cannot_be_deployed_are_refused(endpoint: Make) -> None:
    with pytest.raises(InvalidInput, match="no endpoint to deploy"):
        make_plan([])
    with pytest.raises(InvalidInput, match="Several endpoints are named 'joker'"):
        make_plan([endpoint(), endpoint()])
    with pytest.raises(InvalidInput, match="on this machine alone"):
        make_plan([endpoint(model="saved")], baked=False)
    with pytest.raises(InvalidInput, match="Invalid endpoint name"):
        make_plan([endpoint(name="a/b")])
    with pytest.raises(InvalidInput, match="one of docker, compose, kubernetes, ray-serve"):
        check_kind("helm")


def test_the_variables_that_hold_secrets_are_known_by_name(endpoint: Make) -> None:
    fallbacks = [
        Upstream(name="west", base_url="https://west.example.com", api_key_env="WEST_KEY"),
        Upstream(name="azure", api_type="azure_ad", api_version="2024-10-21"),
    ]
    plan = make_plan([endpoint(fallbacks=fallbacks), endpoint(name="poet")])
    assert [(one.name, one.required) for one in secrets(plan)] == [
        ("OPENAI_API_KEY", True),
        ("QUIRE_TRACKING_URI", True),
        ("WEST_KEY", True),
    ]
    azure = make_plan([endpoint(upstream=fallbacks[1])])
    assert next((one.name, one.required) for one in secrets(azure)) == ("OPENAI_API_KEY", False)
    assert "OPENAI_BASE_URL" in optional_settings(plan)


def test_a_model_is_served_as_its_registered_name() -> None:
    assert served_as("models:/joker@champion") == "joker"
    assert served_as("models:/my model/1") == "model"
    assert served_as("folder/model") == "model"
