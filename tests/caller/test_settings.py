"""Every form in which the environment names a service, and every way in which it may be incomplete."""

from __future__ import annotations

from typing import Any

import pytest

from quire.caller.settings import ServiceSettings
from quire.domain.errors import InvalidInput, MissingConfiguration

KEY, HOST, VERSION = "sk-secret-0123456789abcdef", "https://x.openai.azure.com", "2024-10-21"


def read(**environ: str) -> ServiceSettings:
    return ServiceSettings.from_environment(environ)


def test_openai_by_its_key_alone() -> None:
    assert read(OPENAI_API_KEY=KEY) == ServiceSettings(api_key=KEY)


@pytest.mark.parametrize("kind", ["openai", "open_ai", "OpenAI", " openai "])
def test_openai_by_name(kind: str) -> None:
    assert read(OPENAI_API_TYPE=kind, OPENAI_API_KEY=KEY).api_type == "openai"


def test_a_compatible_server_by_either_name_the_sdks_first() -> None:
    assert read(OPENAI_API_KEY=KEY, OPENAI_API_BASE="http://a/v1").base_url == "http://a/v1"
    both = read(OPENAI_API_KEY=KEY, OPENAI_API_BASE="http://a/v1", OPENAI_BASE_URL="http://b/v1")
    assert both.base_url == "http://b/v1"


def test_organization_and_project_by_every_name() -> None:
    assert read(OPENAI_ORG_ID="o", OPENAI_PROJECT_ID="p").organization == "o"
    other = read(OPENAI_ORGANIZATION="o", OPENAI_PROJECT="p")
    assert (other.organization, other.project) == ("o", "p")


def test_azure_by_mlflows_names() -> None:
    settings = read(
        OPENAI_API_TYPE="azure",
        OPENAI_API_BASE=HOST,
        OPENAI_API_KEY=KEY,
        OPENAI_API_VERSION=VERSION,
        OPENAI_DEPLOYMENT_NAME="d",
    )
    assert settings == ServiceSettings(
        api_type="azure", api_key=KEY, base_url=HOST, api_version=VERSION, deployment="d"
    )
    settings.require_complete()


def test_azure_by_the_sdks_names_alone() -> None:
    settings = read(AZURE_OPENAI_ENDPOINT=HOST, AZURE_OPENAI_API_KEY=KEY, OPENAI_API_VERSION=VERSION)
    assert (settings.api_type, settings.api_key, settings.base_url) == ("azure", KEY, HOST)
    settings.require_complete()
    assert read(AZURE_OPENAI_ENDPOINT=HOST, OPENAI_API_VERSION=VERSION, OPENAI_API_KEY=KEY).api_type == "openai"
    assert read(AZURE_OPENAI_ENDPOINT=HOST, OPENAI_API_KEY=KEY).api_type == "openai"


def test_azure_deployment_by_the_sdks_name() -> None:
    assert read(OPENAI_API_TYPE="azure", AZURE_OPENAI_DEPLOYMENT="d").deployment == "d"


@pytest.mark.parametrize("kind", ["azure_ad", "azuread", "AZURE_AD", "AzureAD"])
def test_entra_by_every_name(kind: str) -> None:
    settings = read(OPENAI_API_TYPE=kind, OPENAI_API_BASE=HOST, OPENAI_API_VERSION=VERSION)
    assert settings.api_type == "azure_ad"
    assert not settings.has_credential
    settings.require_complete()


def test_an_entra_token_by_either_name() -> None:
    for name in ("OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN"):
        settings = read(OPENAI_API_TYPE="azure_ad", **{name: "token"})
        assert (settings.ad_token, settings.api_key) == ("token", None)
    both = read(OPENAI_API_TYPE="azure_ad", OPENAI_API_KEY="a", AZURE_OPENAI_AD_TOKEN="b")
    assert both.ad_token == "b"


def test_a_token_serves_azure_without_a_key() -> None:
    read(
        OPENAI_API_TYPE="azure", OPENAI_API_BASE=HOST, OPENAI_API_VERSION=VERSION, AZURE_OPENAI_AD_TOKEN="t"
    ).require_complete()


def test_an_unknown_kind_of_service_lists_the_known_ones() -> None:
    with pytest.raises(InvalidInput, match=r"OPENAI_API_TYPE is 'palm'; expected one of azure, azure_ad, azuread"):
        read(OPENAI_API_TYPE="palm")


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({}, ["OPENAI_API_KEY", "quire simulate"]),
        ({"OPENAI_API_KEY": ""}, ["OPENAI_API_KEY"]),
        ({"OPENAI_API_TYPE": "azure"}, ["OPENAI_API_KEY", "OPENAI_API_BASE", "OPENAI_API_VERSION", " and "]),
        ({"OPENAI_API_TYPE": "azure", "OPENAI_API_KEY": KEY, "OPENAI_API_BASE": HOST}, ["OPENAI_API_VERSION"]),
        ({"OPENAI_API_TYPE": "azure_ad"}, ["OPENAI_API_BASE", "OPENAI_API_VERSION"]),
    ],
)
def test_what_is_missing_is_named(environ: dict[str, str], named: list[str]) -> None:
    with pytest.raises(MissingConfiguration) as caught:
        read(**environ).require_complete()
    assert all(name in str(caught.value) for name in named)
    assert KEY not in str(caught.value)


def test_only_what_is_missing_is_named() -> None:
    with pytest.raises(MissingConfiguration) as caught:
        read(OPENAI_API_TYPE="azure", OPENAI_API_KEY=KEY, OPENAI_API_BASE=HOST).require_complete()
    assert "OPENAI_API_KEY" not in str(caught.value)


def test_a_base_url_without_a_scheme_is_named() -> None:
    with pytest.raises(InvalidInput, match=r"OPENAI_BASE_URL is 'localhost:8000/v1'; expected a URL"):
        read(OPENAI_API_KEY=KEY, OPENAI_BASE_URL="localhost:8000/v1").require_complete()


@pytest.mark.parametrize(
    "fields", [{"api_key": KEY}, {"api_type": "azure_ad", "ad_token": KEY}, {"base_url": f"https://user:{KEY}@host/v1"}]
)
def test_no_credential_shows(fields: dict[str, Any]) -> None:
    settings = ServiceSettings(**fields)
    assert KEY not in repr(settings) + str(settings) + f"{settings}"
    assert ("key set" in repr(settings)) == ("base_url" not in fields)


def test_batches_are_as_large_as_the_service_takes() -> None:
    assert ServiceSettings().default_batch_size == 1024
    assert ServiceSettings(api_type="azure").default_batch_size == 16
