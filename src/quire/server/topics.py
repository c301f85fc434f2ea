"""Which topics of live updates a call changes: one table, by the tag of the call or by its name."""

from __future__ import annotations

from typing import Any

import msgspec

from quire.server.calls import AnyCall
from quire.server.http import Request
from quire.server.live import Live
from quire.server.tables import EVERY_TOPIC

TOPICS = (
    "comments",
    "datasets",
    "endpoints",
    "evaluations",
    "experiments",
    "home",
    "models",
    "prompts",
    "reviews",
    "runs",
    "settings",
    "traces",
    "trials",
)
"""All topics. The interface's queries begin with them (``ui/src/api/live.ts``)."""

# Evaluations and review queues are runs; prompts are registered models.
_RUNS = ("runs", "experiments", "evaluations", "reviews", "home")
_REGISTRY = ("models", "prompts", "home")

BY_TAG: dict[str, tuple[str, ...]] = {
    "Experiments": ("experiments", "runs", "evaluations", "reviews", "traces", "home"),
    "Runs": _RUNS,
    "Logged models": ("models", "runs"),
    "Registered models": _REGISTRY,
    "Model versions": _REGISTRY,
    "Model packages": _REGISTRY,
    "Artifacts": ("runs", "evaluations", "reviews", "models"),
    "Artifact proxy": ("runs", "evaluations", "reviews", "models"),
    "Traces": ("traces", "runs", "home"),
    "OpenTelemetry": ("traces", "home"),
    "Assessments": ("traces", "reviews", "evaluations"),
    "Prompts": _REGISTRY,
    "Evaluations": ("evaluations", "reviews", "runs", "traces", "home"),
    "Reviews": ("reviews", "runs", "traces", "evaluations"),
    "Evaluation datasets": ("datasets", "experiments"),
    "Endpoints": ("endpoints", "trials", "home"),
    "Trials": ("trials", "endpoints", "home"),
    "Deployments": ("endpoints", "home"),
    "Comments": ("comments", "home"),
    "Feedback": ("traces", "trials", "endpoints", "reviews"),
    "Playground": ("traces", "home"),
    "Users": ("settings",),
    "Tokens": ("settings",),
}
"""What a call that writes changes, by its tag, if its name is not below."""

BY_NAME: dict[str, tuple[str, ...]] = {
    "presigned_upload": (),  # the upload itself does not pass through here
    "create_multipart_upload": (),
    "abort_multipart_upload": (),
    "link_prompts_to_trace": ("traces", "prompts"),
    "expect_trace": ("traces",),
    "save_variant": ("prompts", "models", "home"),
    "set_alias": (*_REGISTRY, "endpoints", "trials"),
    "delete_alias": (*_REGISTRY, "endpoints", "trials"),
    "move_alias": (*_REGISTRY, "endpoints", "trials"),
    "promote_trial": (*_REGISTRY, "endpoints", "trials"),
    "roll_endpoint_back": (*_REGISTRY, "endpoints", "trials"),
    "promote_model_version": (*_REGISTRY, "endpoints", "trials"),
    "promote_variant": (*_REGISTRY, "endpoints", "trials", "evaluations"),
    "sign_out": (),
    "sign_in_with_password": (),
}
"""What these calls change; nothing, of those that have no topic."""


def topics_of(call: AnyCall) -> tuple[str, ...] | None:
    """The topics that a call changes; None if no table says."""
    if call.kind != "write":
        return ()
    return BY_NAME.get(call.name, BY_TAG.get(call.tag))


class Telling:
    """Tells those who listen of each call that changed something."""

    def __init__(self, live: Live) -> None:
        self._live = live

    async def __call__(self, call: AnyCall, request: Request, message: msgspec.Struct | None, answer: Any) -> None:
        """Told of each call that was answered."""
        topics = topics_of(call)
        if topics is None or topics:
            self._live.tell((EVERY_TOPIC,) if topics is None else topics)
