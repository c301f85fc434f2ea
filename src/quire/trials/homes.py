"""Where a trial's winner goes: the alias by which its subject serves."""

from __future__ import annotations

import msgspec

from quire.domain.errors import InvalidInput, InvalidState, NotFound
from quire.domain.prompt_uris import SCHEME, version_uri
from quire.domain.trials import TrialSpec
from quire.domain.uris import RegisteredModelUri, parse_model_uri
from quire.trials.access import Places
from quire.trials.pinning import version_of
from quire.trials.subjects import Subject, read_subject

PROMPT_ALIASES = ("champion", "production")
"""The alias by which a prompt serves: the first of these that it has, else the first of all."""


class Home(msgspec.Struct, frozen=True):
    """An alias of a registered model, or of a prompt (which is registered likewise)."""

    name: str
    alias: str
    is_prompt: bool = False

    def __str__(self) -> str:
        return f"{SCHEME if self.is_prompt else 'models:/'}{self.name}@{self.alias}"


def home_of(places: Places, subject: Subject) -> Home:
    """The alias that serves. InvalidState for an endpoint that serves no alias."""
    if subject.kind == "prompt":
        return Home(subject.name, _prompt_alias(places, subject.name), is_prompt=True)
    served = places.serving.get_endpoint(subject.name).model
    parsed = parse_model_uri(served)
    if isinstance(parsed, RegisteredModelUri) and parsed.alias is not None:
        return Home(parsed.name, parsed.alias)
    raise InvalidState(
        f"The endpoint {subject.name!r} serves {served}, which is no alias, so that nothing can be moved. Serve "
        "models:/NAME@champion, and promotions and rollbacks move that alias."
    )


def serving_now(places: Places, subject: Subject) -> str:
    """The URI of what a subject serves without a trial: of a prompt without an alias its newest version."""
    if subject.kind != "prompt":
        return places.serving.get_endpoint(subject.name).model
    home = home_of(places, subject)
    found = current(places, home)
    if found is not None:
        return version_uri(home.name, found)
    return version_uri(home.name, places.registry.get_model_version_by_alias(home.name, "latest").version)


def current(places: Places, home: Home) -> str | None:
    """The version at which an alias is; None where there is no such alias."""
    return places.registry.get_registered_model(home.name).aliases.get(home.alias)


def _prompt_alias(places: Places, name: str) -> str:
    try:
        aliases = places.registry.get_registered_model(name).aliases
    except NotFound:
        raise NotFound(f"There is no prompt {name!r}. quire.search_prompts() lists those that there are.") from None
    return next((alias for alias in PROMPT_ALIASES if alias in aliases), PROMPT_ALIASES[0])


def check_promotable(places: Places, spec: TrialSpec) -> None:
    """Refuse, at the start, a trial that is to promote its winner and could not. InvalidInput, InvalidState."""
    if spec.stopping.on_win != "promote":
        return
    if spec.namespace is not None:
        raise InvalidInput(
            f"The trial is for the namespace {spec.namespace!r} alone, and its winner would be promoted for everybody. "
            "Leave on_win='report', and promote by hand what shall serve all."
        )
    home = home_of(places, read_subject(spec.subject))
    for arm in spec.arms:
        check_arm(home, arm.name, arm.model)
    version = version_of(spec.arms[0].model)
    serves = current(places, home)
    if serves is not None and version is not None and serves != version[1]:
        raise InvalidState(
            f"{home} is at version {serves}, and the control is version {version[1]}: a winner would replace what it "
            f"was not compared with. Make version {serves} the control, or leave on_win='report'."
        )


def check_arm(home: Home, name: str, model: str) -> None:
    """Refuse an arm that the alias cannot be moved to. InvalidInput."""
    version = version_of(model)
    if version is None or version[0] != home.name:
        raise InvalidInput(
            f"The arm {name!r} is {model}, and {home} can only be moved to versions of {home.name!r}. Register it as a "
            "version of that, or leave on_win='report'."
        )
