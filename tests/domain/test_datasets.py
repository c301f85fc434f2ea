"""What identifies records and datasets."""

from __future__ import annotations

import hashlib
import json

from hypothesis import given
from hypothesis import strategies as st

from quire.domain.datasets import NewRecord, add_content, content_number, input_hash, merged_schema

_INPUTS = st.dictionaries(st.text(), st.integers() | st.text() | st.booleans(), max_size=3)


@given(_INPUTS)
def test_inputs_are_known_as_mlflow_knows_them(inputs: dict[str, object]) -> None:
    assert input_hash(inputs) == hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()
    assert input_hash(dict(reversed(inputs.items()))) == input_hash(inputs)


@given(st.lists(_INPUTS, max_size=6), st.randoms())
def test_a_digest_does_not_depend_on_the_order_and_is_undone(records: list[dict[str, object]], random: object) -> None:
    numbers = [content_number(inputs, None, None) for inputs in records]
    shuffled = list(numbers)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    total = add_content("", numbers)
    assert len(total) == 32
    assert add_content("", shuffled) == total
    assert add_content(total, [], numbers) == "0" * 32


def test_a_schema_keeps_the_first_type_of_a_field() -> None:
    first = merged_schema(None, [NewRecord(inputs={"a": 1}, outputs={"x": "y"})])
    again = json.loads(merged_schema(first, [NewRecord(inputs={"a": "text", "b": None}, outputs="text")]))
    assert again["inputs"] == {"a": "integer", "b": "null"}
    assert again["outputs"] == {"x": "string"}
    assert again["version"] == "1.0"
