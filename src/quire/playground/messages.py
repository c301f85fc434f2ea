"""What the calls of the playground take and give: variants, bases, the events of an answer."""

from __future__ import annotations

from typing import Literal

import msgspec

from quire.domain.policy_form import PolicyParam
from quire.domain.prompt_parts import part_names
from quire.domain.protojson import Int64, Message, Required

PlaygroundTask = Literal["chat.completions", "responses"]


class Variant(Message, frozen=True, kw_only=True):
    """What is asked: a template in the syntax of registered prompts, a model, parameters.

    ``template`` is text, which is one message of the user, or a list of messages; ``{{name}}`` is a variable. ``base``
    names a prompt version or a model version: what it fixes is sent too, and its parameter policy says which
    parameters may be set. Without a policy ``params`` are sent as they are.
    """

    task: PlaygroundTask = "chat.completions"
    model: str = ""
    template: str | list[dict[str, object]] = ""
    params: dict[str, object] = msgspec.field(default_factory=dict)
    base: str = ""


class AskVariant(Message, frozen=True, kw_only=True):
    """``POST playground/ask``. ``values`` are texts for the variables; those that the template lacks are left out.

    The answer is traced in the experiment ``experiment_id``, or in one named ``playground``, unless ``trace`` is false.
    """

    variant: Variant
    values: dict[str, str] = msgspec.field(default_factory=dict)
    experiment_id: str = ""
    trace: bool = True

    @property
    def bases(self) -> list[str]:
        """What must be readable."""
        return [self.variant.base] if self.variant.base else []

    @property
    def experiment_name(self) -> str:
        """The experiment by its name, where no id was given."""
        return EXPERIMENT if self.trace and not self.experiment_id else ""


REGISTERED = "registered_judge"
"""The name that stands for judges which are registered models; its parameter ``uri`` names one."""
EXPERIMENT = "playground"
"""The name of the experiment that has traces of the playground."""


class AnswerDelta(Message, frozen=True, kw_only=True, tag="delta", tag_field="type"):
    """A piece of an answer's text."""

    text: str


class AnswerDone(Message, frozen=True, kw_only=True, tag="done", tag_field="type", omit_defaults=False):
    """The end of an answer. Times are in ms from when the request was sent; ``cost_usd`` is absent for no known price.

    ``calls`` are the calls of tools, if the answer makes any, as JSON text. ``simulated`` says that a simulator wrote
    it, not a model.
    """

    model: str
    finish_reason: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_input_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost_usd: float | None = None
    latency_ms: float
    first_token_ms: float | None = None
    calls: str | None = None
    simulated: bool = False
    trace_id: str | None = None


class AnswerFailed(Message, frozen=True, kw_only=True, tag="error", tag_field="type", omit_defaults=False):
    """The answer failed or broke off: why, in the service's words."""

    message: str
    latency_ms: float
    trace_id: str | None = None


AnswerEvent = AnswerDelta | AnswerDone | AnswerFailed


class AnswerEvents(Message, frozen=True, kw_only=True):
    """What an event of ``POST playground/ask`` holds."""

    event: AnswerEvent


class OfBase(Message, frozen=True, kw_only=True):
    """``GET playground/base``: a prompt version or a model version by its URI."""

    uri: Required

    @property
    def bases(self) -> list[str]:
        """What must be readable."""
        return [self.uri]


class ParamField(Message, frozen=True, kw_only=True):
    """A parameter that may be set: its type, bounds and choices, what is allowed in words, its value unless set."""

    name: str
    type: str
    is_list: bool = False
    unset: object = None
    minimum: float | None = None
    maximum: float | None = None
    choices: list[object] | None = None
    expectation: str = ""


class BaseResponse(Message, frozen=True, kw_only=True):
    """Where a variant begins.

    ``uri`` names the version itself, whatever alias was asked for. ``fixed`` are parameters that it always sends.
    ``policy`` says which others may be set; absent, anything may be, beginning with ``params``.
    """

    uri: str
    kind: Literal["prompt", "model"]
    name: str
    version: str
    variant: Variant
    fixed: dict[str, object] = msgspec.field(default_factory=dict)
    policy: list[ParamField] | None = None


class CheckVariants(Message, frozen=True, kw_only=True):
    """``POST playground/check``."""

    variants: list[Variant] = msgspec.field(default_factory=list)

    @property
    def bases(self) -> list[str]:
        """What must be readable."""
        return [variant.base for variant in self.variants if variant.base]


class CheckedVariant(Message, frozen=True, kw_only=True):
    """The variables of a template, in alphabetical order, and what is wrong with the variant, if anything is."""

    variables: list[str] = msgspec.field(default_factory=list)
    problem: str = ""


class CheckedResponse(Message, frozen=True, kw_only=True):
    """One for each variant, in order."""

    variants: list[CheckedVariant] = msgspec.field(default_factory=list)


class ServiceResponse(Message, frozen=True, kw_only=True):
    """Where the server's environment sends requests, without its key; ``problem`` says what to set if it cannot.

    ``at_once`` bounds the answers on their way, ``max_usd_a_day`` what one server process spends in a day (UTC).
    """

    ready: bool = False
    kind: str = ""
    address: str = ""
    problem: str = ""
    at_once: int = 0
    max_usd_a_day: float | None = None


class SaveVariant(Message, frozen=True, kw_only=True):
    """``POST playground/save``: the variant as the next version of a prompt.

    Its parameter policy is ``policy``; without one that of the base, whose defaults are the parameters that were
    chosen; with ``without_policy`` there is none. What was chosen and is not in the policy becomes model configuration.
    """

    name: Required
    variant: Variant
    commit_message: str = ""
    policy: list[PolicyParam] | None = None
    without_policy: bool = False

    @property
    def parts(self) -> list[str]:
        """The prompts that the template includes, whose text becomes a part of it."""
        return sorted(part_names(self.variant.template))

    @property
    def bases(self) -> list[str]:
        """What must be readable."""
        return [self.variant.base] if self.variant.base else []


class SavedResponse(Message, frozen=True, kw_only=True):
    """The version that was made."""

    name: str
    version: int
    uri: str


class NamedVariant(Message, frozen=True, kw_only=True):
    """A variant that is evaluated, and how it is called."""

    name: Required
    variant: Variant


class ChosenScorer(Message, frozen=True, kw_only=True):
    """A scorer or judge by its name, with its parameters."""

    name: Required
    parameters: dict[str, object] = msgspec.field(default_factory=dict)

    @property
    def uri(self) -> str:
        """The judge that it names; empty for one that is no registered judge."""
        uri = self.parameters.get("uri") if self.name == REGISTERED else None
        return uri if isinstance(uri, str) else ""


class StartEvaluation(Message, frozen=True, kw_only=True):
    """``POST playground/evaluations``: variants on a dataset (its version, or as it is now), as a job.

    It spends at most ``max_cost_usd``. The run is of the experiment ``experiment_id``, or of one named ``playground``.
    """

    dataset_id: Required
    version: Int64 | None = None
    variants: list[NamedVariant] = msgspec.field(default_factory=list)
    scorers: list[ChosenScorer] = msgspec.field(default_factory=list)
    primary: str = ""
    max_cost_usd: float = 0.0
    experiment_id: str = ""
    name: str = ""

    @property
    def bases(self) -> list[str]:
        """What must be readable."""
        judges = [scorer.uri for scorer in self.scorers if scorer.uri]
        return [named.variant.base for named in self.variants if named.variant.base] + judges

    @property
    def experiment_name(self) -> str:
        """The experiment by its name, where no id was given."""
        return "" if self.experiment_id else EXPERIMENT


class OfJob(Message, frozen=True, kw_only=True):
    """``GET playground/evaluations/{job_id}``, ``POST …/stop``."""

    job_id: Required


class JobMessage(Message, frozen=True, kw_only=True, omit_defaults=False):
    """An evaluation done in the background. Times are ms since the epoch; ``rows`` of ``total`` are answered."""

    job_id: str
    state: Literal["starting", "running", "done", "failed", "stopped"]
    name: str
    dataset: str
    variants: list[str]
    started_ms: int
    ended_ms: int | None
    rows: int
    failed: int
    total: int | None
    max_cost_usd: float
    by: str
    run_id: str | None
    message: str


class JobResponse(Message, frozen=True, kw_only=True):
    """A job."""

    job: JobMessage


class JobsResponse(Message, frozen=True, kw_only=True):
    """Jobs, newest first."""

    jobs: list[JobMessage] = msgspec.field(default_factory=list)


ScorerKind = Literal["text", "prose", "flag", "whole", "number", "choice", "texts", "levels", "json", "judge"]
"""How the value of a parameter is said: ``prose`` is long text, ``whole`` a whole number, ``levels`` scores with what
each means, ``judge`` the URI of a registered one."""


class ScorerParameter(Message, frozen=True, kw_only=True):
    """A parameter of a scorer; ``default`` is absent for none, ``expectation`` says in words what it may be."""

    name: str
    kind: ScorerKind
    required: bool
    choices: list[str]
    expectation: str
    default: object = None


class ScorerMessage(Message, frozen=True, kw_only=True):
    """A scorer or judge: its name, what it measures, more about that, its parameters."""

    name: str
    about: str
    details: str
    is_judge: bool
    parameters: list[ScorerParameter]


class ScorersResponse(Message, frozen=True, kw_only=True):
    """Scorers by name."""

    scorers: list[ScorerMessage] = msgspec.field(default_factory=list)


class CheckScorers(Message, frozen=True, kw_only=True):
    """``POST playground/scorers/check``."""

    scorers: list[ChosenScorer] = msgspec.field(default_factory=list)

    @property
    def bases(self) -> list[str]:
        """What must be readable."""
        return [scorer.uri for scorer in self.scorers if scorer.uri]


class CheckedScorer(Message, frozen=True, kw_only=True):
    """The name of the score that a scorer gives, or what is wrong with it."""

    score: str = ""
    problem: str = ""


class CheckedScorersResponse(Message, frozen=True, kw_only=True):
    """One for each scorer, in order."""

    scorers: list[CheckedScorer] = msgspec.field(default_factory=list)
