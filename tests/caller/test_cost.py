"""Prices come from the table, and the spend limit is kept."""

from __future__ import annotations

import genai_prices
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quire.caller.cost import cost_usd, price_of
from quire.caller.purse import Purse
from quire.domain.calls import Call, Usage
from quire.domain.errors import InvalidInput

MODELS = ["gpt-4o-mini", "gpt-4o", "gpt-4.1-nano", "o3-mini", "text-embedding-3-small", "gpt-3.5-turbo-instruct"]


@pytest.mark.parametrize("model", MODELS)
@given(fresh=st.integers(0, 100_000), cached=st.integers(0, 100_000), output=st.integers(0, 100_000))
def test_cost_is_that_of_the_table(model: str, fresh: int, cached: int, output: int) -> None:
    usage = Usage(fresh + cached, output, cached)
    counts = genai_prices.Usage(input_tokens=fresh + cached, cache_read_tokens=cached, output_tokens=output)
    table = float(genai_prices.calc_price(counts, model_ref=model, provider_id="openai").total_price)
    assert cost_usd(model, usage) == pytest.approx(table, rel=1e-9, abs=1e-12)


def test_an_unknown_model_has_no_price() -> None:
    assert price_of("my-own-model") is None
    assert cost_usd("my-own-model", Usage(1, 1)) is None


def chat(words: int, **body: object) -> Call:
    return Call("chat.completions", {"model": "gpt-4o-mini", "messages": [{"content": "x" * 4 * words}], **body}, (0,))


def test_a_limit_on_a_model_without_a_price_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"price of 'my-own-model' is not known.*Leave max_cost_usd out"):
        Purse(1.0).reserve(Call("chat.completions", {"model": "my-own-model"}, (0,)))


@given(
    st.integers(1, 50),
    st.lists(st.tuples(st.integers(1, 500), st.integers(1, 1000), st.floats(0, 1)), min_size=1, max_size=80),
)
def test_with_max_tokens_the_limit_is_never_passed(at_once: int, calls: list[tuple[int, int, float]]) -> None:
    purse = Purse(0.001)
    out: list[tuple[Call, float, Usage]] = []
    for words, allowed, share in calls:
        call = chat(words, max_tokens=allowed)
        reserved = purse.reserve(call)
        if reserved is not None:
            out.append((call, reserved, Usage(words, int(allowed * share))))
        if len(out) >= at_once or reserved is None:
            for ended in out:
                purse.settle(*ended)
            out = []
    for ended in out:
        purse.settle(*ended)
    assert purse.spent_usd <= purse.limit_usd
    assert purse.nothing_reserved


def test_without_max_tokens_the_first_request_goes_alone_and_shows_the_size() -> None:
    purse = Purse(1.0)
    call = chat(10)
    first = purse.reserve(call)
    assert first is not None
    assert purse.reserve(call) is None
    purse.settle(call, first, Usage(10, 5000))
    second = purse.reserve(call)
    assert second is not None
    assert second > 5000 * 0.6e-6
    assert purse.reserve(call) is not None


def test_a_request_that_was_not_answered_costs_nothing() -> None:
    purse = Purse(1.0)
    reserved = purse.reserve(chat(10))
    assert reserved is not None
    purse.settle(chat(10), reserved, None)
    assert purse.spent_usd == 0.0
    assert purse.nothing_reserved


def test_what_an_earlier_run_spent_counts() -> None:
    purse = Purse(1.0, {"gpt-4o-mini": Usage(0, 2_000_000)})
    assert purse.spent_usd == pytest.approx(1.2)
    assert purse.reserve(chat(1)) is None
    assert "spend limit of $1 is reached ($1.200000 spent" in purse.explain_stop()


def test_each_model_has_its_own_price_and_measure() -> None:
    purse = Purse(1.0, {"gpt-4o-mini": Usage(0, 100_000), "gpt-4o": Usage(0, 10_000)})
    assert purse.spent_usd == pytest.approx(0.06 + 0.1)
    cheap, dear = chat(10, max_tokens=1000), chat(10, max_tokens=1000, model="gpt-4o")
    small, large = purse.reserve(cheap), purse.reserve(dear)
    assert small is not None
    assert large is not None
    assert large > 15 * small
    purse.settle(cheap, small, Usage(10, 1000))
    purse.settle(dear, large, Usage(10, 1000))
    assert purse.spent_usd == pytest.approx(0.16 + 0.0006 + 0.01, abs=1e-4)


def test_embeddings_cost_their_input_alone() -> None:
    purse = Purse(0.001)
    call = Call("embeddings", {"model": "text-embedding-3-small", "input": ["word " * 1000] * 4}, (0, 1, 2, 3))
    reserved = purse.reserve(call)
    assert reserved == pytest.approx(0.02e-6 * 5000, rel=0.02)
    assert purse.reserve(call) is not None, "the next request need not wait for a first answer"
    purse.settle(call, reserved, Usage(4000))
    assert purse.spent_usd == pytest.approx(0.02e-6 * 4000)


def test_the_candidates_of_best_of_are_all_paid() -> None:
    body = {"model": "gpt-3.5-turbo-instruct", "prompt": ["a"], "max_tokens": 100}
    one, five = (
        Purse(1.0).reserve(Call("completions", {**body, **more}, (0,))) for more in ({}, {"n": 1, "best_of": 5})
    )
    assert one is not None
    assert five is not None
    assert five > 4 * one


def test_the_choices_and_prompts_of_one_request_all_count() -> None:
    one, many = Purse(1.0), Purse(1.0)
    single = one.reserve(chat(1, max_tokens=1000))
    fivefold = many.reserve(chat(1, max_tokens=1000, n=5))
    assert single is not None
    assert fivefold is not None
    assert fivefold > 4.5 * single
    prompts = Call("completions", {"model": "gpt-3.5-turbo-instruct", "prompt": ["a", "b"], "max_tokens": 10}, (0, 1))
    alone = Call("completions", {"model": "gpt-3.5-turbo-instruct", "prompt": ["a"], "max_tokens": 10}, (0,))
    both, half = (Purse(1.0).reserve(call) for call in (prompts, alone))
    assert both is not None
    assert half is not None
    assert both - half > 9 * 2e-6
