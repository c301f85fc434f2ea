"""Likeness of texts: ROUGE, BLEU, chrF, edits, embeddings; and the form and cost of answers."""

from __future__ import annotations

import subprocess
import sys

import pytest

from quire.domain.errors import InvalidInput, MissingExtra
from quire.domain.scores import Measured, ScoredRow
from quire.scorers import (
    Bleu,
    ChrF,
    Cost,
    EditDistance,
    EmbeddingSimilarity,
    Latency,
    Length,
    Refusal,
    Rouge,
    Tokens,
    score,
    score_rows,
)
from quire.simulator import Behaviour


def value(scorer, outputs="", expected=None, **more):
    (one,) = score(scorer, outputs=outputs, expectations={"expected_response": expected}, **more)
    assert one.error is None
    return one.value


# -- overlap -----------------------------------------------------------------------------------------


def test_rouge_counts_shared_words():
    assert value(Rouge("rouge1"), "the cat sat", "the cat ran") == pytest.approx(2 / 3)
    assert value(Rouge("rouge1", measure="recall"), "the cat", "the cat ran") == pytest.approx(2 / 3)
    assert value(Rouge(), "a b c", ["x", "a b c"]) == 1
    assert value(Rouge("rouge1", stemmer=True), "running", "run") == 1
    assert Rouge("rougeL").name == "rougel"


def test_bleu_and_chrf_are_sacrebleus():
    import sacrebleu

    given, right = "the cat is on the mat", "there is a cat on the mat"
    bleu = sacrebleu.sentence_bleu(given, [right], use_effective_order=True).score
    assert value(Bleu(), given, right) == pytest.approx(bleu)
    assert value(ChrF(), given, right) == pytest.approx(sacrebleu.sentence_chrf(given, [right]).score)
    assert value(Bleu(), right, [given, right]) == pytest.approx(100)
    assert value(ChrF(words=2), right, right) == pytest.approx(100)


def test_edits_between_texts():
    assert value(EditDistance(normalised=False), "kitten", "sitting") == 3
    assert value(EditDistance(), "kitten", ["sitting", "kitte"]) == pytest.approx(1 / 6)
    assert value(EditDistance(), "", "") == 0


@pytest.mark.parametrize(
    "make",
    [
        lambda: Rouge("rouge9"),
        lambda: Rouge(measure="f2"),
        lambda: Bleu(tokenize="none such"),
        lambda: ChrF(letters=0),
        lambda: Length("bytes"),
        lambda: Length(at_least=5, at_most=3),
        lambda: Tokens("all"),
        lambda: EmbeddingSimilarity(""),
    ],
)
def test_options_that_are_none_are_refused_when_the_scorer_is_made(make):
    with pytest.raises(InvalidInput):
        make()


def test_without_the_extra_the_error_names_it(monkeypatch):
    for module, make in (
        ("rouge_score.rouge_scorer", Rouge),
        ("sacrebleu", Bleu),
        ("rapidfuzz.distance", EditDistance),
    ):
        monkeypatch.setitem(sys.modules, module, None)
        with pytest.raises(MissingExtra, match=r"pip install 'quire\[text\]'"):
            make()


def test_the_libraries_are_loaded_only_when_a_scorer_needs_them():
    code = (
        "import quire.scorers, sys; heavy = ['rouge_score', 'sacrebleu', 'rapidfuzz', 'jsonschema_rs', 'numpy',"
        " 'openai', 'aiohttp', 'rs_bpe']; assert not [name for name in heavy if name in sys.modules], sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# -- measured ----------------------------------------------------------------------------------------


def test_latency_cost_and_tokens_are_what_was_measured():
    measured = Measured(latency_s=1.5, input_tokens=3, output_tokens=4, cost_usd=0.01)
    scorers = [Latency(), Cost(), Tokens(), Tokens("input"), Tokens("output")]
    found = [score(one, measured=measured)[0] for one in scorers]
    assert {one.name: one.value for one in found} == {
        "latency_s": 1.5,
        "cost_usd": 0.01,
        "tokens": 7,
        "input_tokens": 3,
        "output_tokens": 4,
    }
    assert not any(one.higher_is_better for one in scorers)


def test_what_was_not_measured_is_missing():
    for one in (Latency(), Cost(), Tokens(), Tokens("input")):
        assert score(one, measured=Measured(output_tokens=3))[0].value is None


# -- form --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        "I'm sorry, but I can't help with that.",
        "I’m sorry, I cannot assist with this request.",
        "I cannot provide medical advice.",
        "Unfortunately, I am not able to answer questions about people.",
        "As an AI language model, I can't generate such content.",
        "I apologize, but I won't create that.",
        "I must respectfully decline.",
        "Sorry, I'm unable to discuss it.",
        "We can't comply.",
    ],
)
def test_refusals_in_words(answer):
    assert value(Refusal(), answer, measured=Measured()) is True
    assert value(Refusal(words=False), answer, measured=Measured()) is False


@pytest.mark.parametrize(
    "answer",
    [
        "Sorry to hear that! Try turning it off and on.",
        "I can't believe it is 18 already. The answer is 3.",
        "You cannot divide by zero, so I would say it is undefined.",
        "A: 18",
        "",
        "I can help with that.",
        "I declined the invitation in the story because",
    ],
)
def test_answers_that_refuse_nothing(answer):
    assert value(Refusal(), answer, measured=Measured()) is False


def test_a_refusal_that_the_service_marks():
    assert value(Refusal(), "", measured=Measured(refusal="No.")) is True
    assert value(Refusal(), {"a": 1}, measured=Measured(finish_reason="content_filter")) is True


def test_length_in_each_unit_and_within_bounds():
    assert [value(Length(unit), "one two") for unit in ("characters", "words", "tokens")] == [7, 2, 2]
    assert [value(Length("words", at_most=2), text) for text in ("one two", "one two three")] == [True, False]
    assert (Length().kind, Length(at_most=3).kind, Length(at_most=3).higher_is_better) == ("number", "binary", True)


# -- embeddings --------------------------------------------------------------------------------------


def rows(*pairs):
    return [
        ScoredRow(record_id=str(i), index=i, outputs=given, expectations={"expected_response": right})
        for i, (given, right) in enumerate(pairs)
    ]


def test_embeddings_are_asked_for_once_and_together(simulator):
    scorer = EmbeddingSimilarity()
    found = [one for (one,) in score_rows(scorer, rows(("a cat", "a cat"), ("a cat", "a dog"), ("", "a dog")))]
    assert found[0].value == pytest.approx(1, abs=1e-6)
    assert -1 <= found[1].value < 1
    assert len(simulator.requests) == 1
    assert sorted(simulator.requests[0].body["input"]) == [" ", "a cat", "a dog"]
    assert score(scorer, outputs="a dog", expectations={"expected_response": ["x", "a dog"]})[0].value == pytest.approx(
        1
    )
    assert [len(simulator.requests), scorer.spent.requests, scorer.spent.input_tokens > 0] == [2, 2, True]


def test_a_text_that_cannot_be_embedded_is_an_error_of_its_rows(simulator):
    simulator.behaviour = Behaviour(models=["other"])
    mixed = [*rows(("a", "b")), ScoredRow(record_id="x", index=1, error="timeout"), *rows(({"a": 1, "b": 2}, "b"))]
    found = [one for (one,) in score_rows(EmbeddingSimilarity(), mixed)]
    assert [one.value for one in found] == [None, None, None]
    assert "could not be embedded" in found[0].error
    assert found[1].error is None
    assert "expected text" in found[2].error
