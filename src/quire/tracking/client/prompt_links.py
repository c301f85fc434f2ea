"""Which runs, logged models and traces used a version of a prompt."""

from __future__ import annotations

from threading import Lock

from quire.domain.entities import Tag
from quire.domain.errors import InvalidInput
from quire.domain.prompt_links import PromptUsage, linked_prompts, with_link, without_link
from quire.domain.prompt_uris import version_uri
from quire.domain.prompts import PromptVersion
from quire.domain.traces import LINKED_PROMPTS_TAG, PromptVersionRef
from quire.tracking.client.prompts import PromptCalls

_linking = Lock()
"""A link is added to what a tag says already; threads of this process take turns."""


class PromptLinkCalls(PromptCalls):
    """What a client does with the links of prompts."""

    def link_prompt_version_to_run(self, run_id: str, prompt: str | PromptVersion) -> None:
        """Say of a run that it used a version of a prompt: a PromptVersion, or its URI."""
        link = self._link(prompt)
        self.note_prompt(link.name, link.version, run_id=run_id)

    def detach_prompt_from_run(self, run_id: str, prompt_uri: str) -> None:
        """Take back what link_prompt_version_to_run said. InvalidInput if the run has no such link."""
        link = self._link(prompt_uri)
        with _linking:
            text = without_link(self.store.get_run(run_id).data.tags, link.name, link.version)
            if text is None:
                raise InvalidInput(f"The run {run_id!r} is not linked to {version_uri(link.name, link.version)}.")
            self.store.log_batch(run_id, tags=[Tag(LINKED_PROMPTS_TAG, text)])

    def link_prompt_version_to_model(self, name: str, version: str | int, model_id: str) -> None:
        """Say of a logged model that it was made of a version of a prompt."""
        self.note_prompt(name, self._existing(name, version), model_id=model_id)

    def note_prompt(self, name: str, version: str, *, run_id: str | None = None, model_id: str | None = None) -> None:
        """Link a run and a logged model to a version of a prompt, without asking whether there is such a version."""
        with _linking:
            if run_id is not None:
                text = with_link(self.store.get_run(run_id).data.tags, name, version)
                if text is not None:
                    self.store.log_batch(run_id, tags=[Tag(LINKED_PROMPTS_TAG, text)])
            if model_id is not None:
                text = with_link(self.store.get_logged_model(model_id).tags, name, version)
                if text is not None:
                    self.store.set_logged_model_tags(model_id, [Tag(LINKED_PROMPTS_TAG, text)])

    def list_logged_prompts(self, run_id: str) -> list[PromptVersion]:
        """The prompt versions that a run used; those that were deleted since are left out."""
        links = linked_prompts(self.store.get_run(run_id).data.tags)
        found = [self.load_prompt(item.name, item.version, allow_missing=True) for item in links]
        return [prompt for prompt in found if prompt is not None]

    def prompt_usage(self, prompt: str | PromptVersion, max_results: int = 1000) -> PromptUsage:
        """Which runs, evaluations, logged models and traces used a version of a prompt; so many of each at most.

        The experiments looked at are those that are not deleted. ``prompt`` is a version or its URI; an alias stands
        for the version that it points at now.
        """
        from quire.tracking.client.prompt_usage import usage_of

        return usage_of(self.store, self._link(prompt), max_results)

    def _link(self, prompt: str | PromptVersion) -> PromptVersionRef:
        if isinstance(prompt, PromptVersion):
            return PromptVersionRef(prompt.name, str(prompt.version))
        if not isinstance(prompt, str):
            raise InvalidInput(f"`prompt` is a {type(prompt).__name__}; expected a PromptVersion or its URI.")
        name, version = self.parse_prompt_uri(prompt)
        return PromptVersionRef(name, self._existing(name, version))
