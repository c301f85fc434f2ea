"""Endpoints: served names as data. Which model answers, by which upstreams, within which limits.

Nothing here holds a credential: an upstream names the environment variable of the server that does.
"""

from __future__ import annotations

import msgspec

from quire.domain.entities import Entity
from quire.domain.trials import TrialMetric, WinAction

STRUCTURE = (
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "response_format",
    "text",
    "modalities",
    "audio",
    "prediction",
    "logprobs",
    "top_logprobs",
    "include",
    "functions",
    "function_call",
)
"""Parameters that give an answer its form, which callers may set unless the model fixes them."""


class Upstream(Entity, frozen=True, kw_only=True):
    """A service that answers: OpenAI, Azure OpenAI, or one that speaks the same API.

    What is None is taken from the server's environment (docs/models.md). ``model`` replaces the packaged model's name,
    such as a deployment's on Azure. ``api_key_env`` names the variable that holds the key.
    """

    name: str = "default"
    base_url: str | None = None
    api_type: str | None = None
    api_version: str | None = None
    deployment: str | None = None
    model: str | None = None
    api_key_env: str | None = None


class Retrying(Entity, frozen=True, kw_only=True):
    """How long and how often an answer is tried for. Times are in seconds.

    ``timeout_s`` bounds one attempt (of a stream: the wait for its first byte, then each silence); ``deadline_s`` all
    of them. After ``retries`` attempts more at one upstream the next one is asked.
    """

    timeout_s: float = 120.0
    deadline_s: float = 600.0
    retries: int = 2


class Breaker(Entity, frozen=True, kw_only=True):
    """When an upstream is left alone.

    After the share ``failing`` of at least ``least`` requests in ``window_s`` seconds failed, for ``rest_s``; then one
    request tries it.
    """

    failing: float = 0.5
    least: int = 20
    window_s: float = 10.0
    rest_s: float = 5.0


class Hedging(Entity, frozen=True, kw_only=True):
    """A second request where the first takes longer than ``after_s``; the first answer counts. At most the share
    ``most`` of requests is sent twice."""

    after_s: float
    most: float = 0.1


class Caching(Entity, frozen=True, kw_only=True):
    """Answers kept by the content of what was asked, for ``ttl_s`` seconds, up to ``max_bytes`` in memory.

    ``deterministic_only`` keeps only those of embeddings and of requests with a temperature of 0 or a seed.
    """

    ttl_s: float = 300.0
    max_bytes: int = 64 * 1024 * 1024
    deterministic_only: bool = False


class Limits(Entity, frozen=True, kw_only=True):
    """What one server takes for an endpoint; beyond ``concurrency`` under way and ``waiting`` in line it answers 429.

    Sizes are in bytes.
    """

    max_request_bytes: int = 32 * 1024 * 1024
    max_response_bytes: int = 64 * 1024 * 1024
    concurrency: int = 1024
    waiting: int = 1024
    requests_per_minute: float | None = None


class Shadow(Entity, frozen=True, kw_only=True):
    """A challenger that is asked the share ``sample`` of what is asked, after the caller has its answer.

    ``concurrency`` requests at most are under way, and as many again wait; what comes then is not asked. ``metrics``
    are scorers whose difference is taken beside latency, cost, tokens and failures. ``on_win="promote"`` moves the
    alias that the endpoint serves to the challenger once it is shown better on the first of them, and worse on none.
    """

    name: str
    model: str
    sample: float = 1.0
    concurrency: int = 16
    metrics: list[TrialMetric] = msgspec.field(default_factory=list)
    on_win: WinAction = "report"


class Endpoint(Entity, frozen=True, kw_only=True):
    """A served name.

    ``model`` is any model URI; one with an alias is followed. ``fallbacks`` are asked in order where the first upstream
    gives no answer. ``passes`` are parameters that callers may set though the policy does not name them, unless the
    model fixes them. ``log_content=False`` keeps traces without inputs and outputs; ``trace_sample`` is the share of
    requests that are traced (those that fail always are); ``experiment`` is the name of the experiment that has the
    traces, by default ``endpoints/NAME``.
    """

    name: str
    model: str
    upstream: Upstream = msgspec.field(default_factory=Upstream)
    fallbacks: list[Upstream] = msgspec.field(default_factory=list)
    retrying: Retrying = msgspec.field(default_factory=Retrying)
    breaker: Breaker = msgspec.field(default_factory=Breaker)
    hedging: Hedging | None = None
    caching: Caching | None = None
    limits: Limits = msgspec.field(default_factory=Limits)
    shadows: list[Shadow] = msgspec.field(default_factory=list)
    passes: list[str] = msgspec.field(default_factory=lambda: list(STRUCTURE))
    trace_sample: float = 1.0
    log_content: bool = True
    experiment: str | None = None
    description: str = ""
    revision: int = 0
    creation_time: int = 0
    last_update_time: int = 0


class Deployment(Entity, frozen=True, kw_only=True):
    """Where endpoints were deployed to: the kind of target, its name, what was written, and when (ms)."""

    deployment_id: str
    kind: str
    name: str
    endpoints: list[str]
    target: str = ""
    created_by: str = ""
    creation_time: int = 0
