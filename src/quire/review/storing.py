"""A queue's items as artifacts of its run: a file for each addition, so that two at once do not meet."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from quire.domain.errors import MalformedModel
from quire.domain.ids import now_ms
from quire.review.items import Item
from quire.tracking.client import Client

_FOLDER = "review"
_decode = msgspec.json.Decoder(Item).decode


def write_items(client: Client, run_id: str, items: Sequence[Item]) -> None:
    """Add items. They are there once this returns."""
    name = f"{_FOLDER}/items-{now_ms():015d}-{os.urandom(4).hex()}.jsonl"
    text = b"".join(msgspec.json.encode(item, enc_hook=repr) + b"\n" for item in items)
    client.log_text(run_id, text.decode(), name)


def item_files(client: Client, run_id: str) -> list[str]:
    """The files that hold items, in the order in which they were added."""
    return sorted(file.path for file in client.list_artifacts(run_id, _FOLDER) if not file.is_dir)


def read_items(client: Client, run_id: str) -> Iterator[Item]:
    """All items, in the order in which they were added. Raises MalformedModel for a file that cannot be read."""
    paths = item_files(client, run_id)
    if not paths:
        return
    with tempfile.TemporaryDirectory() as folder:
        for path in paths:
            local = Path(client.download_artifacts(run_id, path, folder))
            for number, line in enumerate(local.read_bytes().splitlines(), 1):
                try:
                    yield _decode(line)
                except msgspec.MsgspecError as error:
                    raise MalformedModel(f"Line {number} of {path} of the run {run_id} is no item: {error}.") from None
