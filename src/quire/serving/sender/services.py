"""Where an upstream is and which credential it takes: its own settings, the rest from the server's environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from quire.caller.settings import ServiceSettings
from quire.domain.endpoints import Upstream
from quire.domain.errors import MissingConfiguration


def service_of(upstream: Upstream, environ: Mapping[str, str]) -> ServiceSettings:
    """The settings with which an upstream is asked.

    Raises MissingConfiguration naming the variable that is not set, InvalidInput for an unknown ``api_type`` or a base
    URL that is none.
    """
    said = {**environ, "OPENAI_API_TYPE": upstream.api_type} if upstream.api_type else environ
    settings = ServiceSettings.from_environment(said)
    given: dict[str, Any] = {
        name: value
        for name in ("base_url", "api_version", "deployment")
        if (value := getattr(upstream, name)) is not None
    }
    if upstream.api_key_env is not None:
        given |= _credential(upstream.name, upstream.api_key_env, environ, settings)
    settings = msgspec.structs.replace(settings, **given)
    settings.require_complete()
    return settings


def _credential(
    name: str, variable: str, environ: Mapping[str, str], settings: ServiceSettings
) -> dict[str, str | None]:
    key = environ.get(variable)
    if not key:
        raise MissingConfiguration(
            f"Upstream {name!r} takes its key from the environment variable {variable}, which is not set. Set it where "
            "`quire serve` runs, or name another with api_key_env."
        )
    by_token = settings.api_type == "azure_ad"
    return {"api_key": None if by_token else key, "ad_token": key if by_token else None}
