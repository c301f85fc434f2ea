"""Which service the server's environment names, told without its key."""

from __future__ import annotations

from urllib.parse import urlsplit

from quire.caller.settings import DEFAULT_BASE_URL, ServiceSettings
from quire.domain.errors import QuireError
from quire.domain.redaction import redact
from quire.playground.limits import Limits
from quire.playground.messages import ServiceResponse

OFF = "The playground of this server is turned off (QUIRE_PLAYGROUND=0)."


def service(limits: Limits) -> ServiceResponse:
    """Where requests go, or what must be set first."""
    if not limits.enabled:
        return ServiceResponse(problem=OFF)
    try:
        settings = ServiceSettings.from_environment()
        settings.require_complete()
    except QuireError as error:
        return ServiceResponse(problem=error.message)
    return ServiceResponse(
        ready=True,
        kind=settings.api_type,
        address=_address(settings.base_url or DEFAULT_BASE_URL),
        at_once=limits.at_once,
        max_usd_a_day=limits.max_usd,
    )


def _address(url: str) -> str:
    """A URL without user, password and query."""
    parts = urlsplit(url)
    return redact(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}")
