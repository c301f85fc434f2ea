"""Ids have the forms that MLflow gives and expects."""

from __future__ import annotations

import time

import pytest

from quire.domain import ids


def test_new_ids_have_their_form_and_differ() -> None:
    runs = {ids.new_run_id() for _ in range(1000)}
    models = {ids.new_model_id() for _ in range(1000)}
    assert len(runs) == len(models) == 1000
    assert all(map(ids.is_run_id, runs))
    assert all(map(ids.is_model_id, models))


@pytest.mark.parametrize("text", ["", "0" * 31, "0" * 33, "G" * 32, "A" * 32, "0" * 32 + "\n", "m-" + "0" * 32])
def test_what_is_not_a_run_id(text: str) -> None:
    assert not ids.is_run_id(text)


@pytest.mark.parametrize("text", ["", "0" * 32, "m-", "m-" + "0" * 31, "m-" + "0" * 32 + "\n", "M-" + "0" * 32])
def test_what_is_not_a_model_id(text: str) -> None:
    assert not ids.is_model_id(text)


def test_now_is_in_milliseconds() -> None:
    assert abs(ids.now_ms() - time.time() * 1000) < 1000
