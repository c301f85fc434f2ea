"""What is known of a run beside what was logged to it: the prompts it used, what its traces cost, its evaluation."""

from __future__ import annotations

from collections.abc import Callable

from quire.domain.entities import Run
from quire.domain.errors import QuireError
from quire.domain.evaluation_tags import ROLE, VARIANT
from quire.domain.messagediff import text_of
from quire.domain.prompt_links import linked_prompts
from quire.domain.prompt_text import PromptTemplate
from quire.domain.run_facts import RunFacts, UsedPrompt
from quire.domain.trace_usage import TraceUsage
from quire.tracking.client import Client
from quire.tracking.origin import PARENT


def facts_of(client: Client, run: Run, may_read: Callable[[str], bool]) -> RunFacts:
    """What is known of a run; ``may_read`` says of which prompts, by name, the text may be told."""
    tags, run_id = run.data.tags, run.info.run_id
    role, parent = tags.get(ROLE), tags.get(PARENT)
    is_variant = role == "variant" and parent is not None
    return RunFacts(
        run_id=run_id,
        prompts=[_used(client, link.name, link.version, may_read) for link in linked_prompts(tags)],
        evaluation_id=parent if is_variant else run_id if role == "evaluation" else None,
        variant=tags.get(VARIANT) if is_variant else None,
        usage=_usage(client, run),
    )


def _used(client: Client, name: str, version: str, may_read: Callable[[str], bool]) -> UsedPrompt:
    text = None
    if may_read(name):
        try:
            found = client.load_prompt(name, version, allow_missing=True)
        except QuireError:
            found = None
        text = None if found is None else template_text(found.template)
    return UsedPrompt(name=name, version=version, text=text)


def template_text(template: PromptTemplate) -> str:
    """A template as one text: of messages each role, then what it says."""
    if isinstance(template, str):
        return template
    return "\n\n".join(f"{message.get('role', '')}:\n{text_of(message)}" for message in template)


def _usage(client: Client, run: Run) -> TraceUsage | None:
    found = client.store.trace_usage(
        [run.info.experiment_id], by="run", filter_string=f"attribute.run_id = '{run.info.run_id}'"
    )
    return next((usage for usage in found if usage.key == run.info.run_id), None)
