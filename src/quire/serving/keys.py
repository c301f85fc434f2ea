"""Who asks, what they may, and whether they are within their limits: Quire's tokens, never the upstream's key.

A token comes as ``Authorization: Bearer …``, as OpenAI's clients send it, or as ``api-key: …``, as Azure's do. A server
without auth asks nobody, and serves its own machine alone (:func:`check_host`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any

from quire.domain.access import DEFAULT_ROLE, Identity, Role
from quire.domain.allowances import ParameterRefused, check_parameters
from quire.domain.credentials import hash_token, is_token
from quire.domain.errors import InvalidInput
from quire.domain.ids import now_ms
from quire.serving.accounts import Account
from quire.serving.books import Books
from quire.serving.errors import Refused
from quire.serving.known import Known, KnownTokens
from quire.serving.request import Caller, Done
from quire.store.access import AccessStore

Scope = MutableMapping[str, Any]
_NOBODY = Caller()


class Admission:
    """Somebody who was let in. Each check raises :class:`quire.serving.errors.Refused`."""

    __slots__ = ("_account", "_identity", "caller")

    def __init__(
        self, caller: Caller = _NOBODY, identity: Identity | None = None, account: Account | None = None
    ) -> None:
        self.caller = caller
        self._identity = identity
        self._account = account

    def may_ask(self, endpoint: str) -> bool:
        """Whether they may ask an endpoint."""
        return self._identity is None or self._identity.asks(endpoint)

    def require(self, endpoint: str) -> None:
        """Refuse (403) an endpoint that they may not ask."""
        if self.may_ask(endpoint):
            return
        assert self._identity is not None
        named = self._identity.scope.endpoints
        holds = "" if named is None else f" It holds for: {', '.join(named) or 'none'}."
        raise Refused(
            f"This token does not hold for the endpoint {endpoint[:100]!r}.{holds} Make one that does with "
            f"`quire tokens create {self._identity.name} --endpoint NAME`.",
            status=403,
            kind="permission_error",
            param="model",
            code="endpoint_not_allowed",
        )

    def check_parameters(self, body: Mapping[str, Any]) -> None:
        """Refuse (400) a request that sets what the token may not set, or higher than it may."""
        if self._identity is None or not self._identity.scope.parameters.is_limited:
            return
        try:
            check_parameters(self._identity.scope.parameters, body)
        except ParameterRefused as error:
            raise Refused(error.message, param=error.param[:64], code="parameter_not_allowed") from None

    def take(self) -> None:
        """Count a request that is about to be made. Refuse it (429) where a limit of the token is reached."""
        if self._account is not None:
            self._account.take()


ANYBODY = Admission()
"""Whoever asks a server without auth."""


class Keys:
    """Lets callers in by their tokens, and counts what each uses: an observer of the server too.

    ``access`` None asks nobody. Used in one event loop, between :meth:`start` and :meth:`close`.
    """

    def __init__(self, access: AccessStore | None = None, *, default: Role = DEFAULT_ROLE) -> None:
        self._books = None if access is None else Books(access)
        self._tokens = None if access is None or self._books is None else KnownTokens(access, self._books)
        self._default = default

    def start(self) -> None:
        """Begin to follow what the store knows of tokens."""
        for part in (self._tokens, self._books):
            if part is not None:
                part.start()

    def close(self) -> None:
        """Store what was used, and end."""
        for part in (self._tokens, self._books):
            if part is not None:
                part.close()

    @property
    def away(self) -> str:
        """Why the store of tokens cannot be asked; empty while it answers."""
        return "" if self._tokens is None else self._tokens.away

    def refresh(self) -> None:
        """Read anew what the store knows of tokens that were shown, as the thread does each second."""
        if self._tokens is not None:
            self._tokens.refresh()

    def exchange(self) -> None:
        """Bring what was used to the store, and learn what others used, as the thread does each second."""
        if self._books is not None:
            self._books.exchange()

    async def admit(self, scope: Scope) -> Admission:
        """Who makes a request (its ASGI scope). Raises Refused: 401, or 503 where that cannot be known.

        With a token that was shown lately nothing is waited for.
        """
        if self._tokens is None:
            return ANYBODY
        secret = secret_of(scope["headers"])
        if not secret:
            raise _unknown("No token was sent. Set the client's api_key to a token of Quire (`quire tokens create`).")
        if not is_token(secret):
            raise _unknown(
                "What was sent is no token of Quire, which begin with 'quire_'. An upstream's key stays on the "
                "server: set the client's api_key to a token (`quire tokens create`)."
            )
        known = await self._tokens.find(hash_token(secret))
        if known is None or known.login is None:
            raise _unknown("The token is not known here. Make one with `quire tokens create`.")
        return self._admitted(known)

    def _admitted(self, known: Known) -> Admission:
        login = known.login
        token = None if login is None else login.token
        if login is None or token is None or token.kind != "token":
            raise _unknown("The token is not known here. Make one with `quire tokens create`.")
        if not token.is_valid(now_ms()):
            ended = "was revoked" if token.revocation_time is not None else "has expired"
            raise _unknown(f"The token {token.token_id} {ended}. Make another with `quire tokens create`.")
        identity = Identity(
            user=login.user,
            permissions=login.permissions,
            default=self._default,
            method="token",
            token_id=token.token_id,
            scope=token.scope,
        )
        return Admission(Caller(login.user.username, token.token_id), identity, known.account)

    def __call__(self, done: Done) -> None:
        """Count what an answer took: an observer, after :func:`quire.serving.measuring.measure`. A kept one took
        nothing."""
        token_id = done.ask.caller.token_id
        if self._books is not None and token_id and not done.cached:
            tokens = done.usage.input_tokens + done.usage.output_tokens
            self._books.use(token_id, tokens, done.cost_usd, done.model)


def secret_of(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The token in the headers of a request; empty if there is none."""
    bearer = api_key = ""
    for name, value in headers:
        if name == b"authorization":
            scheme, _, rest = value.partition(b" ")
            if scheme.lower() == b"bearer":
                bearer = rest.strip().decode("latin-1")
        elif name == b"api-key":
            api_key = value.strip().decode("latin-1")
    return bearer if bearer and (not api_key or is_token(bearer)) else api_key


def check_host(host: str, *, auth: bool) -> None:
    """Raise InvalidInput for an address that other machines reach, on a server that asks nobody who they are."""
    from quire.server.running import is_loopback  # which loads a whole server

    if not auth and not is_loopback(host):
        raise InvalidInput(
            f"The server would answer everybody who reaches {host}, at your expense. Start it with --auth, so that "
            "callers show tokens (`quire tokens create`), or on 127.0.0.1."
        )


def _unknown(message: str) -> Refused:
    return Refused(message, status=401, kind="authentication_error", code="invalid_api_key")
