"""An endpoint's settings in words: what each means for who calls it. Nothing here is a secret, nor says one."""

from __future__ import annotations

from collections.abc import Iterator

from quire.domain.endpoints import STRUCTURE, Endpoint, Shadow, Upstream
from quire.domain.entities import Entity
from quire.domain.errors import InvalidInput
from quire.domain.uris import RegisteredModelUri, parse_model_uri


class Setting(Entity, frozen=True, kw_only=True):
    """One setting: the field of the endpoint, and what it says."""

    field: str
    said: str


def settings_in_words(endpoint: Endpoint) -> list[Setting]:
    """All settings of an endpoint, those that are as usual included, in the order in which a request meets them."""
    return [Setting(field=field, said=said) for field, said in _settings(endpoint)]


def _settings(endpoint: Endpoint) -> Iterator[tuple[str, str]]:
    yield "model", _model(endpoint.model)
    yield "limits", _limits(endpoint)
    yield "caching", _caching(endpoint)
    yield "upstream", _upstream(endpoint.upstream)
    for place, one in enumerate(endpoint.fallbacks, start=1):
        yield f"fallback {place}", _upstream(one)
    yield "retrying", _retrying(endpoint)
    yield "breaker", _breaker(endpoint)
    yield "hedging", _hedging(endpoint)
    for shadow in endpoint.shadows:
        yield f"shadow {shadow.name}", _shadow(shadow)
    yield "passes", _passes(endpoint)
    yield "tracing", _tracing(endpoint)


def _model(uri: str) -> str:
    try:
        parsed = parse_model_uri(uri)
    except InvalidInput:
        return uri
    if isinstance(parsed, RegisteredModelUri) and parsed.alias is not None:
        return f"{uri}, followed: who moves the alias changes what serves, within seconds."
    return f"{uri}, which stays what it is: a promotion cannot change it."


def _limits(endpoint: Endpoint) -> str:
    limits = endpoint.limits
    rate = "" if limits.requests_per_minute is None else f", {limits.requests_per_minute:g} requests a minute"
    return (
        f"Each server answers {limits.concurrency:,} requests at once and lets {limits.waiting:,} wait{rate}; more get "
        f"429. A request has at most {_size(limits.max_request_bytes)}, an answer {_size(limits.max_response_bytes)}."
    )


def _size(count: int) -> str:
    mebi = count / 1024 / 1024
    return f"{mebi:.3g} MiB" if mebi >= 1 else f"{count / 1024:.3g} KiB"


def _caching(endpoint: Endpoint) -> str:
    cache = endpoint.caching
    if cache is None:
        return "No answer is kept: each request asks the model."
    which = " of embeddings, and of requests with temperature 0 or a seed," if cache.deterministic_only else ""
    return f"Answers{which} are kept by what was asked, for {cache.ttl_s:g} s, up to {_size(cache.max_bytes)}."


def _upstream(upstream: Upstream) -> str:
    place = upstream.base_url or "where the server's environment says"
    key = f"${upstream.api_key_env}" if upstream.api_key_env else "the environment's usual variable"
    said = [f"{upstream.name}: {place}"]
    if upstream.api_type:
        said.append(f"as {upstream.api_type}{f' {upstream.api_version}' if upstream.api_version else ''}")
    if upstream.deployment:
        said.append(f"deployment {upstream.deployment}")
    if upstream.model:
        said.append(f"asked for {upstream.model}")
    return f"{', '.join(said)}; the key is in {key} of the server."


def _retrying(endpoint: Endpoint) -> str:
    retrying = endpoint.retrying
    return (
        f"Up to {retrying.retries} more attempts at one upstream; {retrying.timeout_s:g} s for one attempt, "
        f"{retrying.deadline_s:g} s for all of them."
    )


def _breaker(endpoint: Endpoint) -> str:
    breaker = endpoint.breaker
    return (
        f"An upstream is left alone for {breaker.rest_s:g} s once {breaker.failing:.0%} of at least {breaker.least} "
        f"requests in {breaker.window_s:g} s failed."
    )


def _hedging(endpoint: Endpoint) -> str:
    hedging = endpoint.hedging
    if hedging is None:
        return "No request is sent twice to be faster."
    return (
        f"A second request is sent where the first takes longer than {hedging.after_s:g} s, for {hedging.most:.0%} of "
        "requests at most; the first answer counts."
    )


def _shadow(shadow: Shadow) -> str:
    metrics = f" Compared on {', '.join(metric.name for metric in shadow.metrics)} too." if shadow.metrics else ""
    win = " Promoted once it is shown better." if shadow.on_win == "promote" else ""
    return (
        f"{shadow.model} is asked {shadow.sample:.0%} of what is asked, after the caller has the answer, "
        f"{shadow.concurrency} at once.{metrics}{win}"
    )


def _passes(endpoint: Endpoint) -> str:
    if endpoint.passes == list(STRUCTURE):
        return "Callers may set what gives an answer its form (tools, response_format, …) beside the model's policy."
    if not endpoint.passes:
        return "Callers may set only what the model's policy names."
    return f"Callers may set {', '.join(endpoint.passes)} beside the model's policy."


def _tracing(endpoint: Endpoint) -> str:
    content = "with inputs and outputs" if endpoint.log_content else "without inputs and outputs"
    return (
        f"{endpoint.trace_sample:.0%} of requests (and each that fails) are traced {content}, in the experiment "
        f"{endpoint.experiment or f'endpoints/{endpoint.name}'}."
    )
