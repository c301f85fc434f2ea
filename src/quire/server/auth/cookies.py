"""The cookies of a browser that signed in, and which of its requests may use them.

Over TLS a session is in a cookie that only this host can set, so that no other host of the domain plants a session of
its own (https://www.rfc-editor.org/rfc/rfc6265bis §4.1.3). A server knows that browsers reach it over TLS from the
address that they come back to from an identity provider, or, of one sign-in, from the Origin of its page.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

from quire.server.context import Context
from quire.server.errors import HttpError
from quire.server.headers import same_origin
from quire.server.http import Headers, Scope, header

_SESSION = "quire_session"
_SAFE = ("GET", "HEAD", "OPTIONS")


def is_over_tls(context: Context) -> bool:
    """Whether browsers reach the server over TLS, as the address that they come back to from sign-in says."""
    auth = context.settings.auth
    return auth is not None and auth.oidc is not None and auth.oidc.redirect_uri.startswith("https:")


def host_name(name: str, secure: bool) -> str:
    """The name of a cookie; over TLS one that only this host can set."""
    return f"__Host-{name}" if secure else name


def session_names(context: Context) -> tuple[str, ...]:
    """The cookies that may hold a session, the surest first."""
    secure = host_name(_SESSION, True)
    return (secure,) if is_over_tls(context) else (secure, _SESSION)


def session_of(context: Context, scope: Scope) -> str:
    """The secret of the session that a browser shows; empty if it shows none."""
    return next((found for name in session_names(context) if (found := cookie_of(scope, name))), "")


def session_cookie(context: Context, scope: Scope, secret: str, seconds: int) -> tuple[bytes, bytes]:
    """The header that gives a browser a session."""
    secure = is_over_tls(context) or header(scope, b"origin").startswith("https:")
    return set_cookie(host_name(_SESSION, secure), secret, seconds, secure=secure)


def ended_session(context: Context) -> Headers:
    """The headers that take the session from a browser."""
    return [set_cookie(name, "", 0, secure=name.startswith("__Host-")) for name in session_names(context)]


def set_cookie(name: str, value: str, seconds: int, *, secure: bool) -> tuple[bytes, bytes]:
    """A cookie that no script reads and no other site sends; with ``secure`` over TLS only."""
    end = "; Secure" if secure else ""
    return b"set-cookie", f"{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{end}".encode()


def cookie_of(scope: Scope, wanted: str) -> str:
    """A cookie of a request; empty if there is none."""
    for part in header(scope, b"cookie").split(";"):
        name, _, value = part.strip().partition("=")
        if name == wanted:
            return value
    return ""


def check_comes_from_here(context: Context, scope: Scope) -> None:
    """Refuse a change by a session that no page of this server makes (OWASP's cross-site request forgery).

    Browsers send the cookie with whatever a page of the same site asks for, and say which page asks. One that says
    nothing of it is refused too. Raises HttpError 403.
    """
    if scope["method"] in _SAFE:
        return
    origin = header(scope, b"origin")
    named = [allowed for allowed in context.settings.cors_allowed_origins if allowed != "*"]
    if origin:
        fine = same_origin(origin, header(scope, b"host")) or any(fnmatchcase(origin, item) for item in named)
    else:
        fine = header(scope, b"sec-fetch-site") == "same-origin"
    if not fine:
        raise HttpError(
            403,
            "PERMISSION_DENIED",
            "A browser's session changes things from the pages of this server alone, and this request does not say "
            "that it comes from one (Origin, Sec-Fetch-Site). Programs show a token, or a user name and password.",
        )
