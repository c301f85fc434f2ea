"""From what a caller names as an arm to a version that cannot change while the trial runs."""

from __future__ import annotations

from quire.domain.errors import InvalidInput, NotFound
from quire.domain.prompt_uris import SCHEME, PromptUri, check_prompt_version, parse_prompt_uri, version_uri
from quire.domain.uris import LocationUri, RegisteredModelUri, parse_model_uri
from quire.store.resolve import resolve
from quire.trials.access import Places
from quire.trials.subjects import Subject


def pinned(places: Places, subject: Subject, model: object) -> str:
    """The URI of one version: an alias is looked up now. NotFound for a version that there is not."""
    if subject.kind == "prompt":
        return _prompt(places, subject.name, model)
    parsed = parse_model_uri(str(model))
    if isinstance(parsed, LocationUri):
        return str(model)
    found = resolve(places.store, places.registry, parsed)
    if isinstance(parsed, RegisteredModelUri):
        return f"models:/{found.name}/{found.version}"
    return str(model)


def _prompt(places: Places, name: str, model: object) -> str:
    """A prompt's arm is a version's number, or its URI."""
    if isinstance(model, int) or (isinstance(model, str) and model.isdecimal()):
        uri = PromptUri(name, version=check_prompt_version(model))
    else:
        uri = parse_prompt_uri(str(model))
    if uri.name != name:
        raise InvalidInput(f"{model!r} is a version of another prompt than {SCHEME}{name}, which the trial is about.")
    return version_uri(name, _existing(places, uri))


def _existing(places: Places, uri: PromptUri) -> str:
    if uri.alias is None:
        return places.registry.get_model_version(uri.name, str(uri.version)).version
    try:
        return places.registry.get_model_version_by_alias(uri.name, uri.alias).version
    except InvalidInput as error:  # an alias that is not set, in MLflow's protocol
        raise NotFound(error.message) from None


def version_of(uri: str) -> tuple[str, str] | None:
    """The name and the version of a pinned arm, of a model or a prompt; None for files that are not registered."""
    if uri.startswith(SCHEME):
        found = parse_prompt_uri(uri)
        return (found.name, str(found.version)) if found.version is not None else None
    parsed = parse_model_uri(uri)
    if isinstance(parsed, RegisteredModelUri) and parsed.version is not None:
        return parsed.name, parsed.version
    return None
