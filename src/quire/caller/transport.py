"""Sending one request through the official OpenAI client, and saying plainly what came of it.

The client builds the request (URLs, Azure deployments, credentials, headers, proxies); the body comes back as
bytes, because decoding with msgspec costs a tenth of building the SDK's typed objects. The SDK's own retries are
off: the engine above retries, knowing of all other rows.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec

from quire.caller.settings import DEFAULT_BASE_URL, ServiceSettings
from quire.domain.calls import TASK_PATHS, Call
from quire.domain.errors import MissingExtra

_ENTRA_SCOPE = "https://cognitiveservices.azure.com/.default"


class Reply(msgspec.Struct, frozen=True):
    """An HTTP answer of any status."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class SendError(Exception):
    """No HTTP answer came: ``timeout`` tells a timeout from a broken or refused connection."""

    def __init__(self, message: str, *, timeout: bool) -> None:
        super().__init__(message)
        self.timeout = timeout


class Transport:
    """One client, bound to the event loop that first uses it."""

    def __init__(self, settings: ServiceSettings, *, timeout: float, connections: int) -> None:
        import openai

        settings.require_complete()
        self._openai = openai
        self.base_url = settings.base_url or DEFAULT_BASE_URL
        self._client = _make_client(openai, settings, timeout, connections)
        self._raw = _raw_response_type(openai)

    async def send(self, call: Call, timeout_s: float | None = None) -> Reply:
        """Send a call once. Raises SendError if no answer came."""
        options = {} if timeout_s is None else {"timeout": timeout_s}
        try:
            response = await self._client.post(
                TASK_PATHS[call.task], body=call.body, cast_to=self._raw, options=options
            )
        except self._openai.APIStatusError as error:
            response = error.response
        except self._openai.APITimeoutError as error:
            raise SendError(f"no answer within the timeout ({error})", timeout=True) from error
        except self._openai.APIConnectionError as error:
            raise SendError(_cause(error), timeout=False) from error
        return Reply(response.status_code, response.headers, response.content)

    @contextlib.asynccontextmanager
    async def open_stream(self, call: Call) -> AsyncIterator[AsyncIterator[str]]:
        """Send a call whose answer streams; gives its lines. Raises the SDK's errors as ``send`` does."""
        body = {**call.body, "stream": True}
        request = self._client.with_streaming_response.post(
            TASK_PATHS[call.task], body=body, cast_to=self._raw, options={}
        )
        async with request as response:
            yield response.iter_lines()

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


def _make_client(openai: Any, settings: ServiceSettings, timeout: float, connections: int) -> Any:
    common = {
        "max_retries": 0,
        "timeout": timeout,
        "organization": settings.organization,
        "project": settings.project,
        "http_client": _http_client(openai, connections),
    }
    common = {name: value for name, value in common.items() if value is not None}
    if settings.api_type == "openai":
        return openai.AsyncOpenAI(api_key=settings.api_key or settings.ad_token, base_url=settings.base_url, **common)
    provider = settings.ad_token_provider
    if provider is None and not settings.api_key and not settings.ad_token:
        provider = _entra_token_provider()
    endpoint = (settings.base_url or "").rstrip("/")
    return openai.AsyncAzureOpenAI(
        azure_endpoint=endpoint.removesuffix("/openai"),
        azure_deployment=settings.deployment,
        api_version=settings.api_version,
        api_key=settings.api_key,
        azure_ad_token=settings.ad_token,
        azure_ad_token_provider=provider,
        **common,
    )


def _http_client(openai: Any, connections: int) -> Any:
    """An aiohttp transport where the SDK offers one (it halves the cost of a request), else the SDK's default."""
    family = importlib.import_module(_http_family(openai))
    limits = family.Limits(max_connections=connections, max_keepalive_connections=connections)
    try:
        import aiohttp  # noqa: F401

        return openai.DefaultAioHttpClient(limits=limits)
    except (ImportError, AttributeError, RuntimeError, TypeError):
        return openai.DefaultAsyncHttpxClient(limits=limits) if hasattr(openai, "DefaultAsyncHttpxClient") else None


def _http_family(openai: Any) -> str:
    """The HTTP library under this version of the SDK: ``httpx2`` from 3.x on, ``httpx`` before."""
    base: type = getattr(openai, "DefaultAsyncHttpxClient", None) or openai.AsyncOpenAI
    for kind in base.__mro__:
        root = kind.__module__.partition(".")[0]
        if root in {"httpx", "httpx2"}:
            return root
    return "httpx"


def _raw_response_type(openai: Any) -> Any:
    return importlib.import_module(_http_family(openai)).Response


def _entra_token_provider() -> Any:
    """Entra ID tokens from azure-identity, which caches them and renews them before they expire."""
    try:
        from azure.identity.aio import DefaultAzureCredential, get_bearer_token_provider
    except ImportError as error:
        raise MissingExtra(
            "OPENAI_API_TYPE=azure_ad without a token needs azure-identity. Install it with "
            "`pip install 'quire[azure]'`, or set AZURE_OPENAI_AD_TOKEN."
        ) from error
    return get_bearer_token_provider(DefaultAzureCredential(), _ENTRA_SCOPE)


def _cause(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
