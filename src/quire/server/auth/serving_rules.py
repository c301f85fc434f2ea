"""Who may serve what, try what on whom, and judge answers.

To serve or to try a model one must be able to read it; to let a trial move an alias, to move it oneself. Where servers
send their keys is for admins to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec.json import encode

from quire.domain.prompt_uris import SCHEME as PROMPTS
from quire.server.auth.asking import Asking
from quire.server.auth.places import Ref, destination, subject_place
from quire.server.auth.rule import Need, Refs, Rule, each, edits, field, manages, reads
from quire.trials.subjects import read_subject

_QUIRE = "quire/v1"


def workspace(asking: Asking) -> Refs:
    """What is nobody's own: the role in the workspace decides."""
    return [Ref("workspace", "")]


def _subject(asking: Asking) -> Refs:
    """What a trial that is to start is about; a subject that is none is refused by the call itself."""
    subject = asking.message.spec.subject
    resource = subject_place(subject).resources[0]
    return [Ref(resource.kind, resource.key)]


def _givers(asking: Asking) -> Refs:
    """The endpoints, and prompts of trials, that answers came from."""
    for name in dict.fromkeys(asking.message.endpoints):
        prompt = name.startswith(PROMPTS)
        yield Ref("registered_model", name.removeprefix(PROMPTS)) if prompt else Ref("endpoint", name)


def _models(uris: Iterable[str]) -> Refs:
    """The models and prompts that these URIs name."""
    for uri in dict.fromkeys(uris):
        if uri.startswith(PROMPTS):
            yield Ref("registered_model", re.split("[/@]", uri.removeprefix(PROMPTS))[0])
        else:
            yield Ref("uri", uri)


def _endpoint_models(asking: Asking) -> Refs:
    return _models(asking.message.model_uris)


def _destinations(asking: Asking) -> Refs:
    """Where an endpoint would have servers send requests, with which of their keys, if it says so itself."""
    endpoint = asking.message.endpoint
    named = [destination(one) for one in (endpoint.upstream, *endpoint.fallbacks)]
    named = [one for one in named if any(one)]
    return [Ref("destinations", encode([asking.message.name, named]).decode())] if named else []


def _arms(asking: Asking) -> Refs:
    return _models(asking.message.arm_uris)


def _promoted(asking: Asking) -> Refs:
    """The models whose alias a trial would move when one of its arms has won."""
    return _models(asking.message.arm_uris if asking.message.promotes else ())


def _answer(asking: Asking) -> Refs:
    return [Ref("answer", asking.message.answer_id)] if asking.message.answer_id else []


def _new_subject(asking: Asking) -> Refs:
    """What a trial that is to start, given by its parts, is about."""
    subject = str(read_subject(asking.message.subject))
    resource = subject_place(subject).resources[0]
    return [Ref(resource.kind, resource.key)]


def _new_alias(asking: Asking) -> Refs:
    """The alias that such a trial would move by itself."""
    subject = read_subject(asking.message.subject)
    if not asking.message.promotes:
        return []
    is_prompt = subject.kind == "prompt"
    return [Ref("registered_model" if is_prompt else "endpoint_alias", subject.name)]


def _bases(asking: Asking) -> Refs:
    """The prompts and models that variants of the playground begin with."""
    return _models(asking.message.bases)


_endpoint = field("endpoint", "name")
_playground = (
    Need("editor", workspace),
    Need("reader", _bases, optional=True),
    Need("editor", field("experiment", "experiment_id"), optional=True),
    Need("editor", field("experiment_name", "experiment_name"), optional=True),
)
_trial = field("trial", "trial_id")
_trial_alias = Need("editor", field("trial_alias", "trial_id"), optional=True)
_arm_needs = (Need("reader", _arms, optional=True), Need("editor", _promoted, optional=True))
SERVING_RULES = {
    f"GET {_QUIRE}/endpoints": reads(workspace),
    f"GET {_QUIRE}/endpoints/{{name}}": reads(_endpoint),
    f"PUT {_QUIRE}/endpoints/{{name}}": Rule(
        needs=(
            Need("editor", _endpoint),
            Need("reader", _endpoint_models, optional=True),
            Need("editor", _destinations),
        )
    ),
    f"DELETE {_QUIRE}/endpoints/{{name}}": manages(_endpoint),
    f"GET {_QUIRE}/serving/overview": reads(workspace),
    f"GET {_QUIRE}/endpoints/{{name}}/overview": reads(_endpoint),
    f"GET {_QUIRE}/endpoints/{{name}}/traffic": reads(_endpoint),
    f"GET {_QUIRE}/endpoints/{{name}}/record": reads(_endpoint),
    f"POST {_QUIRE}/endpoints/{{name}}/rollback": Rule(
        needs=(Need("editor", _endpoint), Need("editor", field("endpoint_alias", "name"), optional=True))
    ),
    f"POST {_QUIRE}/trials": Rule(needs=(Need("editor", _subject), *_arm_needs)),
    f"GET {_QUIRE}/trials": reads(workspace),
    f"GET {_QUIRE}/trials/{{trial_id}}": reads(_trial),
    f"PUT {_QUIRE}/trials/{{trial_id}}": Rule(needs=(Need("editor", _trial), *_arm_needs)),
    f"GET {_QUIRE}/trials/{{trial_id}}/tallies": reads(_trial),
    f"POST {_QUIRE}/trials/{{trial_id}}/drop-outcomes": edits(_trial),
    f"GET {_QUIRE}/trials/{{trial_id}}/report": reads(_trial),
    f"GET {_QUIRE}/trials/{{trial_id}}/history": reads(_trial),
    f"POST {_QUIRE}/trials/start": Rule(
        needs=(
            Need("editor", _new_subject),
            Need("reader", _arms, optional=True),
            Need("editor", _new_alias, optional=True),
        )
    ),
    f"POST {_QUIRE}/trials/{{trial_id}}/pause": edits(_trial),
    f"POST {_QUIRE}/trials/{{trial_id}}/resume": edits(_trial),
    f"POST {_QUIRE}/trials/{{trial_id}}/stop": edits(_trial),
    f"POST {_QUIRE}/trials/{{trial_id}}/promote": Rule(needs=(Need("editor", _trial), _trial_alias)),
    f"POST {_QUIRE}/trials/{{trial_id}}/add-arm": Rule(
        needs=(Need("editor", _trial), Need("reader", _arms, optional=True))
    ),
    f"POST {_QUIRE}/trials/{{trial_id}}/remove-arm": edits(_trial),
    f"POST {_QUIRE}/outcomes": edits(each("trial", "trial_ids")),
    f"POST {_QUIRE}/served": edits(_givers),
    f"POST {_QUIRE}/served/prune": manages(each("experiment", "experiment_ids")),
    f"GET {_QUIRE}/served": reads(field("answer", "answer_id")),
    f"POST {_QUIRE}/feedback": edits(_answer),
    f"POST {_QUIRE}/traces/expect": edits(field("experiment", "experiment_id")),
    f"GET {_QUIRE}/playground/service": reads(workspace),
    f"GET {_QUIRE}/playground/base": Rule(needs=(Need("reader", _bases),)),
    f"POST {_QUIRE}/playground/check": Rule(needs=(Need("reader", _bases, optional=True),)),
    f"POST {_QUIRE}/playground/ask": Rule(needs=_playground),
    f"GET {_QUIRE}/playground/scorers": reads(workspace),
    f"POST {_QUIRE}/playground/scorers/check": Rule(
        needs=(Need("reader", workspace), Need("reader", _bases, optional=True))
    ),
    f"POST {_QUIRE}/playground/evaluations": Rule(
        needs=(*_playground, Need("reader", field("dataset", "dataset_id"), optional=True))
    ),
    f"GET {_QUIRE}/playground/evaluations": edits(workspace),
    f"GET {_QUIRE}/playground/evaluations/{{job_id}}": edits(workspace),
    f"POST {_QUIRE}/playground/evaluations/{{job_id}}/stop": edits(workspace),
    f"POST {_QUIRE}/playground/save": Rule(
        needs=(
            Need("editor", field("registered_model", "name")),
            Need("reader", _bases, optional=True),
            Need("reader", each("registered_model", "parts"), optional=True),
        )
    ),
    f"POST {_QUIRE}/deployments": edits(workspace),
    f"GET {_QUIRE}/deployments": reads(workspace),
}
