"""Which requests meet a fault: by the seed, the body and how often that body came, whatever the order. Pure."""

from __future__ import annotations

from quire.simulator.behaviour import Behaviour, FaultKind
from quire.simulator.draws import digest, uniform
from quire.simulator.errors import ApiError
from quire.simulator.limits import retry_headers

_REMEMBERED = 2_000_000


class Faults:
    """Draws a fault for each request. Remembers how often each body came, so that a retry draws anew."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._rates = behaviour.fault_rates()
        self._seed = str(behaviour.seed).encode()
        self._seen: dict[bytes, int] = {}

    def draw(self, path: str, body: bytes) -> FaultKind | None:
        """The fault that this request meets, None for most."""
        if not self._rates:
            return None
        uniform_number = self._uniform(path, body)
        for kind, rate in self._rates.items():
            if uniform_number < rate:
                return kind
            uniform_number -= rate
        return None

    def _uniform(self, path: str, body: bytes) -> float:
        if len(self._seen) > _REMEMBERED:
            self._seen.clear()
        key = digest(path.encode(), body, size=12)
        attempt = self._seen[key] = self._seen.get(key, 0) + 1
        return uniform(b"fault", self._seed, key, b"%d" % attempt)


def refusal(kind: FaultKind, retry_after_ms: float) -> ApiError | None:
    """The error with which a fault answers; None for a fault that does not answer with one."""
    wait = retry_headers(retry_after_ms / 1000)
    if kind == "rate_limit":
        message = "Rate limit reached (simulated). Please try again later."
        return ApiError(429, message, type="requests", code="rate_limit_exceeded", headers=wait)
    if kind == "server_error":
        return ApiError(500, "The server had an error while processing the request (simulated).", type="server_error")
    if kind == "unavailable":
        return ApiError(503, "The engine is currently overloaded (simulated).", type="server_error", headers=wait)
    return None


def pause(seconds: float) -> ApiError:
    """The one refusal that asks for a long pause."""
    message = f"Rate limit reached (simulated). Please try again in {seconds:g}s."
    return ApiError(429, message, type="requests", code="rate_limit_exceeded", headers=retry_headers(seconds))
