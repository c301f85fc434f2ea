"""Mistakes are named before anything is paid."""

from __future__ import annotations

from typing import Any

import pytest

import quire
from quire.domain.errors import InvalidInput, InvalidState, NotFound, PolicyError, SchemaError
from quire.testing import Simulator
from tests.evaluate.conftest import MakeModel
from tests.evaluate.helpers import has_word, length, words


def answer(word: str) -> str:
    return word


def test_no_scorers() -> None:
    with pytest.raises(InvalidInput, match=r"No scorers were given.*expected at least one"):
        quire.evaluate(words(1), answer, [])


def test_scorers_of_one_name() -> None:
    @quire.scorer(name="has_word")
    def other(outputs: str) -> bool:
        return True

    with pytest.raises(InvalidInput, match="'has_word'"):
        quire.evaluate(words(1), answer, [has_word, other])


def test_scorers_whose_scores_have_one_name() -> None:
    @quire.scorer
    def pair(outputs: str) -> dict[str, bool]:
        return {"x": True}

    @quire.scorer(name="pair/x")
    def single(outputs: str) -> bool:
        return True

    with pytest.raises(InvalidInput, match="The scorers 'pair' and 'pair/x' both give a score 'pair/x'"):
        quire.evaluate(words(1), answer, [pair, single])


def test_a_scorer_whose_name_cannot_be_a_metrics() -> None:
    with pytest.raises(InvalidInput, match="scorer's name"):
        quire.evaluate(words(1), answer, [quire.scorer(name="is it right?")(lambda outputs: True)])


def test_no_variants_and_variants_that_are_none() -> None:
    with pytest.raises(InvalidInput, match="No variants were given"):
        quire.evaluate(words(1), {}, [has_word])
    with pytest.raises(InvalidInput, match="The variant 'x' is 3; expected a model URI"):
        quire.evaluate(words(1), {"x": 3}, [has_word])
    with pytest.raises(InvalidInput, match="A variant's name is ''"):
        quire.evaluate(words(1), {"": answer}, [has_word])
    with pytest.raises(NotFound, match="no-such-model"):
        quire.evaluate(words(1), {"x": "models:/no-such-model/1"}, [has_word])
    with pytest.raises(NotFound):
        quire.evaluate(words(1), {"x": "no/such/folder"}, [has_word])


@pytest.mark.parametrize("data", [[], iter(())], ids=["list", "iterator"])
def test_no_records(data: Any) -> None:
    with pytest.raises(InvalidInput, match="no records; expected at least one"):
        quire.evaluate(data, answer, [has_word])


def test_a_column_that_a_model_needs_is_missing(simulator: Simulator, make_model: MakeModel) -> None:
    model = make_model("Say {word} to {person}")
    with pytest.raises(SchemaError, match=r"The variant 'a' cannot be asked. Row 0 lacks the column\(s\) \['person'\]"):
        quire.evaluate(words(3), {"a": model}, [has_word])
    assert simulator.requests == []
    assert quire.search_runs(output_format="list") == []


def test_a_function_whose_parameters_fit_nothing() -> None:
    def two(first: str, second: str) -> str:
        return first + second

    with pytest.raises(InvalidInput, match=r"takes \['first', 'second'\], and the record's inputs are \['word'\]"):
        quire.evaluate(words(1), {"f": two}, [has_word])


def test_recorded_outputs_that_are_not_there() -> None:
    with pytest.raises(InvalidInput, match="must hold outputs; its first 3 records have none"):
        quire.evaluate(words(3), None, [has_word])


def test_a_column_that_a_scorer_needs_is_missing_and_said_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    result = quire.evaluate([{"inputs": {"word": "w"}}], answer, [has_word, length])
    assert result.aggregates["answer"]["has_word/missing"] == 1
    assert "The scorer 'has_word' gave no score on any row" in caplog.text


@pytest.mark.parametrize(
    ("option", "match"),
    [
        ({"repeats": 0}, "repeats is 0; expected a whole number of at least 1"),
        ({"repeats": 1001}, "repeats is 1001; expected at most 1000"),
        ({"repeats": True}, "repeats is True"),
        ({"seed": -1}, "seed is -1"),
        ({"max_cost_usd": 0}, "max_cost_usd is 0; expected a number above 0"),
        ({"max_concurrency": 0}, "max_concurrency is 0"),
        ({"temperature": 1}, "evaluate has no option 'temperature'.*params="),
        ({"primary": 3}, "primary is 3; expected the name of a score"),
        ({"primary": ["has_word", ""]}, "expected the name of a score"),
        ({"log_assessments": "no"}, "log_assessments is 'no'; expected True or False"),
        ({"cache": 3}, "cache is 3; expected True, False, or the path"),
    ],
)
def test_options(simulator: Simulator, make_model: MakeModel, option: dict[str, Any], match: str) -> None:
    with pytest.raises(InvalidInput, match=match):
        quire.evaluate(words(1), {"a": make_model()}, [has_word], **option)
    assert simulator.requests == []


def test_a_primary_score_that_no_scorer_gives_is_refused_before_anything_is_asked(
    simulator: Simulator, make_model: MakeModel
) -> None:
    with pytest.raises(InvalidInput, match="'rihgt' is of no scorer; expected the name of one of exact_match"):
        quire.evaluate(words(1), {"a": make_model()}, [quire.scorers.ExactMatch()], primary="rihgt")
    assert simulator.requests == []


def test_a_parameter_that_the_model_does_not_open(make_model: MakeModel) -> None:
    with pytest.raises(PolicyError, match="temperature"):
        quire.evaluate(words(1), {"a": make_model()}, [has_word], params={"temperature": 1})


def test_names_that_a_result_does_not_have() -> None:
    result = quire.evaluate(words(3), {"f": answer}, [has_word, length])
    with pytest.raises(NotFound, match="has no variant 'g'; it has 'f'"):
        result.rows("g").__next__()
    with pytest.raises(NotFound, match="has no score 'other'; it has has_word, length"):
        result.scores("f", "other")
    with pytest.raises(InvalidInput, match="name one of them"):
        result.scores("f")
    with pytest.raises(InvalidInput, match="has one variant, 'f', and a comparison needs two"):
        result.compare()
    with pytest.raises(InvalidInput, match="confidence is 95"):
        quire.evaluate(words(3), {"f": answer, "g": answer}, [has_word]).compare("f", "g", confidence=95)


def test_runs_that_are_no_evaluation() -> None:
    with quire.start_run() as run:
        pass
    with pytest.raises(NotFound, match="is no evaluation"):
        quire.load_evaluation(run.info.run_id)
    with pytest.raises(InvalidInput, match="is not the id of a run"):
        quire.load_evaluation("latest")


def test_resuming_an_evaluation_that_was_asked_something_else() -> None:
    result = quire.evaluate(words(3), {"f": answer}, [has_word])
    with pytest.raises(InvalidState, match="was asked with other scorers"):
        quire.evaluate(words(3), {"f": answer}, [length], resume=result.run_id)


def test_reports_of_unknown_formats() -> None:
    result = quire.evaluate(words(3), {"f": answer, "g": answer}, [has_word])
    with pytest.raises(InvalidInput, match="no report of the format 'pdf'"):
        result.report("report.pdf")
