"""Passwords and tokens: made, turned into what may be stored, and compared without telling by the time it takes.

Passwords are stretched by scrypt (RFC 7914) with OWASP's cost, so that a stolen database does not give them away.
Tokens are 256 random bits, so one round of SHA-256 is enough to keep them from who reads the database.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re

from quire.domain.errors import InvalidInput

TOKEN_PREFIX = "quire_"  # noqa: S105 - what every token begins with
MIN_PASSWORD, MAX_PASSWORD = 12, 1024
_COST, _BLOCK, _PARALLEL = 2**14, 8, 5
_SALT_BYTES, _HASH_BYTES = 16, 32
_MOST_MEMORY = 64 << 20
_TOKEN = re.compile(rf"{TOKEN_PREFIX}[A-Za-z0-9_\-]{{43}}")


def check_password(password: object) -> str:
    """A password that may be set: 12 to 1,024 characters. Its text is in no error."""
    if not isinstance(password, str) or not MIN_PASSWORD <= len(password) <= MAX_PASSWORD or "\0" in password:
        size = len(password) if isinstance(password, str) else 0
        raise InvalidInput(
            f"The password has {size:,} characters; expected {MIN_PASSWORD} to {MAX_PASSWORD:,}, without NUL."
        )
    return password


def hash_password(password: str) -> str:
    """What is stored of a password: the cost, a fresh salt and the hash. Takes about 0.2 s and 16 MB, on purpose."""
    salt = os.urandom(_SALT_BYTES)
    made = _scrypt(password, salt, _COST, _BLOCK, _PARALLEL)
    return f"scrypt${_COST}${_BLOCK}${_PARALLEL}${_text(salt)}${_text(made)}"


def verify_password(password: str, stored: str) -> bool:
    """Whether a password is the one that a stored hash was made of. False for a hash that cannot be read."""
    try:
        kind, cost, block, parallel, salt, expected = stored.split("$")
        made = _scrypt(password, _bytes(salt), int(cost), int(block), int(parallel))
    except ValueError:
        return False
    return kind == "scrypt" and hmac.compare_digest(made, _bytes(expected))


def waste_time(password: str) -> None:
    """Take as long as checking a password does: who asks for an unknown user shall not see it by the clock."""
    _scrypt(password, bytes(_SALT_BYTES), _COST, _BLOCK, _PARALLEL)


def new_token() -> str:
    """The secret of a token."""
    return TOKEN_PREFIX + _text(os.urandom(32))


def is_token(text: str) -> bool:
    """Whether a text has the form of a token's secret."""
    return _TOKEN.fullmatch(text) is not None


def hash_token(secret: str) -> str:
    """What is stored of a token's secret, and found by it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _scrypt(password: str, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
    secret = password[: MAX_PASSWORD + 1].encode("utf-8", "surrogatepass")
    return hashlib.scrypt(secret, salt=salt, n=cost, r=block, p=parallel, maxmem=_MOST_MEMORY, dklen=_HASH_BYTES)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
