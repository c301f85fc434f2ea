"""Whether an endpoint holds together: its names, its URIs, its shares and its times."""

from __future__ import annotations

import math
import re

import msgspec

from quire.domain.endpoints import Breaker, Caching, Endpoint, Hedging, Limits, Retrying, Shadow, Upstream
from quire.domain.errors import InvalidInput
from quire.domain.names import check_experiment_name
from quire.domain.redaction import redact, secret_in
from quire.domain.uris import parse_model_uri

API_TYPES = ("openai", "azure", "azure_ad", "azuread")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def check_endpoint(endpoint: Endpoint) -> Endpoint:
    """The endpoint itself. Raises InvalidInput, naming the endpoint, the field, its value and what is expected."""
    check_endpoint_name(endpoint.name)
    where = f"The endpoint {endpoint.name!r}"
    _check_model(endpoint.model, f"{where}: model")
    check_sending(endpoint)
    _check_shadows(endpoint.shadows, where)
    _check_share(endpoint.trace_sample, f"{where}: trace_sample")
    if endpoint.experiment is not None:
        check_experiment_name(endpoint.experiment)
    return endpoint


def check_sending(endpoint: Endpoint) -> None:
    """Whether an endpoint's upstreams can be asked as it says, whatever it is called. Raises InvalidInput."""
    where = f"The endpoint {endpoint.name!r}"
    _check_upstreams([endpoint.upstream, *endpoint.fallbacks], where)
    _check_retrying(endpoint.retrying, f"{where}: retrying")
    _check_breaker(endpoint.breaker, f"{where}: breaker")
    _check_hedging(endpoint.hedging, f"{where}: hedging")
    _check_caching(endpoint.caching, f"{where}: caching")
    _check_limits(endpoint.limits, f"{where}: limits")


def checked_endpoint(endpoint: Endpoint) -> Endpoint:
    """An endpoint that may be stored: its fields have their types, it holds together, and no field holds a credential.

    Raises InvalidInput; what looks like a credential is not in its message.
    """
    plain = msgspec.to_builtins(endpoint)
    try:
        given = msgspec.convert(plain, Endpoint)
    except (msgspec.ValidationError, TypeError, ValueError) as error:
        raise InvalidInput(f"The endpoint cannot be read: {error}.") from None
    check_endpoint(given)
    place = secret_in(plain)
    if place is not None:
        raise InvalidInput(
            f"The endpoint {given.name!r} holds what looks like a credential in {place}. Take it out, and name the "
            "environment variable of the server that holds the key (upstream.api_key_env)."
        )
    return given


def check_endpoint_name(name: object) -> str:
    """An endpoint's name: it stands in URLs and headers, and is the ``model`` of requests."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidInput(
            f"Invalid endpoint name {_show(name)}; expected 1 to 100 letters, digits, dots, dashes and underscores, "
            "a letter or digit first, such as 'joker'."
        )
    return name


def _check_model(uri: object, what: str) -> None:
    try:
        parse_model_uri(uri if isinstance(uri, str) else "")
    except InvalidInput as error:
        raise InvalidInput(f"{what}: {error.message}") from None


def _check_upstreams(upstreams: list[Upstream], where: str) -> None:
    for upstream in upstreams:
        _check_upstream(upstream, f"{where}: upstream {upstream.name!r}")


def _check_upstream(upstream: Upstream, what: str) -> None:
    if not _NAME.fullmatch(upstream.name):
        raise InvalidInput(f"{what}: its name may hold letters, digits, dots, dashes and underscores, 1 to 100.")
    if upstream.base_url is not None and not upstream.base_url.startswith(("http://", "https://")):
        raise InvalidInput(f"{what}: base_url is {_show(upstream.base_url)}; expected http://… or https://….")
    if upstream.api_type is not None and upstream.api_type not in API_TYPES:
        raise InvalidInput(f"{what}: api_type is {_show(upstream.api_type)}; expected one of {', '.join(API_TYPES)}.")
    _refuse_credentials(upstream, what)


def _refuse_credentials(upstream: Upstream, what: str) -> None:
    name = upstream.api_key_env
    if name is not None and (not _VARIABLE.fullmatch(name) or redact(name) != name):
        raise InvalidInput(
            f"{what}: api_key_env is no name of an environment variable. It names the variable that holds the key, "
            "such as OPENAI_API_KEY; the key itself is never written down."
        )
    for field in ("base_url", "deployment", "model"):
        text = getattr(upstream, field)
        if text is not None and redact(text) != text:
            raise InvalidInput(f"{what}: {field} holds what looks like a credential: {redact(text)!r}. Take it out.")


def _check_retrying(retrying: Retrying, what: str) -> None:
    _check_above_zero(retrying.timeout_s, f"{what}.timeout_s", "seconds")
    _check_above_zero(retrying.deadline_s, f"{what}.deadline_s", "seconds")
    _check_zero_or_more(retrying.retries, f"{what}.retries", "retries")


def _check_breaker(breaker: Breaker, what: str) -> None:
    _check_above_zero(breaker.failing, f"{what}.failing", "as a share")
    _check_share(breaker.failing, f"{what}.failing")
    _check_above_zero(breaker.least, f"{what}.least", "requests")
    _check_above_zero(breaker.window_s, f"{what}.window_s", "seconds")
    _check_zero_or_more(breaker.rest_s, f"{what}.rest_s", "seconds")


def _check_hedging(hedging: Hedging | None, what: str) -> None:
    if hedging is not None:
        _check_zero_or_more(hedging.after_s, f"{what}.after_s", "seconds")
        _check_share(hedging.most, f"{what}.most")


def _check_caching(caching: Caching | None, what: str) -> None:
    if caching is not None:
        _check_above_zero(caching.ttl_s, f"{what}.ttl_s", "seconds")
        _check_above_zero(caching.max_bytes, f"{what}.max_bytes", "bytes")


def _check_limits(limits: Limits, what: str) -> None:
    _check_above_zero(limits.max_request_bytes, f"{what}.max_request_bytes", "bytes")
    _check_above_zero(limits.max_response_bytes, f"{what}.max_response_bytes", "bytes")
    _check_above_zero(limits.concurrency, f"{what}.concurrency", "requests")
    _check_zero_or_more(limits.waiting, f"{what}.waiting", "requests")
    if limits.requests_per_minute is not None:
        _check_above_zero(limits.requests_per_minute, f"{what}.requests_per_minute", "requests")


def _check_shadows(shadows: list[Shadow], where: str) -> None:
    names = [shadow.name for shadow in shadows]
    for shadow in shadows:
        what = f"{where}: shadow {shadow.name!r}"
        if not _NAME.fullmatch(shadow.name) or names.count(shadow.name) > 1:
            raise InvalidInput(f"{what}: each shadow needs a name of its own, of letters, digits, dots and dashes.")
        _check_model(shadow.model, f"{what}: model")
        _check_share(shadow.sample, f"{what}: sample")
        _check_above_zero(shadow.concurrency, f"{what}: concurrency", "requests")


def _check_share(value: float, what: str) -> None:
    if not 0 <= value <= 1:
        raise InvalidInput(f"{what} is {value}; expected a share from 0 to 1.")


def _check_above_zero(value: float, what: str, unit: str) -> None:
    if not 0 < value < math.inf:
        raise InvalidInput(f"{what} is {value}; expected more than 0 {unit}.")


def _check_zero_or_more(value: float, what: str, unit: str) -> None:
    if not 0 <= value < math.inf:
        raise InvalidInput(f"{what} is {value}; expected 0 or more {unit}.")


def _show(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
