"""A small OpenID provider on this machine, which lets in whom a test wants, and can be made to lie."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

# Keys are dear to make.
KEY, OTHER_KEY = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
CLIENT, SECRET = "quire-client", "a-secret-of-the-client"


_PAGE = """<!doctype html><html lang="en"><title>Provider</title><h1>Who are you?</h1><form method="post">
<label>E-mail <input name="email"></label> <button name="said" value="yes">Let me in</button>
<button name="said" value="no">Refuse</button></form></html>"""


class Provider:
    """``claims`` are those of who signs in; ``lie`` changes the ID token's claims before it is signed.

    A browser is shown a page that asks who one is. ``state`` is given back in place of the one that was sent. A
    ``public`` client has no secret.
    """

    def __init__(self, host: str = "127.0.0.1", *, public: bool = False) -> None:
        self.public = public
        self.state: str | None = None
        self.claims: dict[str, Any] = {"sub": "1234", "email": "grace@example.com", "email_verified": True}
        self.lie: dict[str, Any] = {}
        self.issued_issuer: str | None = None
        self.key = KEY
        self.shown_key = self.key
        self.algorithm, self.signing_key = "RS256", None
        self.codes: dict[str, dict[str, str]] = {}
        self.exchanges: list[dict[str, str]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.issuer = f"http://{host}:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def authorize(self, place: str) -> str:
        """What a browser is sent back to, by a person who signs in at once."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(place).query).items()}
        assert asked["client_id"] == CLIENT
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': self.state or asked['state']})}"

    def answered(self, place: str, form: dict[str, str]) -> str:
        """What a browser is sent back to after what a person said on the page."""
        if form["said"] == "yes":
            self.claims |= {"sub": form["email"], "email": form["email"]}
            return self.authorize(place)
        asked = {name: values[0] for name, values in parse_qs(urlsplit(place).query).items()}
        return f"{asked['redirect_uri']}?{urlencode({'error': 'access_denied', 'state': asked['state']})}"

    def exchange(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        self.exchanges.append(form)
        secret = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        expected = "" if self.public else f"Basic {secret}"
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None or authorization != expected or form["redirect_uri"] != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        proof = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).decode().rstrip("=")
        if proof != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {
            "iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"], **self.claims,
            **self.lie,
        }  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        key: Any = self.key if self.signing_key is None else self.signing_key
        return 200, {"id_token": jwt.encode(claims, key, self.algorithm, headers={"kid": "k1"})}

    def keys(self) -> dict[str, Any]:
        shown = jwt.algorithms.RSAAlgorithm.to_jwk(self.shown_key.public_key(), as_dict=True)
        return {"keys": [{"kty": "unknown", "kid": "strange"}, {**shown, "kid": "k1", "alg": "RS256"}]}

    def described(self) -> dict[str, Any]:
        return {
            "issuer": self.issued_issuer or self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        }


def _handler(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/authorize?"):
                self._send(200, {"Content-Type": "text/html"}, _PAGE.encode())
                return
            found = {"/.well-known/openid-configuration": provider.described, "/keys": provider.keys}.get(self.path)
            self._answer(*((200, found()) if found else (404, {})))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            if self.path.startswith("/authorize?"):
                self._send(302, {"Location": provider.answered(self.path, form)}, b"")
            else:
                self._answer(*provider.exchange(form, self.headers.get("Authorization", "")))

        def _answer(self, status: int, content: dict[str, Any]) -> None:
            self._send(status, {"Content-Type": "application/json"}, json.dumps(content).encode())

        def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            return

    return Handler
