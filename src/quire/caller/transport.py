"""Sending one request through the official OpenAI client, and saying plainly what came of it.

The client decides where a request goes and how it is signed (URLs, Azure deployments, credentials, headers). It is
asked for the first request of each kind; the next ones are cast in the same mould, because building a request anew
costs the SDK more than sending it. Bodies come back as bytes: decoding them with msgspec costs a tenth of building
the SDK's typed objects. The SDK's own retries are off: the engine above retries, knowing of all other rows.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Literal

import msgspec

from quire.caller import shortcut
from quire.caller.settings import DEFAULT_BASE_URL, ServiceSettings
from quire.caller.watching import asked_by
from quire.caller.wire import KEEPALIVE_S, Mould, MouldKey, Wire, asking_only, casting, client_timeout, http_family
from quire.domain.calls import TASK_PATHS, Call, Task
from quire.domain.errors import MissingExtra, Unauthenticated
from quire.domain.redaction import redact

CONNECT_TIMEOUT_S = 5.0
"""Seconds to wait for a connection at most; the service's answer has the whole timeout."""

_TOKEN_LIFE_S = 1.0
"""How long a mould holds that a token signed: the provider, which renews tokens, is asked again after that."""
_REDIRECT = 300
_ENTRA_SCOPE = "https://cognitiveservices.azure.com/.default"

_encode = msgspec.json.Encoder().encode


class Reply(msgspec.Struct, frozen=True):
    """An HTTP answer of any status."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class SendError(Exception):
    """No complete HTTP answer came: no connection could be made (``unreachable``), it broke, or time ran out."""

    def __init__(self, message: str, kind: Literal["unreachable", "connection", "timeout"]) -> None:
        super().__init__(message)
        self.kind = kind


class Transport:
    """One client, bound to the event loop that first uses it; many batches may share it."""

    def __init__(self, settings: ServiceSettings, *, timeout: float = 600.0, keepalive_s: float = KEEPALIVE_S) -> None:
        import openai

        settings.require_complete()
        self._openai = openai
        self._family = http_family(openai)
        self.wire = Wire(self._family, keepalive_s)
        self._mould_life_s = _TOKEN_LIFE_S if may_renew_token(settings) else math.inf
        self._timeout_s = timeout
        self._timeouts: dict[float, Any] = {}
        self.base_url = redact(settings.base_url or DEFAULT_BASE_URL)
        self._entra: Any = None
        self._client = self._make_client(settings)

    async def send(self, call: Call, timeout_s: float | None = None) -> Reply:
        """Send a call once; ``timeout_s`` bounds it from connecting to the last byte.

        Raises SendError if no answer came, Unauthenticated if a token could not be had.
        """
        seconds = timeout_s or self._timeout_s
        kind = (call.task, call.body.get("model"))
        mould = self.wire.moulds.get(kind)
        with self._explained():
            async with asyncio.timeout(seconds):
                usable = mould is not None and shortcut.is_open()
                if mould is not None and usable and time.monotonic() - mould.cast_at < self._mould_life_s:
                    limits = client_timeout(min(seconds, CONNECT_TIMEOUT_S))
                    reply = Reply(*await self.wire.post(mould, _encode(call.body), limits))
                    if not _REDIRECT <= reply.status < _REDIRECT + 100:
                        return reply
                return await self._send_by_sdk(kind, call, seconds)

    async def mould(self, task: Task, model: str) -> Mould:
        """Where requests of a kind go and how they are signed, as the SDK has it; nothing is sent.

        Raises Unauthenticated if a token could not be had.
        """
        kind = (task, model)
        mould = self.wire.moulds.get(kind)
        if mould is None or time.monotonic() - mould.cast_at >= self._mould_life_s:
            asked = asking_only.set(True)
            try:
                with self._explained():
                    await self._send_by_sdk(kind, Call(task, {"model": model}, ()), self._timeout_s)
            finally:
                asking_only.reset(asked)
            mould = self.wire.moulds[kind]
        return mould

    async def _send_by_sdk(self, kind: MouldKey, call: Call, seconds: float) -> Reply:
        casting.set(kind)
        try:
            response = await self._client.post(
                TASK_PATHS[call.task],
                body=call.body,
                cast_to=self._family.Response,
                options={"timeout": self._timeout(seconds)},
            )
        except self._openai.APIStatusError as error:
            response = error.response
        finally:
            casting.set(None)
        return Reply(response.status_code, response.headers, response.content)

    @contextlib.asynccontextmanager
    async def open_stream(
        self, call: Call, timeout_s: float | None = None, model_id: str | None = None
    ) -> AsyncIterator[Reply | AsyncIterator[str]]:
        """Send a call whose answer streams; gives its lines, or the reply if the service refused it.

        Raises as ``send`` does; ``timeout_s`` bounds the silence between two pieces, ``model_id`` is the logged model
        that asks.
        """
        with self._explained():
            try:
                with asked_by(model_id):
                    response = await self._client.post(
                        TASK_PATHS[call.task],
                        body={**call.body, "stream": True},
                        cast_to=self._family.Response,
                        options={"timeout": self._timeout(timeout_s or self._timeout_s)},
                        stream=True,
                        stream_cls=self._openai.AsyncStream[object],
                    )
            except self._openai.APIStatusError as error:
                yield Reply(error.status_code, error.response.headers, error.response.content)
                return
            raw = response.response if isinstance(response, self._openai.AsyncStream) else response
            try:
                yield raw.aiter_lines()
            finally:
                await raw.aclose()

    @contextlib.contextmanager
    def _explained(self) -> Any:
        """What the SDK, its HTTP client and azure-identity raise, as SendError or Unauthenticated."""
        openai, family = self._openai, self._family
        try:
            yield
        except (openai.APIConnectionError, family.TransportError, TimeoutError) as error:
            raise self._send_error(error) from error
        except Exception as error:
            if not type(error).__module__.startswith("azure."):
                raise
            raise Unauthenticated(
                f"No Entra ID token could be had ({_cause(error)}). Sign in with `az login`, give this machine a "
                "managed identity, set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or set "
                "AZURE_OPENAI_AD_TOKEN."
            ) from error

    def _send_error(self, error: BaseException) -> SendError:
        family, said = self._family, _cause(error)
        below = error if isinstance(error, family.TransportError) else error.__cause__
        if isinstance(below, family.ConnectError | family.ConnectTimeout | family.UnsupportedProtocol):
            return SendError(said, "unreachable")
        if isinstance(error, TimeoutError) or isinstance(below, family.TimeoutException):
            return SendError(f"no answer within the timeout ({said})", "timeout")
        return SendError(said, "connection")

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()
        if self._entra is not None:
            await self._entra.close()

    def _timeout(self, seconds: float) -> Any:
        known = self._timeouts.get(seconds)
        if known is None:
            known = self._family.Timeout(seconds, connect=min(seconds, CONNECT_TIMEOUT_S))
            self._timeouts[seconds] = known
        return known

    def _make_client(self, settings: ServiceSettings) -> Any:
        timeout = self._timeout(self._timeout_s)
        common = {
            "max_retries": 0,
            "timeout": timeout,
            "organization": settings.organization,
            "project": settings.project,
            "http_client": self.wire.client(timeout),
        }
        common = {name: value for name, value in common.items() if value is not None}
        if settings.api_type == "openai":
            return self._openai_client(settings, common)
        return self._azure_client(settings, common)

    def _openai_client(self, settings: ServiceSettings, common: dict[str, Any]) -> Any:
        base_url = settings.base_url or DEFAULT_BASE_URL
        return self._openai.AsyncOpenAI(api_key=settings.api_key, base_url=base_url, **common)

    def _azure_client(self, settings: ServiceSettings, common: dict[str, Any]) -> Any:
        provider = settings.ad_token_provider
        if provider is None and not settings.api_key and not settings.ad_token:
            self._entra, provider = _entra_token_provider()
        endpoint = (settings.base_url or "").rstrip("/")
        return self._openai.AsyncAzureOpenAI(
            azure_endpoint=endpoint.removesuffix("/openai"),
            azure_deployment=settings.deployment,
            api_version=settings.api_version,
            api_key=settings.api_key,
            azure_ad_token=settings.ad_token,
            azure_ad_token_provider=provider,
            **common,
        )


def may_renew_token(settings: ServiceSettings) -> bool:
    """Whether requests are signed with tokens that a provider renews."""
    return not settings.api_key and not settings.ad_token


def _entra_token_provider() -> tuple[Any, Callable[[], Awaitable[str]]]:
    """The credential and its tokens from azure-identity, which caches them and renews them before they expire."""
    try:
        from azure.identity.aio import DefaultAzureCredential, get_bearer_token_provider
    except ImportError as error:
        raise MissingExtra(
            "OPENAI_API_TYPE=azure_ad without a token needs azure-identity. Install it with "
            "`pip install 'quire[azure]'`, or set AZURE_OPENAI_AD_TOKEN."
        ) from error
    credential = DefaultAzureCredential()
    return credential, get_bearer_token_provider(credential, _ENTRA_SCOPE)


def _cause(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    return redact(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
