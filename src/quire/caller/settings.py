"""Where requests go and with which credential: OpenAI, a compatible server, or Azure OpenAI.

Environment variables are those of MLflow's OpenAI flavour and of the OpenAI SDK; where both set one thing, the
first named wins.

=====================  ==========================================================
thing                  variables
=====================  ==========================================================
kind of service        ``OPENAI_API_TYPE`` (``openai``, ``azure``, ``azure_ad``, ``azuread``)
key                    ``OPENAI_API_KEY``; on Azure also ``AZURE_OPENAI_API_KEY``
base URL               ``OPENAI_BASE_URL``, ``OPENAI_API_BASE``; on Azure ``AZURE_OPENAI_ENDPOINT`` too
API version (Azure)    ``OPENAI_API_VERSION``
deployment (Azure)     ``OPENAI_DEPLOYMENT_NAME``, ``AZURE_OPENAI_DEPLOYMENT``
Entra ID token         ``AZURE_OPENAI_AD_TOKEN``, else ``azure-identity``
organization, project  ``OPENAI_ORG_ID`` or ``OPENAI_ORGANIZATION``; ``OPENAI_PROJECT_ID``
=====================  ==========================================================
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

import msgspec

from quire.domain.errors import InvalidInput, MissingConfiguration
from quire.domain.redaction import redact

ApiType = Literal["openai", "azure", "azure_ad"]
TokenProvider = Callable[[], str | Awaitable[str]]

_API_TYPES: dict[str, ApiType] = {
    "": "openai",
    "open_ai": "openai",
    "openai": "openai",
    "azure": "azure",
    "azure_ad": "azure_ad",
    "azuread": "azure_ad",
}
DEFAULT_BASE_URL = "https://api.openai.com/v1"


class ServiceSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A service and the credential for it. The credential never shows in ``repr``.

    ``ad_token`` and ``ad_token_provider``, which is asked again as tokens expire, sign requests to Azure.
    """

    api_type: ApiType = "openai"
    api_key: str | None = None
    base_url: str | None = None
    api_version: str | None = None
    deployment: str | None = None
    ad_token: str | None = None
    ad_token_provider: TokenProvider | None = None
    organization: str | None = None
    project: str | None = None

    def __repr__(self) -> str:
        where = redact(self.base_url or DEFAULT_BASE_URL)
        extra = f", deployment={self.deployment!r}" if self.deployment else ""
        return f"ServiceSettings({self.api_type}, {where}{extra}, key {'set' if self.has_credential else 'not set'})"

    @property
    def has_credential(self) -> bool:
        """Whether a key is set; on Azure a token or a way to get one does too."""
        on_azure = self.api_type != "openai" and (self.ad_token or self.ad_token_provider)
        return bool(self.api_key or on_azure)

    @property
    def default_batch_size(self) -> int:
        """How many inputs an embeddings or completions request carries: 1024, on Azure 16, as in MLflow."""
        return 1024 if self.api_type == "openai" else 16

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> ServiceSettings:
        """The settings that the environment gives. Raises InvalidInput for an unknown ``OPENAI_API_TYPE``."""
        return _Reader(os.environ if environ is None else environ).settings()

    def require_complete(self) -> None:
        """Raise MissingConfiguration, naming each variable that is missing, unless requests can be sent.

        Raises InvalidInput for a base URL that is not one.
        """
        missing = missing_variables(self)
        if missing:
            raise MissingConfiguration(_explain(self, missing))
        if self.base_url and not self.base_url.startswith(("http://", "https://")):
            names = "OPENAI_BASE_URL" if self.api_type == "openai" else "OPENAI_API_BASE (or AZURE_OPENAI_ENDPOINT)"
            raise InvalidInput(f"{names} is {self.base_url!r}; expected a URL that begins with http:// or https://.")


def missing_variables(settings: ServiceSettings) -> list[str]:
    """The environment variables that must still be set before a request can be sent."""
    missing: list[str] = []
    if settings.api_type == "openai":
        if not settings.has_credential:
            missing.append("OPENAI_API_KEY")
        return missing
    if settings.api_type == "azure" and not settings.has_credential:
        missing.append("OPENAI_API_KEY (or AZURE_OPENAI_API_KEY)")
    if not settings.base_url:
        missing.append("OPENAI_API_BASE (or AZURE_OPENAI_ENDPOINT)")
    if not settings.api_version:
        missing.append("OPENAI_API_VERSION")
    return missing


def _explain(settings: ServiceSettings, missing: list[str]) -> str:
    named = " and ".join([", ".join(missing[:-1]), missing[-1]] if len(missing) > 1 else missing)
    if settings.api_type == "openai":
        return (
            f"The environment variable {named} is not set. Set it to your OpenAI API key, or try Quire without a "
            "key: `quire simulate` starts a local simulator and says what to set."
        )
    return f"Azure OpenAI (OPENAI_API_TYPE={settings.api_type}) needs {named}, which the environment does not set."


class _Reader:
    """Reads settings out of environment variables."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def _first(self, *names: str) -> str | None:
        return next((value for name in names if (value := self._environ.get(name))), None)

    def settings(self) -> ServiceSettings:
        api_type = self._api_type()
        if api_type == "openai":
            return ServiceSettings(
                api_key=self._first("OPENAI_API_KEY"),
                base_url=self._first("OPENAI_BASE_URL", "OPENAI_API_BASE"),
                organization=self._first("OPENAI_ORG_ID", "OPENAI_ORGANIZATION"),
                project=self._first("OPENAI_PROJECT_ID", "OPENAI_PROJECT"),
            )
        entra = api_type == "azure_ad"
        token = self._first("AZURE_OPENAI_AD_TOKEN", *(("OPENAI_API_KEY",) if entra else ()))
        return ServiceSettings(
            api_type=api_type,
            api_key=None if entra else self._first("OPENAI_API_KEY", "AZURE_OPENAI_API_KEY"),
            base_url=self._first("OPENAI_API_BASE", "AZURE_OPENAI_ENDPOINT", "OPENAI_BASE_URL"),
            api_version=self._first("OPENAI_API_VERSION"),
            deployment=self._first("OPENAI_DEPLOYMENT_NAME", "AZURE_OPENAI_DEPLOYMENT"),
            ad_token=token,
        )

    def _api_type(self) -> ApiType:
        given = self._environ.get("OPENAI_API_TYPE", "").strip().lower()
        if given in _API_TYPES:
            if not given and self._azure_names_alone():
                return "azure"
            return _API_TYPES[given]
        known = ", ".join(sorted(name for name in _API_TYPES if name))
        raise InvalidInput(f"OPENAI_API_TYPE is {given!r}; expected one of {known}.")

    def _azure_names_alone(self) -> bool:
        """The SDK's Azure names are set and no OpenAI key or base URL is: Azure is meant."""
        azure = self._environ.get("AZURE_OPENAI_ENDPOINT") and self._environ.get("OPENAI_API_VERSION")
        return bool(azure) and not self._first("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE")
