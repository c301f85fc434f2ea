"""Which runs, logged models and traces used a version of a prompt."""

from __future__ import annotations

from threading import Lock
from typing import Any

from quire.domain.entities import Run, Tag
from quire.domain.errors import InvalidInput
from quire.domain.names import check_page_size
from quire.domain.prompt_links import PromptUsage, link_filter, linked_prompts, with_link, without_link
from quire.domain.prompt_uris import version_uri
from quire.domain.prompts import PromptVersion
from quire.domain.traces import LINKED_PROMPTS_TAG, PromptVersionRef, TraceInfo
from quire.tracking.client.prompts import PromptCalls

EVALUATION_TAGS = {"mlflow.runType": "genai_evaluate"}
MOST = 100_000
_PAGE = 1000
_linking = Lock()
"""A link is added to what a tag says already; threads of this process take turns."""


class PromptLinkCalls(PromptCalls):
    """What a client does with the links of prompts."""

    def link_prompt_version_to_run(self, run_id: str, prompt: str | PromptVersion) -> None:
        """Say of a run that it used a version of a prompt: a PromptVersion, or its URI."""
        link = self._link(prompt)
        with _linking:
            text = with_link(self.store.get_run(run_id).data.tags, link.name, link.version)
            if text is not None:
                self.store.set_tag(run_id, Tag(LINKED_PROMPTS_TAG, text))

    def detach_prompt_from_run(self, run_id: str, prompt_uri: str) -> None:
        """Take back what link_prompt_version_to_run said. InvalidInput if the run has no such link."""
        link = self._link(prompt_uri)
        with _linking:
            text = without_link(self.store.get_run(run_id).data.tags, link.name, link.version)
            if text is None:
                raise InvalidInput(f"The run {run_id!r} is not linked to {version_uri(link.name, link.version)}.")
            self.store.set_tag(run_id, Tag(LINKED_PROMPTS_TAG, text))

    def link_prompt_version_to_model(self, name: str, version: str | int, model_id: str) -> None:
        """Say of a logged model that it was made of a version of a prompt."""
        number = self._existing(name, version)
        with _linking:
            text = with_link(self.store.get_logged_model(model_id).tags, name, number)
            if text is not None:
                self.store.set_logged_model_tags(model_id, [Tag(LINKED_PROMPTS_TAG, text)])

    def list_logged_prompts(self, run_id: str) -> list[PromptVersion]:
        """The prompt versions that a run used; those that were deleted since are left out."""
        links = linked_prompts(self.store.get_run(run_id).data.tags)
        found = [self.load_prompt(item.name, item.version, allow_missing=True) for item in links]
        return [prompt for prompt in found if prompt is not None]

    def prompt_usage(self, prompt: str | PromptVersion, max_results: int = 1000) -> PromptUsage:
        """Which runs, evaluations, logged models and traces used a version of a prompt; so many of each at most."""
        check_page_size(max_results, MOST)
        link = self._link(prompt)
        experiments = self._all_experiments()
        runs, all_runs = self._runs_with(link, experiments, max_results)
        models, all_models = self._models_with(link, experiments, max_results)
        traces, all_traces = self._traces_with(link, experiments, max_results)
        return PromptUsage(
            uri=version_uri(link.name, link.version),
            runs=runs,
            evaluations=self._evaluations(runs),
            models=models,
            traces=traces,
            complete=all_runs and all_models and all_traces,
        )

    def _link(self, prompt: str | PromptVersion) -> PromptVersionRef:
        if isinstance(prompt, PromptVersion):
            return PromptVersionRef(prompt.name, str(prompt.version))
        if not isinstance(prompt, str):
            raise InvalidInput(f"`prompt` is a {type(prompt).__name__}; expected a PromptVersion or its URI.")
        name, version = self.parse_prompt_uri(prompt)
        return PromptVersionRef(name, self._existing(name, version))

    def _all_experiments(self) -> list[str]:
        found: list[str] = []
        token: str | None = None
        while True:
            page = self.store.search_experiments(view="ACTIVE_ONLY", max_results=_PAGE, page_token=token)
            found += [item.experiment_id for item in page]
            token = page.token
            if not token:
                return found

    def _runs_with(self, link: PromptVersionRef, experiments: list[str], most: int) -> tuple[list[Run], bool]:
        return _linked_among(
            lambda token: self.store.search_runs(
                experiments, filter_string=link_filter(link.name), max_results=_PAGE, page_token=token
            ),
            lambda run: link in linked_prompts(run.data.tags),
            most,
        )

    def _models_with(self, link: PromptVersionRef, experiments: list[str], most: int) -> tuple[list[Any], bool]:
        return _linked_among(
            lambda token: self.store.search_logged_models(
                experiments, filter_string=link_filter(link.name), max_results=50, page_token=token
            ),
            lambda model: link in linked_prompts(model.tags),
            most,
        )

    def _traces_with(self, link: PromptVersionRef, experiments: list[str], most: int) -> tuple[list[TraceInfo], bool]:
        condition = f"prompt = '{link.name}/{link.version}'"
        return _linked_among(
            lambda token: self.store.search_traces(
                experiments, filter_string=condition, max_results=min(most, 500), page_token=token
            ),
            lambda _trace: True,
            most,
        )

    def _evaluations(self, runs: list[Run]) -> list[Run]:
        """Of runs and their parents those that evaluate."""
        known = {run.info.run_id: run for run in runs}
        found: dict[str, Run] = {}
        for run in runs:
            parent_id = run.data.tags.get("mlflow.parentRunId")
            parent = known.get(parent_id) or self.store.get_run(parent_id) if parent_id else None
            for one in (run, parent):
                if one is not None and _evaluates(one):
                    found.setdefault(one.info.run_id, one)
        return list(found.values())


def _evaluates(run: Run) -> bool:
    return any(run.data.tags.get(key) == value for key, value in EVALUATION_TAGS.items())


def _linked_among(page_of: Any, wanted: Any, most: int) -> tuple[list[Any], bool]:
    """Of the pages that ``page_of`` a token gives, those that are wanted, ``most`` at most; whether that is all."""
    found: list[Any] = []
    token: str | None = None
    while True:
        page = page_of(token)
        found += [item for item in page if wanted(item)]
        token = page.token
        if len(found) > most:
            return found[:most], False
        if not token:
            return found, True
