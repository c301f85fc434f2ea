"""Where a store behind a server that is not ours keeps the contract in another way, or does not keep it.

Each entry names a test (and, where only some of its cases are meant, a part of their ids) and says what is different.
The test is run all the same and is expected to fail: one that passes must leave the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["words", "behaviour"]


@dataclass(frozen=True)
class Difference:
    """``words``: the error has the right kind and other words. ``behaviour``: something else happens."""

    test: str
    kind: Kind
    reason: str
    case: str = ""

    def concerns(self, test: str, node: str) -> bool:
        return test == self.test and self.case in node


def _words(test: str, case: str = "") -> Difference:
    return Difference(test, "words", "MLflow refuses in its own words", case)


def _behaviour(test: str, reason: str, case: str = "") -> Difference:
    return Difference(test, "behaviour", f"MLflow's server {reason}", case)


_OF_SERVING = (
    "test_an_endpoint_is_stored_whole_and_replaced",
    "test_an_endpoint_put_again_as_it_is_stays",
    "test_endpoints_are_listed_by_name",
    "test_an_endpoint_changes_only_from_the_expected_revision",
    "test_of_several_who_change_an_endpoint_at_once_one_does",
    "test_an_unknown_endpoint_is_not_found_and_some_known_are_named",
    "test_a_deleted_endpoint_is_gone_and_may_come_again",
    "test_an_endpoint_stays_while_it_is_in_a_trial",
    "test_an_endpoint_that_does_not_hold_together_is_refused",
    "test_a_trial_begins_at_once_in_phase_zero",
    "test_trials_are_listed_newest_first_by_subject_and_state",
    "test_one_trial_at_a_time_runs_on_a_subject_and_namespace",
    "test_of_several_who_start_a_trial_at_once_one_does",
    "test_a_definition_that_does_not_hold_together_is_refused_with_every_mistake",
    "test_a_trial_changes_only_from_the_expected_revision",
    "test_of_several_who_change_a_trial_at_once_one_does",
    "test_what_was_written_of_a_trial_stays",
    "test_an_arm_joins_a_running_trial_with_a_new_phase",
    "test_an_unknown_trial_is_not_found",
    "test_outcomes_are_summed_by_metric_arm_and_phase",
    "test_a_unit_counts_once_by_its_first_value",
    "test_trials_count_apart",
    "test_a_large_batch_is_counted_and_again_is_not",
    "test_several_who_record_the_same_units_at_once_count_each_once",
    "test_what_an_arm_failed_at_leaves_the_count_for_good",
    "test_dropping_and_recording_at_once_agree",
    "test_an_outcome_that_does_not_fit_is_refused_with_all_that_came_along",
    "test_more_than_a_call_may_hold_is_refused",
    "test_an_answer_is_found_by_its_id_and_by_its_trace",
    "test_an_answer_noted_before_stays_as_it_is",
    "test_an_answer_that_nobody_gave_is_not_found",
    "test_an_answer_without_an_id_is_found_by_its_trace",
    "test_deployments_are_listed_newest_first",
    "test_the_note_of_an_answer_goes_with_its_trace",
    "test_old_notes_without_a_trace_are_pruned_with_traces",
    "test_notes_of_no_experiment_are_pruned_with_the_default_one",
    "test_a_trace_is_known_before_its_spans_and_stays_as_it_is",
)

MLFLOW = [
    _words("test_a_name_taken_by_a_deleted_experiment_is_refused_and_the_way_back_is_named"),
    _words("test_deleting_twice_and_restoring_what_is_active_are_refused"),
    _words("test_tags_are_set_replaced_and_removed"),
    _words("test_tags_are_set_and_removed"),
    _words("test_unknown_names_and_versions_are_not_found"),
    _words("test_versions_are_numbered_from_one_and_a_number_is_not_used_again"),
    _words("test_an_alias_moves_and_goes"),
    _words("test_the_alias_latest_is_the_newest_version"),
    _words("test_an_alias_needs_a_version_that_exists"),
    _words("test_unknown_things_are_not_found"),
    _words("test_a_deleted_run_is_kept_and_takes_nothing_until_restored"),
    _words("test_a_param_may_be_logged_again_only_with_the_same_value"),
    _behaviour("test_a_bad_search_is_refused", "fails with status 500", "twice"),
    _words("test_a_bad_search_is_refused"),
    _words("test_a_token_serves_only_the_search_that_gave_it", "logged models"),
    _behaviour("test_renaming", "answers a name that is taken with INVALID_PARAMETER_VALUE"),
    _behaviour("test_a_deleted_model_is_not_found", "still answers a logged model that was deleted"),
    _behaviour("test_params_are_added_and_do_not_change", "refuses a param of a logged model that is there already"),
    _behaviour("test_a_dataset_without_a_digest_is_of_every_digest", "finds nothing by a dataset's name alone"),
    _behaviour("test_a_metric_for_an_unknown_model_is_refused_whole", "answers INVALID_PARAMETER_VALUE, not NotFound"),
    _behaviour("test_search", "keeps the status of a logged model as a number, which a filter cannot name"),
    _behaviour("test_a_token_serves_only_the_search_that_gave_it", "takes any search's token", "experiments"),
    _behaviour("test_a_token_serves_only_the_search_that_gave_it", "takes any search's token", "runs"),
    _behaviour("test_a_token_serves_only_the_search_that_gave_it", "takes any search's token", "registered models"),
    _behaviour("test_a_token_serves_only_the_search_that_gave_it", "takes any search's token", "model versions"),
    _behaviour("test_what_is_no_token_is_refused", "fails with status 500", "experiments-MLflow-\\xe9"),
    _behaviour("test_what_is_no_token_is_refused", "fails with status 500", "runs-MLflow-\\xe9"),
    _behaviour("test_what_is_no_token_is_refused", "fails with status 500", "registered models-MLflow-\\xe9"),
    _behaviour("test_what_is_no_token_is_refused", "fails with status 500", "model versions-MLflow-\\xe9"),
    _behaviour("test_what_is_no_token_is_refused", "fails with status 500", "logged models-MLflow-nonsense"),
    _behaviour("test_a_token_of_one_history_serves_no_other", "takes any history's token"),
    _behaviour("test_a_token_serves_only_its_own_search", "takes any search's token"),
    _behaviour("test_a_version_of_a_logged_model_knows_its_model_and_run", "answers versions without their model"),
    _behaviour("test_values_that_are_not_finite_are_kept", "stores the largest number for infinity"),
    _behaviour("test_a_history_is_in_order_of_step_then_time_then_logging", "orders what is alike by value"),
    _behaviour("test_a_history_is_paged", "orders a paged history by time, then step"),
    _behaviour("test_long_texts_are_kept_whole", "cuts a param at 6,000 characters"),
    _behaviour("test_outputs_are_recorded", "refuses an output that is recorded already"),
    _behaviour("test_a_run_added_meanwhile_does_not_disturb_the_pages", "counts pages by offset"),
    _behaviour("test_a_search_that_asks_too_much_is_answered_or_refused", "fails with status 503", "conditions"),
    _behaviour("test_a_search_that_asks_too_much_is_answered_or_refused", "fails with status 503", "order"),
    _behaviour("test_a_search_that_asks_too_much_is_answered_or_refused", "fails with status 503", "pattern"),
    _behaviour("test_any_text_is_found_by_equality", "does not read '' in a filter as a quote", "it's"),
    _behaviour("test_spans_make_a_trace", "shows a text that a span gave in quotes"),
    _behaviour("test_what_was_said_of_a_trace_counts_more_than_its_spans", "lets spans move a trace's begin"),
    _behaviour("test_tags_of_a_trace_are_set_replaced_and_removed", "names a constraint of its database"),
    _behaviour("test_a_deleted_experiment_takes_no_traces", "takes spans for a deleted experiment"),
    _behaviour("test_attributes", "does not search names by IN"),
    _behaviour("test_tags_and_metadata", "ignores the case of ASCII letters alone"),
    _behaviour("test_attributes_of_spans", "finds attributes by LIKE alone"),
    _behaviour("test_tokens_and_cost", "does not search traces by tokens and cost"),
    _behaviour("test_order", "cannot order traces by their end"),
    _behaviour("test_a_bad_filter_is_refused", "compares a time with a text", "timestamp_ms = 'now'"),
    _behaviour("test_the_digest_names_the_content", "makes digests of names and times"),
    _behaviour("test_experiments_of_a_dataset", "fails on an experiment that is named twice"),
    _behaviour("test_a_deleted_dataset_is_gone", "answers records of a dataset that is gone with none"),
    _behaviour("test_bad_datasets_are_refused", "makes datasets of experiments that there are not"),
    _behaviour("test_models", "does not search traces by the models that they called"),
    _behaviour("test_usage_by_model_counts_calls", "does not sum up traces"),
    _behaviour("test_usage_by_what_traces_belong_to", "does not sum up traces"),
    _behaviour("test_usage_of_chosen_traces", "does not sum up traces"),
    _behaviour("test_pruning_by_age", "does not say what pruning would delete"),
    _behaviour("test_pruning_goes_part_by_part", "does not keep what Quire prunes with traces"),
    _behaviour("test_pruning_by_size_keeps_the_newest", "does not say what pruning would delete"),
    _behaviour("test_a_version_is_read_as_it_was", "keeps no versions of datasets"),
    _behaviour("test_a_state_is_named_once", "keeps no versions of datasets"),
    _behaviour("test_tags_are_kept_with_a_version_and_are_no_content", "keeps no versions of datasets"),
    _behaviour("test_an_empty_dataset_has_a_version_too", "keeps no versions of datasets"),
    _behaviour("test_versions_are_found_by_digest_and_paged", "keeps no versions of datasets"),
    _behaviour("test_a_version_that_there_is_not_is_not_found", "keeps no versions of datasets"),
    _behaviour("test_a_token_serves_only_its_version", "keeps no versions of datasets"),
    _behaviour("test_versions_go_with_their_dataset", "keeps no versions of datasets"),
    _behaviour("test_a_version_of_many_records_of_which_most_have_changed", "keeps no versions of datasets"),
    _behaviour("test_any_history_of_changes_leaves_every_version_as_it_was", "keeps no versions of datasets"),
    _behaviour("test_what_a_version_of_a_prompt_says_never_changes", "lets the tags of a version be changed"),
    *(_behaviour(test, "keeps no endpoints and no trials") for test in _OF_SERVING),
]
