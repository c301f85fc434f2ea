"""Files, with the official SDK as the client."""

from __future__ import annotations

import openai
import pytest

CONTENT = b'{"a": "\xc3\xa4\\r\\n"}\r\n--not a boundary\n\x00\xff'


def test_a_file_comes_back_byte_for_byte(client: openai.OpenAI) -> None:
    made = client.files.create(file=("a b.jsonl", CONTENT), purpose="batch")
    assert (made.bytes, made.filename, made.purpose, made.status) == (len(CONTENT), "a b.jsonl", "batch", "processed")
    assert client.files.content(made.id).read() == CONTENT
    assert client.files.retrieve(made.id) == made
    assert client.files.delete(made.id).deleted
    with pytest.raises(openai.NotFoundError, match="No such File object"):
        client.files.content(made.id)


def test_files_are_listed_by_purpose_and_page(client: openai.OpenAI) -> None:
    made = [client.files.create(file=(f"{n}.jsonl", b"x"), purpose="batch").id for n in range(5)]
    client.files.create(file=("u.txt", b"x"), purpose="user_data")
    assert [file.id for file in client.files.list(purpose="batch", limit=2)] == made[::-1]
    assert [file.id for file in client.files.list(purpose="batch", order="asc", after=made[2])] == made[3:]


def test_a_file_may_expire(client: openai.OpenAI) -> None:
    made = client.files.create(
        file=("u.txt", b"x"), purpose="user_data", expires_after={"anchor": "created_at", "seconds": 3600}
    )
    assert made.expires_at == made.created_at + 3600


def test_what_cannot_be_uploaded_is_refused(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match=r"must be \.jsonl, but the file is named 'a\.txt'"):
        client.files.create(file=("a.txt", b"x"), purpose="batch")
    with pytest.raises(openai.BadRequestError, match="Supported values are: 'assistants', 'batch'"):
        client.files.create(file=("a.txt", b"x"), purpose="fun")  # type: ignore[arg-type]
    with pytest.raises(openai.BadRequestError, match="whole number from 3600 to 2592000"):
        client.files.create(
            file=("u.txt", b"x"), purpose="user_data", expires_after={"anchor": "created_at", "seconds": 5}
        )
