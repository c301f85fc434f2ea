"""``/files``: uploading, listing, reading and deleting."""

from __future__ import annotations

from typing import Any

import msgspec

from quire.simulator.errors import ApiError, invalid, missing
from quire.simulator.http import Reply, Request, json_reply
from quire.simulator.multipart import Field, parse_form
from quire.simulator.pages import page
from quire.simulator.simulation import Simulation

_PURPOSES = ("assistants", "batch", "fine-tune", "vision", "user_data", "evals")
_JSONL_PURPOSES = ("batch", "fine-tune")


class StoredFile(msgspec.Struct):
    """A file's description, as the API gives it, and its content."""

    description: dict[str, Any]
    content: bytes


def upload(simulation: Simulation, request: Request) -> Reply:
    """``POST /files``: a form with ``purpose`` and ``file``."""
    form = parse_form(request.header("content-type"), request.body)
    for name in ("file", "purpose"):
        if name not in form:
            raise missing(name)
    purpose = form["purpose"].content.decode("utf-8", "replace")
    if purpose not in _PURPOSES:
        supported = ", ".join(f"'{name}'" for name in _PURPOSES)
        raise invalid("purpose", f"Invalid value: '{purpose}'. Supported values are: {supported}.")
    name = form["file"].filename or "upload"
    if purpose in _JSONL_PURPOSES and not name.endswith(".jsonl"):
        message = f"Invalid file format for the purpose '{purpose}': must be .jsonl, but the file is named '{name}'."
        raise ApiError(400, message, param="file")
    expires = _expires_after(form)
    stored = store(simulation, name, purpose, form["file"].content, expires)
    return json_reply(stored.description)


def store(
    simulation: Simulation, name: str, purpose: str, content: bytes, expires_after: int | None = None
) -> StoredFile:
    """Keep a file under a new id."""
    description: dict[str, Any] = {
        "id": simulation.new_id("file-"),
        "object": "file",
        "bytes": len(content),
        "created_at": simulation.now(),
        "filename": name,
        "purpose": purpose,
        "status": "processed",
    }
    if expires_after is not None:
        description["expires_at"] = simulation.now() + expires_after
    stored = StoredFile(description, content)
    simulation.files.add(description["id"], stored)
    return stored


def list_all(simulation: Simulation, request: Request) -> Reply:
    """``GET /files``, those of one purpose where the query names it."""
    purpose = request.query.get("purpose")
    described = {name: file.description for name, file in simulation.files.items()}
    chosen = {name: d for name, d in described.items() if purpose is None or d["purpose"] == purpose}
    listed = page(chosen, request.query)
    listed["first_id"], listed["last_id"] = listed["first_id"] or "", listed["last_id"] or ""
    return json_reply(listed)


def retrieve(simulation: Simulation, request: Request) -> Reply:
    """``GET /files/{file_id}``."""
    return json_reply(find(simulation, request.parameters["file_id"]).description)


def content(simulation: Simulation, request: Request) -> Reply:
    """``GET /files/{file_id}/content``."""
    file = find(simulation, request.parameters["file_id"])
    return Reply(file.content, content_type="application/octet-stream")


def delete(simulation: Simulation, request: Request) -> Reply:
    """``DELETE /files/{file_id}``."""
    name = find(simulation, request.parameters["file_id"]).description["id"]
    del simulation.files[name]
    return json_reply({"id": name, "object": "file", "deleted": True})


def find(simulation: Simulation, name: str) -> StoredFile:
    """The file of that id. Raises ApiError (404)."""
    file: StoredFile | None = simulation.files.get(name)
    if file is None:
        raise ApiError(404, f"No such File object: {name}", param="id")
    return file


def _expires_after(form: dict[str, Field]) -> int | None:
    seconds = form.get("expires_after[seconds]")
    if seconds is None:
        return None
    if not seconds.content.isdigit() or not 3600 <= int(seconds.content) <= 2_592_000:
        message = "Invalid 'expires_after[seconds]': expected a whole number from 3600 to 2592000."
        raise invalid("expires_after[seconds]", message)
    return int(seconds.content)
