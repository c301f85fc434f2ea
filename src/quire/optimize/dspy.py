"""Proposals by DSPy: the step in which one of its optimisers writes new instructions, asked through Quire's caller."""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import Any

from quire.domain.errors import InvalidInput, MissingExtra
from quire.domain.prompt_text import PromptTemplate
from quire.optimize.asking import ServiceProposer, answer_text
from quire.optimize.proposing import Example, NoProposal, Request
from quire.scorers.spend import Spend

STEPS = ("copro", "gepa")
_KEEP = "Each new instruction must hold these variables exactly as they are written, and no other: "


class DspyProposer(ServiceProposer):
    """Asks for templates as an optimiser of DSPy does, for text templates.

    ``step`` is ``"copro"`` (COPRO: new instructions from those that were tried and their scores) or ``"gepa"`` (GEPA:
    one reflection on rows that went badly for each proposal). Only the writing is DSPy's: what is evaluated, kept and
    decided is Quire's, and the requests go through the caller, under its limit. ``params`` are sent with each request.

    Raises MissingExtra if DSPy is not installed: ``pip install 'quire[dspy]'``.
    """

    def __init__(
        self, model: str, params: dict[str, Any] | None = None, *, step: str = "copro", **options: Any
    ) -> None:
        if step not in STEPS:
            raise InvalidInput(f"step is {step!r}; expected one of {', '.join(STEPS)}.")
        super().__init__(model, params, **options)
        self.step = step
        _dspy()

    def check(self, template: PromptTemplate) -> None:
        """Refuse a template that is no text. Raises InvalidInput."""
        if not isinstance(template, str):
            raise InvalidInput(
                "DSPy rewrites instructions, which are one text, and this prompt is a list of messages. Give a model's "
                "name as the proposer, or a text prompt."
            )

    def __call__(self, request: Request) -> list[str]:
        """The templates that DSPy's step makes of the model's answers. Raises NoProposal."""
        return self._gepa(request) if self.step == "gepa" else self._copro(request)

    def _copro(self, request: Request) -> list[str]:
        dspy = _dspy()
        signature = import_module("dspy.teleprompt.copro_optimizer").GenerateInstructionGivenAttempts
        limit = _Limit(self, request)
        with warnings.catch_warnings(), dspy.context(lm=_language_model(limit), adapter=dspy.ChatAdapter()):
            warnings.simplefilter("ignore", DeprecationWarning)
            predict = dspy.Predict(signature, n=request.wanted)
            try:
                said = predict(attempted_instructions=_attempts(request))
            except NoProposal:
                raise
            except Exception as error:
                raise NoProposal(f"DSPy could not read the model's answer: {type(error).__name__}: {error}") from error
        return [str(one) for one in said.completions.proposed_instruction]

    def _gepa(self, request: Request) -> list[str]:
        _dspy()
        step = import_module("gepa.strategies.instruction_proposal").InstructionProposalSignature
        limit = _Limit(self, request)
        template = f"{step.default_prompt_template}\n\n{_KEEP}{_named(request)}."
        found: list[str] = []
        for place in range(request.wanted):
            rows = request.examples[place:] + request.examples[:place]
            told = {
                "current_instruction_doc": request.template,
                "dataset_with_feedback": [_feedback(row, request) for row in rows],
                "prompt_template": template,
            }
            try:
                found.append(step.run(lm=limit.text, input_dict=told)["new_instruction"])
            except NoProposal:
                if not found:
                    raise
                break
        return found


class _Limit:
    """What a proposer may still spend in one round, over all its requests."""

    def __init__(self, proposer: ServiceProposer, request: Request) -> None:
        self._proposer, self._limit_usd, self._limit_calls = proposer, request.limit_usd, request.limit_calls
        self._before: Spend = proposer.spent
        self.model = proposer.model

    def ask(self, body: dict[str, Any]) -> Any:
        """The service's answer. Raises NoProposal."""
        asked = self._proposer.spent.questions - self._before.questions
        if self._limit_calls is not None and asked >= self._limit_calls:
            raise NoProposal("The budget pays for no more calls.", lasting=True)
        left = self._limit_usd
        if left is not None:
            left = max(left - (self._proposer.spent.cost_usd or 0.0) + (self._before.cost_usd or 0.0), 1e-12)
        return self._proposer.ask(body, left)

    def text(self, prompt: Any) -> str:
        """The text that answers a prompt."""
        messages = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt
        return answer_text(self.ask({"messages": messages}))


def _language_model(limit: _Limit) -> Any:
    """A language model for DSPy that asks through Quire."""
    from openai.types.chat import ChatCompletion

    base: Any = _dspy().BaseLM

    class LanguageModel(base):  # type: ignore[misc]
        def forward(self, prompt: Any = None, messages: Any = None, **params: Any) -> Any:
            body: dict[str, Any] = {"messages": messages or [{"role": "user", "content": prompt}]}
            if params.get("n") not in (None, 1):
                body["n"] = params["n"]
            return ChatCompletion.model_validate(limit.ask(body).response)

    return LanguageModel(limit.model, cache=False)


def _attempts(request: Request) -> list[str]:
    tried = [(one.template, one.score) for one in request.tried] + [(request.template, request.score)]
    tried.sort(key=lambda one: one[1] if request.higher_is_better else -one[1])
    lines = [f"Instruction {place}: {text}\nScore: {score:.4g}" for place, (text, score) in enumerate(tried, 1)]
    return [*([f"The task: {request.task}"] if request.task else []), *lines, f"{_KEEP}{_named(request)}."]


def _named(request: Request) -> str:
    return ", ".join(f"{{{{{name}}}}}" for name in request.variables)


def _feedback(row: Example, request: Request) -> dict[str, Any]:
    score = "none" if row.score is None else f"{row.score:.4g}"
    said = f"{request.objective}: {score}. Expected: {row.expected or 'not said'}. {row.error or ''} {row.rationale}"
    return {"Inputs": row.inputs, "Generated Outputs": row.answered, "Feedback": said.strip()}


def _dspy() -> Any:
    try:
        return import_module("dspy")
    except ImportError:
        raise MissingExtra("Proposals by DSPy need it: pip install 'quire[dspy]'.") from None
