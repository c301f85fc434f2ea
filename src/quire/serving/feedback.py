"""Feedback on what was answered: ``POST /api/quire/v1/feedback``, as a Quire server takes it.

Who may ask an endpoint may judge its answers. The note of an answer is on its way to the store for a moment, from here
or from another server; feedback that is faster waits for it.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from quire.domain.errors import NotFound
from quire.domain.protojson import decode, encode
from quire.domain.trials import Served
from quire.server.http import Receive, Reply, Scope
from quire.serving.body import read_body
from quire.serving.handling import guarded
from quire.store.current import open_uri
from quire.store.rest.wire.feedback import FeedbackResponse, GiveFeedback
from quire.store.serving import serving_of
from quire.trials.feedback import assessment_of, take_feedback
from quire.trials.noting import OfServing, flush

if TYPE_CHECKING:
    from quire.serving.app import App
    from quire.serving.context import Context

PATH = "/api/quire/v1/feedback"
_MOST_BYTES = 2 * 1024 * 1024
_FLUSH_S = 2.0
_OTHERS_S = OfServing.most_linger + 0.2
"""How long the note of another server may be under way."""


def install(app: App) -> None:
    """Take feedback."""
    app.routes[PATH] = {"POST": partial(guarded, partial(answer, app.context))}


async def answer(context: Context, scope: Scope, receive: Receive) -> Reply:
    """Store one judgement of an answer."""
    admission = await context.keys.admit(scope)
    raw = await read_body(scope, receive, _MOST_BYTES, context.settings.request_timeout)
    given = decode(raw, GiveFeedback)
    assessment_of(given)
    served = await _find(context.uri, given.answer_id)
    admission.require(served.endpoint)
    told = await asyncio.to_thread(_give, context.uri, given, admission.caller.name, served)
    return Reply(encode(told), 200)


async def _find(uri: str, answer_id: str) -> Served:
    """The answer, once its note has come to the store. NotFound if it does not come."""
    try:
        return await asyncio.to_thread(_look, uri, answer_id)
    except NotFound:
        await asyncio.to_thread(flush, uri, _FLUSH_S, while_away=False)
    try:
        return await asyncio.to_thread(_look, uri, answer_id)
    except NotFound:
        await asyncio.sleep(_OTHERS_S)
    return await asyncio.to_thread(_look, uri, answer_id)


def _look(uri: str, answer_id: str) -> Served:
    return serving_of(open_uri(uri)).get_served(answer_id)


def _give(uri: str, given: GiveFeedback, by: str, served: Served) -> FeedbackResponse:
    return take_feedback(open_uri(uri), given, by=by, served=served)
