"""Promotions rest on evidence, are recorded, and can be taken back; of two at once, one wins."""

from __future__ import annotations

import threading
from itertools import pairwise

import pytest

import quire
from quire.domain.errors import InvalidInput, InvalidState, NotFound
from quire.rollout import PromotionRefused, promotions
from tests.rollout.conftest import Evaluate


def _champion(name: str = "solver") -> str:
    return quire.Client().get_model_version_by_alias(name, "champion").version


def test_a_challenger_that_is_better_is_promoted_and_the_record_says_why(evaluate: Evaluate) -> None:
    evidence = evaluate(1, 2)
    promotion = quire.promote(
        "models:/solver/2", gate=quire.gate("says_well"), evidence=evidence, reason="it is kinder"
    )
    assert _champion() == "2"
    assert (promotion.old, promotion.new, promotion.forced, promotion.evidence) == ("1", "2", False, [evidence.run_id])
    assert promotion.result is not None
    assert promotion.result.passed
    assert promotion.by
    assert [(one.old, one.new, one.reason) for one in promotions("solver")] == [
        (None, "1", "the first"),
        ("1", "2", "it is kinder"),
    ]
    assert promotions("solver")[-1] == promotion


def test_evidence_is_found_by_its_run(evaluate: Evaluate) -> None:
    first, second = evaluate(1), evaluate(2)
    gate = quire.gate("says_well")
    with pytest.raises(NotFound, match=r"no scores of models:/solver/1; it scored v2 \(models:/solver/2\)"):
        quire.promote("models:/solver/2", gate=gate, evidence=second.run_id)
    promotion = quire.promote("models:/solver/2", gate=gate, evidence=[first.run_id, second.run_id])
    assert promotion.evidence == [first.run_id, second.run_id]


def test_without_evidence_the_newest_evaluation_of_both_is_taken(evaluate: Evaluate) -> None:
    evaluate(1, 2)
    newest = evaluate(1, 2, records=40)
    evaluate(2, 3)
    promotion = quire.promote("models:/solver/2", gate=quire.gate("says_well"))
    assert promotion.evidence == [newest.run_id]


def test_a_gate_that_does_not_pass_refuses_and_names_its_figures(evaluate: Evaluate) -> None:
    evidence = evaluate(2, 3)
    quire.promote("models:/solver/2", force=True, reason="for the test")
    with pytest.raises(PromotionRefused, match=r"says_well is better: 1 → 1 \(\+0\), one-sided p = 1") as refused:
        quire.promote("models:/solver/3", gate=quire.gate("says_well"), evidence=evidence)
    assert [check.passed for check in refused.value.result.checks] == [True, True, False]
    assert _champion() == "2"
    assert len(promotions("solver")) == 2


def test_the_other_scores_may_not_be_much_worse(evaluate: Evaluate) -> None:
    evidence = evaluate(1, 2)
    gate = quire.gate("says_well", not_worse={"length": 0.95, "input_tokens": 1.01})
    with pytest.raises(PromotionRefused, match=r"input_tokens is not worse: .* below 1.01 wanted") as refused:
        quire.promote("models:/solver/2", gate=gate, evidence=evidence)
    assert [check.name for check in refused.value.result.checks if not check.passed] == ["input_tokens is not worse"]
    quire.promote("models:/solver/2", gate=quire.gate("says_well", not_worse={"length": 0.95}), evidence=evidence)


def test_a_bound_on_the_wrong_side_is_refused(evaluate: Evaluate) -> None:
    evidence, gate = evaluate(1, 2), quire.gate("says_well", not_worse={"length": 1.2})
    with pytest.raises(InvalidInput, match="higher is better there; expected a ratio below 1"):
        quire.promote("models:/solver/2", gate=gate, evidence=evidence)


def test_few_rows_show_nothing(evaluate: Evaluate) -> None:
    evidence = evaluate(1, 2, records=1)
    with pytest.raises(PromotionRefused, match=r"p = "):
        quire.promote("models:/solver/2", gate=quire.gate("says_well"), evidence=evidence)
    with pytest.raises(PromotionRefused, match="1 records have both scores; 20 wanted"):
        quire.promote("models:/solver/2", gate=quire.gate("says_well", min_rows=20), evidence=evidence)


def test_without_evidence_a_promotion_must_be_forced_and_says_so(evaluate: Evaluate) -> None:
    with pytest.raises(InvalidInput, match="nothing says that version 2 is better"):
        quire.promote("models:/solver/2")
    with pytest.raises(NotFound, match="No stored evaluation scored models:/solver/2 and models:/solver/1 together"):
        quire.promote("models:/solver/2", gate=quire.gate("says_well"))
    with pytest.raises(InvalidInput, match="which evidence has to name"):
        quire.promote("models:/solver/2", gate=quire.gate("says_well", better_than="plain"))
    with pytest.raises(InvalidInput, match="needs a reason"):
        quire.promote("models:/solver/2", force=True)
    assert quire.promote("models:/solver/2", force=True, reason="the service is down").forced
    assert _champion() == "2"
    evidence = evaluate(2, 3)
    against = quire.promote(
        "models:/solver/3", gate=quire.gate("says_well"), evidence=evidence, force=True, reason="I know better"
    )
    assert against.forced
    assert not against.result.passed  # type: ignore[union-attr]
    assert "forced" in str(against)


def test_rolling_back_goes_one_promotion_further_each_time(model: str) -> None:
    for version in (2, 3):
        quire.promote(f"models:/solver/{version}", force=True, reason="try")
    event = quire.rollback("models:/solver@champion", reason="it was worse")
    assert (event.kind, event.old, event.new, _champion()) == ("rollback", "3", "2", "2")
    assert quire.rollback("models:/solver@champion").new == "1"
    with pytest.raises(InvalidState, match="No promotion tells which version"):
        quire.rollback("models:/solver@champion")
    assert _champion() == "1"
    quire.promote("models:/solver/3", force=True, reason="once more")
    assert quire.rollback("models:/solver@champion").new == "1"
    assert [one.kind for one in promotions(model)].count("rollback") == 3


def test_a_move_that_nobody_recorded_is_taken_back_too(model: str) -> None:
    quire.Client().set_registered_model_alias("solver", "champion", "3")
    assert quire.rollback("models:/solver@champion").new == "1"


def test_a_version_that_was_deleted_is_not_rolled_back_to(model: str) -> None:
    quire.promote("models:/solver/2", force=True, reason="try")
    quire.Client().delete_model_version("solver", "1")
    with pytest.raises(InvalidState, match="at version 1 before, which has been deleted"):
        quire.rollback("models:/solver@champion")
    assert _champion() == "2"


def test_of_two_promotions_at_once_one_wins_and_the_other_is_told(evaluate: Evaluate) -> None:
    evidence = evaluate(1, 2, 3)
    barrier, gate = threading.Barrier(2), quire.gate("says_well", better_than="models:/solver/1")
    outcomes: dict[int, object] = {}

    def promote(version: int) -> None:
        barrier.wait()
        try:
            outcomes[version] = quire.promote(f"models:/solver/{version}", gate=gate, evidence=evidence)
        except InvalidState as error:
            outcomes[version] = error

    threads = [threading.Thread(target=promote, args=(version,)) for version in (2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    moves = promotions("solver")[1:]
    told = [str(one) for one in outcomes.values() if isinstance(one, InvalidState)]
    assert [one.new for one in moves][-1] == _champion()
    # Each saw the champion it was judged against, so that a second one can only have come after the first.
    assert len(moves) + len(told) == 2
    assert all("Somebody else was faster" in text for text in told)
    for first, second in pairwise(moves):
        assert second.old == first.new


def test_a_promotion_judged_against_another_champion_is_refused(
    evaluate: Evaluate, monkeypatch: pytest.MonkeyPatch
) -> None:
    evidence = evaluate(1, 2)

    def meanwhile(*_: object, **__: object) -> object:
        quire.Client().set_registered_model_alias("solver", "champion", "3")
        return judged(*_, **__)  # type: ignore[arg-type]

    from quire.rollout import promoting

    judged = promoting.judge
    monkeypatch.setattr(promoting, "judge", meanwhile)
    with pytest.raises(InvalidState, match=r"at version 3 by now; this call expected it at version 1.*was faster"):
        quire.promote("models:/solver/2", gate=quire.gate("says_well"), evidence=evidence)
    assert _champion() == "3"
    assert len(promotions("solver")) == 1


def test_names_that_are_wrong_are_told(evaluate: Evaluate) -> None:
    with pytest.raises(InvalidInput, match="names no alias"):
        quire.rollback("models:/solver/2")
    with pytest.raises(InvalidInput, match="no version of a registered model"):
        quire.promote("runs:/" + "0" * 32 + "/m")
    with pytest.raises(NotFound, match="no version 9"):
        quire.promote("models:/solver/9")
    with pytest.raises(InvalidState, match="at version 1 already"):
        quire.promote("models:/solver/1", force=True, reason="again")
    evidence, gate = evaluate(1, 2), quire.gate("says_well", better_than="@absent")
    with pytest.raises(NotFound, match="no such alias"):
        quire.promote("models:/solver/2", gate=gate, evidence=evidence)
    with pytest.raises(NotFound, match="no score 'absent'"):
        quire.promote("models:/solver/2", gate=quire.gate("absent"), evidence=evidence)


def test_a_credential_in_a_reason_is_not_kept(model: str) -> None:
    quire.promote("models:/solver/2", force=True, reason="key sk-abcdefghijklmnopqrstuvwx")
    assert "abcdefgh" not in str(quire.Client().get_registered_model("solver").tags)
