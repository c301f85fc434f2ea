"""Signing in at an identity provider: OpenID Connect's authorization code with PKCE.

https://openid.net/specs/openid-connect-core-1_0.html (§3.1), RFC 7636 for the proof key. The provider's addresses
come from its discovery document; they are the only ones that are ever called, and only over TLS unless the provider
is on this machine. Used in threads that may wait.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import os
import threading
import time
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlencode, urlsplit

import msgspec

from quire.domain.errors import InvalidInput, MissingExtra, Unauthenticated, Unavailable
from quire.server.auth.settings import OidcSettings

ALGORITHMS = ["RS256", "RS384", "RS512", "ES256", "ES384", "PS256", "EdDSA"]
"""Signatures that are trusted: those made with the provider's private key, never with a shared secret or none."""
SECRET = "QUIRE_OIDC_CLIENT_SECRET"  # noqa: S105 - the name of a variable
_TIMEOUT = 10.0
_KEPT = 3600.0
_PAUSE = 30.0
_LEEWAY = 60
_MOST_BYTES = 1 << 20
_JSON = {"Accept": "application/json"}


class Provider(msgspec.Struct, frozen=True):
    """What the discovery document says."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: list[str] = msgspec.field(default_factory=lambda: ["client_secret_basic"])


Refused = Literal["begun", "denied", "token", "name", "taken", "away"]
"""Why nobody was let in: this browser began no such sign-in; the provider refused; its token is not right; it told no
name that counts; a user of another kind has that name; the provider is away, or not what it should be."""


class SignInRefused(Unauthenticated):
    """A sign-in that let nobody in; ``why`` is the word for it that a page is given."""

    def __init__(self, why: Refused, message: str) -> None:
        super().__init__(message)
        self.why = why


class Begun(msgspec.Struct, frozen=True):
    """A sign-in on its way: what only the browser that began it knows."""

    state: str
    nonce: str
    verifier: str
    next: str


class Person(msgspec.Struct, frozen=True):
    """Who signed in: ``subject`` is theirs for ever, ``username`` what they are called."""

    subject: str
    username: str


class Oidc:
    """One identity provider."""

    def __init__(self, settings: OidcSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._provider: tuple[float, Provider] | None = None
        self._keys: tuple[float, dict[str, Any]] | None = None
        _jwt()
        _checked(settings.issuer, "QUIRE_OIDC_ISSUER")

    def begin(self, next_page: str) -> tuple[Begun, str]:
        """Begin a sign-in: what to remember, and where to send the browser."""
        begun = Begun(_random(), _random(), _random(), next_page)
        challenge = _text(hashlib.sha256(begun.verifier.encode()).digest())
        query = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": self._settings.redirect_uri,
            "scope": self._settings.scopes,
            "state": begun.state,
            "nonce": begun.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        endpoint = self._discovered().authorization_endpoint
        return begun, f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(query)}"

    def finish(self, begun: Begun, code: str) -> Person:
        """Who signed in. Raises Unauthenticated for a code or an ID token that is not right."""
        claims = self._verified(self._exchange(code, begun.verifier), begun.nonce)
        return Person(f"{claims['iss']}#{claims['sub']}", self._username(claims))

    def _username(self, claims: Mapping[str, Any]) -> str:
        name = self._settings.username_claim
        value = claims.get(name)
        if not isinstance(value, str) or not value:
            raise SignInRefused(
                "name",
                f"The identity provider did not say the {name!r} of who signed in. Ask it for that, in "
                "QUIRE_OIDC_SCOPES, or name another claim in QUIRE_OIDC_USERNAME_CLAIM.",
            )
        if name == "email" and claims.get("email_verified") in (False, "false"):
            raise SignInRefused("name", "The identity provider has not verified this e-mail address. Verify it there.")
        return value

    def _exchange(self, code: str, verifier: str) -> str:
        settings, provider = self._settings, self._discovered()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": settings.redirect_uri,
            "client_id": settings.client_id,
            "code_verifier": verifier,
        }
        secret = os.environ.get(SECRET)
        login = None
        if secret and "client_secret_basic" in provider.token_endpoint_auth_methods_supported:
            login = (settings.client_id, secret)
        elif secret:
            form["client_secret"] = secret
        answer = _ask("POST", provider.token_endpoint, data=form, auth=login)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise SignInRefused("token", "The identity provider did not accept the sign-in. Begin again.")
        return token

    def _verified(self, token: str, nonce: str) -> dict[str, Any]:
        """The claims of an ID token, checked as §3.1.3.7 says. Raises Unauthenticated."""
        jwt = _jwt()
        try:
            header = jwt.get_unverified_header(token)
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key(str(header.get("kid", "")), str(header.get("alg", ""))),
                algorithms=ALGORITHMS,
                audience=self._settings.client_id,
                issuer=self._discovered().issuer,
                leeway=_LEEWAY,
                options={"require": ["exp", "iat", "iss", "aud", "sub"]},
            )
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise SignInRefused("token", f"The identity provider's token is not right: {error}. Begin again.") from None
        if claims.get("nonce") != nonce:
            raise SignInRefused("token", "The identity provider's token belongs to another sign-in. Begin again.")
        if claims.get("azp", self._settings.client_id) != self._settings.client_id:
            raise SignInRefused("token", "The identity provider's token was made for another application. Begin again.")
        return claims

    def _key(self, key_id: str, algorithm: str) -> Any:
        """The provider's key of that id; keys are fetched anew when one is not known, but not all the time."""
        if algorithm not in ALGORITHMS:
            raise SignInRefused(
                "token", f"The identity provider's token is signed with {algorithm[:20]!r}. Begin again."
            )
        keys = self._fetched_keys(_KEPT)
        if key_id not in keys:
            keys = self._fetched_keys(_PAUSE)
        if key_id not in keys:
            raise SignInRefused("token", "The identity provider's token is signed with a key that it does not show.")
        return keys[key_id]

    def _fetched_keys(self, kept: float) -> dict[str, Any]:
        with self._lock:
            known = self._keys
        if known is not None and time.monotonic() - known[0] < kept:
            return known[1]
        jwt = _jwt()
        keys: dict[str, Any] = {}
        for item in _ask("GET", self._discovered().jwks_uri).get("keys", []):
            try:
                keys[str(item.get("kid", ""))] = jwt.PyJWK(item).key
            except (jwt.PyJWTError, AttributeError):
                continue  # a key of a kind that is not known here
        with self._lock:
            self._keys = (time.monotonic(), keys)
        return keys

    def _discovered(self) -> Provider:
        with self._lock:
            known = self._provider
        if known is not None and time.monotonic() - known[0] < _KEPT:
            return known[1]
        issuer = self._settings.issuer
        raw = _ask("GET", f"{issuer}/.well-known/openid-configuration")
        try:
            provider = msgspec.convert(raw, Provider)
        except msgspec.ValidationError as error:
            raise Unavailable(f"The identity provider {issuer} describes itself in another way: {error}.") from None
        if provider.issuer.rstrip("/") != issuer.rstrip("/"):
            raise InvalidInput(
                f"The identity provider calls itself {provider.issuer[:200]!r}; set QUIRE_OIDC_ISSUER to that, not "
                f"{issuer!r}."
            )
        for address in (provider.authorization_endpoint, provider.token_endpoint, provider.jwks_uri):
            _checked(address, "an address of the identity provider")
        with self._lock:
            self._provider = (time.monotonic(), provider)
        return provider


def _ask(method: str, url: str, **options: Any) -> dict[str, Any]:
    import httpx

    try:
        answer = httpx.request(method, url, timeout=_TIMEOUT, follow_redirects=False, headers=_JSON, **options)
    except httpx.HTTPError as error:
        raise Unavailable(f"The identity provider cannot be reached: {type(error).__name__}. Try again.") from None
    if answer.status_code >= 500:
        raise Unavailable(f"The identity provider answered with status {answer.status_code}. Try again.")
    if len(answer.content) > _MOST_BYTES:
        raise Unavailable("The identity provider answered more than can be right.")
    if answer.status_code != 200:
        return {}
    try:
        found = msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Unavailable("The identity provider answered with something that is not JSON.")
    return found


def _checked(url: str, what: str) -> None:
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme == "http" and _is_here(parts.hostname or ""):
        return
    raise InvalidInput(f"{what} is {url[:200]!r}; expected an https:// address.")


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _jwt() -> Any:
    try:
        import jwt
    except ImportError:
        raise MissingExtra("Signing in at an identity provider needs: pip install 'quire[oidc]'.") from None
    return jwt


def _random() -> str:
    return _text(os.urandom(32))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
