"""A Quire server as the registry."""

from __future__ import annotations

import uuid
from pathlib import Path

import quire
from quire.prompts.folder import pull, push


def test_a_folder_in_step_with_a_server_and_an_alias_taken_back(quire_server: str, folder: Path) -> None:
    quire.set_tracking_uri(quire_server)
    name = f"joker-{uuid.uuid4().hex[:8]}"
    quire.register_prompt(name, "A joke about {{animal}}.")
    quire.set_prompt_alias(name, "prod", 1)
    pull(folder, names=[name])
    file = folder / f"{name}.prompt"
    file.write_text(file.read_text().replace("A joke", "A pun"))
    assert push(folder, names=[name], message="puns").outcomes[0].version == 2
    assert pull(folder, names=[name]).in_step == 1
    quire.set_prompt_alias(name, "prod", 2, reason="shorter")
    assert quire.rollback_prompt_alias(name, "prod").new == 1
    assert quire.load_prompt(f"prompts:/{name}@prod").template == "A joke about {{animal}}."
    assert [event.reason for event in quire.prompt_alias_history(name, "prod")] == ["", "shorter", ""]
