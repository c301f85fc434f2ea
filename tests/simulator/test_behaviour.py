"""A behaviour: what is refused, with what words, and how it is read from a mapping or a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from quire.domain.errors import InvalidInput, NotFound
from quire.simulator import Behaviour
from quire.simulator.behaviour_file import read_behaviour


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"latency_ms": -1}, "latency_ms is -1.0. Give a number of milliseconds, 'fixed:MS'"),
        ({"latency_ms": "uniform:80:20"}, "latency_ms is 'uniform:80:20'. Give a number"),
        ({"latency_ms": "normal:1:2"}, "latency_ms is 'normal:1:2'"),
        ({"latency_ms": "lognormal:50"}, "latency_ms is 'lognormal:50'"),
        ({"latency_ms": "nan"}, "latency_ms is 'nan'"),
        ({"token_latency_ms": -1}, "token_latency_ms is -1.0. Give a number that is 0 or more."),
        ({"pause_s": float("inf")}, "pause_s is inf"),
        ({"tokens_per_minute": 0}, "tokens_per_minute is 0. Give a whole number from 1, or None."),
        ({"requests_per_minute": 1.5}, "Behaviour: requests_per_minute is 1.5. Expected `int | null`, got `float`."),
        ({"error_rates": {"teapot": 0.1}}, "Unknown kind 'teapot' in error_rates. Use one of: rate_limit, "),
        ({"error_rates": {"429": 1.1}}, "error_rates['429'] is 1.1. Give a share from 0 to 1."),
        ({"error_rates": {"429": 0.7, "500": 0.7}}, "error_rates add up to 1.4."),
        ({"error_rates": 0.2}, "Behaviour: error_rates is 0.2. Expected `object`"),
        ({"models": "gpt-4o"}, "Behaviour: models is 'gpt-4o'. Expected `array | null`"),
        ({"call_tools": "never"}, "Behaviour: call_tools is 'never'. Invalid enum value 'never'."),
        ({"lateny_ms": 5}, "Behaviour has no field 'lateny_ms'. Did you mean 'latency_ms'?"),
        ({"zzz": 5}, "Behaviour has no field 'zzz'. It has: seed, echo, recording, "),
    ],
)
def test_a_wrong_value_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput) as error:
        Behaviour.from_mapping(fields)
    assert str(error.value).startswith(message)


def test_statuses_stand_for_kinds_as_text_and_as_numbers() -> None:
    told = Behaviour(error_rates={429: 0.1, "500": 0.2, "unavailable": 0.3})  # type: ignore[dict-item]
    assert told.fault_rates() == {"rate_limit": 0.1, "server_error": 0.2, "unavailable": 0.3}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("storm.yaml", "latency_ms: lognormal:50:0.5\nmodels: [a, b]\nerror_rates: {429: 0.5}\n"),
        ("storm.yml", "# nothing\nlatency_ms: lognormal:50:0.5\nmodels:\n- a\n- b\nerror_rates:\n  429: 0.5\n"),
        (
            "storm.json",
            '{"latency_ms": "lognormal:50:0.5", "models": ["a", "b"], "error_rates": {"429": 0.5}}',
        ),
    ],
)
def test_a_file_says_the_same_in_yaml_and_json(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    expected = Behaviour(latency_ms="lognormal:50:0.5", models=("a", "b"), error_rates={"rate_limit": 0.5})
    read = read_behaviour(tmp_path / name)
    assert (read.latency, read.models, read.fault_rates()) == (expected.latency, ("a", "b"), expected.fault_rates())


def test_a_recording_in_a_file_lies_beside_it(tmp_path: Path) -> None:
    (tmp_path / "told.yaml").write_text("recording: answers.jsonl\n")
    assert read_behaviour(tmp_path / "told.yaml").recording == str(tmp_path / "answers.jsonl")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.yaml", "rpm: [1", " is not YAML: while parsing a flow sequence"),
        ("a.yaml", "!!python/object:os.system {}", " is not YAML: could not determine a constructor for the tag"),
        ("a.json", '{"seed": }', " is not JSON: JSON is malformed"),
        ("a.yaml", "- 1\n", " holds list. Write fields, such as latency_ms: 50."),
        ("a.yaml", "", " holds NoneType. Write fields"),
        ("a.yaml", "sead: 1\n", " cannot be followed. Behaviour has no field 'sead'. Did you mean 'seed'?"),
        ("a.yaml", "seed: one\n", " cannot be followed. Behaviour: seed is 'one'. Expected `int`, got `str`."),
    ],
)
def test_a_file_that_cannot_be_followed_is_named(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InvalidInput) as error:
        read_behaviour(tmp_path / name)
    assert str(error.value).startswith(f"The behaviour file {str(tmp_path / name)!r}{message}")


def test_a_file_that_is_absent_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"'none\.yaml' does not exist"):
        read_behaviour(Path("none.yaml"))
    with pytest.raises(InvalidInput, match="cannot be read: Is a directory"):
        read_behaviour(tmp_path)
