//! Every contract of the store, on both databases. `scripts/test` starts the PostgreSQL these need.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "tests fail by panicking")]

mod backup;
mod cases;
mod catalog;
mod failures;
mod import;
mod locks;
mod migrations;
mod plans;
mod remembered;
mod replica;
mod row_level_security;
mod schema;
mod single_threaded;
mod tls;
mod views;

testkit::contract_tests!(queue {
    a_claim_tells_all_about_its_job,
    a_claim_takes_no_more_than_its_limit_and_the_oldest_first,
    a_job_is_not_claimed_before_it_is_due,
    the_more_urgent_of_a_tenant_goes_first,
    the_jobs_of_a_claim_come_in_the_order_to_begin_them_in,
    jobs_of_every_priority_are_claimed,
    a_busy_tenant_does_not_starve_another,
    a_tenant_behind_a_long_backlog_is_not_starved,
    no_tenant_of_very_many_is_starved,
    the_urgent_one_of_a_long_backlog_goes_first,
    a_long_backlog_of_one_tenant_fills_its_claims,
    an_urgent_job_of_a_busy_tenant_waits_its_turn_too,
    what_a_tenant_has_running_counts_against_its_turn,
    what_a_tenant_has_running_elsewhere_does_not_count,
    a_claim_of_one_queue_leaves_the_others_alone,
    concurrent_claimers_take_every_job_once,
    a_full_claim_is_shared_out_over_all_tenants,
    the_next_due_time_of_a_queue_is_that_of_its_first_ready_job,
    a_job_is_rescued_only_after_its_lease_ran_out,
    a_rescue_frees_what_ran_out_and_nothing_else,
    a_worker_that_lost_its_lease_cannot_finish,
    a_worker_that_lost_its_lease_cannot_renew_it,
    a_worker_that_lost_its_lease_cannot_put_the_job_back,
    a_lease_is_lost_as_soon_as_its_job_is_rescued,
    a_unit_cannot_finish_a_job_whose_lease_is_lost,
    a_unit_that_lost_its_lease_cannot_be_committed,
    a_job_is_finished_with_its_result_or_not_at_all,
    a_unit_buries_the_job_it_gives_up,
    a_renewed_lease_outlives_its_first_end,
    renewing_answers_only_what_is_still_held,
    of_many_finished_at_once_only_those_still_held_are_done,
    renewing_and_finishing_the_same_jobs_do_not_wait_in_a_circle,
    attempts_are_counted_when_a_job_is_claimed,
    a_lease_is_of_no_use_to_another_tenant,
    a_wrong_token_is_no_lease,
    a_heartbeat_and_an_acknowledgement_do_not_get_in_each_others_way,
    only_one_of_two_finishes_counts,
    only_what_is_dead_or_cancelled_can_be_retried,
    a_retried_job_has_all_its_attempts_and_snoozes_again,
    a_job_is_not_retried_while_another_of_its_key_is_ready_or_running,
    what_is_at_rest_is_cancelled_at_once_and_what_runs_is_asked,
    a_tenants_job_is_nobody_elses_to_retry_or_cancel,
    a_job_that_is_nobodys_is_retried_and_cancelled_across_tenants,
    a_job_called_off_commits_nothing_any_more,
    depths_count_what_waits_runs_and_died,
    a_clean_up_keeps_what_is_recent_and_what_is_not_finished,
    a_clean_up_deletes_no_more_than_its_limit_oldest_first,
    lists_are_filtered_and_paged,
    a_job_is_visible_only_after_the_commit,
    a_rolled_back_or_dropped_unit_leaves_no_job,
    a_key_blocks_while_its_job_is_ready_or_running,
    a_key_does_not_block_once_its_job_is_done_dead_or_cancelled,
    a_key_is_of_one_tenant_and_one_kind,
    a_job_without_a_key_blocks_none,
    a_blocked_job_does_not_spoil_its_unit,
    concurrent_units_add_one_job_of_a_key,
    a_failed_attempt_counts_and_is_tried_again_at_its_time,
    giving_way_does_not_count_as_an_attempt,
    a_job_deferred_counts_neither_as_tried_nor_as_giving_way,
    a_job_handed_back_is_due_at_once_and_loses_no_attempt,
    a_buried_job_is_dead_and_says_why,
    a_job_called_off_is_cancelled,
    a_released_job_is_held_no_more,
    a_wish_to_cancel_is_told_at_every_heartbeat,
    a_job_to_be_cancelled_is_not_put_back,
    a_job_to_be_cancelled_that_has_nothing_to_store_is_cancelled,
    a_job_to_be_cancelled_does_not_outlive_its_worker,
    a_wish_to_cancel_is_forgotten_when_the_job_is_retried,
    a_slot_is_taken_once_however_many_try,
    a_slot_stays_taken_when_its_job_is_done,
    a_later_slot_is_taken_without_a_second_job_while_the_first_waits,
    schedules_do_not_take_each_others_slots,
    work_that_is_nobodys_takes_its_turn_among_tenants,
    old_slots_are_deleted,
});

testkit::contract_tests!(inbox {
    a_webhook_is_stored_as_it_came,
    the_same_event_again_is_counted_and_changes_nothing,
    concurrent_arrivals_of_one_event_are_stored_once,
    a_webhook_stored_with_what_it_does_is_there_with_it_or_not_at_all,
    an_event_whose_unit_was_rolled_back_can_arrive_again,
    settling_says_where_a_webhook_stands_and_why,
    what_is_stored_settled_is_dated,
    waiting_webhooks_are_taken_by_what_they_speak_of,
    concurrent_takers_take_each_webhook_once,
    a_webhook_is_invisible_to_other_tenants,
    a_quarantined_webhook_is_no_tenants,
    quarantine_stores_an_event_once,
    an_assigned_webhook_is_its_tenants,
    a_tenants_webhook_is_not_given_to_another,
    lists_are_filtered_and_paged,
    a_line_says_what_people_look_for,
    waiting_webhooks_are_listed_oldest_first,
    pages_of_waiting_webhooks_go_on,
    a_clean_up_deletes_only_what_is_settled,
    a_clean_up_counts_from_when_a_webhook_was_settled,
    bodies_are_emptied_where_a_webhook_is_settled_and_old,
    every_state_is_listed,
});

testkit::contract_tests!(calls {
    a_call_is_found_by_either_of_its_ids,
    a_call_known_by_its_old_id_alone_is_found_by_both,
    of_two_calls_the_one_that_bears_the_name_itself_is_meant,
    a_call_is_another_providers_or_tenants_only_by_its_own_name,
    every_field_survives_saving,
    every_stage_is_stored,
    inserting_a_call_that_is_there_answers_none,
    a_call_added_meanwhile_makes_the_unit_one_to_be_done_again,
    concurrent_first_events_of_a_call_make_one_row,
    call_numbers_grow_and_are_unique_over_all_tenants,
    a_call_is_invisible_to_other_tenants,
    a_call_has_one_recording_which_is_written_back,
    a_name_that_is_anothers_is_refused,
    two_calls_become_one_with_all_that_is_about_them,
});

testkit::contract_tests!(crm {
    a_lead_has_one_appointment_at_a_time,
    concurrent_bookings_of_one_time_make_one_appointment,
    an_open_appointment_is_moved,
    an_appointment_is_not_moved_onto_another_one,
    concurrent_moves_to_one_time_move_one,
    a_cancelled_appointment_can_be_made_again,
    an_appointment_that_is_over_is_not_changed,
    an_appointment_of_another_tenant_is_not_there,
    a_number_has_one_card,
    concurrent_first_calls_of_a_customer_make_one_card,
    a_number_has_a_card_at_each_tenant,
    of_what_was_said_the_first_word_stands,
    a_name_or_an_address_is_one_thing,
    hearing_nothing_changes_nothing,
    a_card_of_another_tenant_is_not_there,
    a_new_lead_is_new_and_has_its_history,
    an_active_lead_goes_on,
    a_sleeping_lead_is_taken_up_again,
    the_newest_of_several_sleeping_leads_is_taken_up,
    an_active_lead_goes_before_a_newer_sleeping_one,
    after_a_closed_lead_comes_a_new_one,
    a_card_and_a_lead_are_what_the_earliest_calls_say,
    what_people_wrote_is_not_learned_over,
    a_call_that_moves_away_takes_its_word_with_it,
    a_card_learns_nothing_of_another_tenant_s_calls,
    concurrent_first_calls_of_a_customer_make_one_lead,
    concurrent_callers_that_did_not_lock_the_card_make_one_lead_too,
    a_lead_of_another_tenant_is_not_there,
    an_unfinished_task_is_not_made_twice,
    two_customers_may_be_owed_the_same,
    a_task_at_one_tenant_is_none_at_another,
    concurrent_promises_of_one_thing_make_one_task,
    a_task_keeps_what_was_planned,
    tasks_past_their_time_are_marked,
    concurrent_sweeps_mark_each_task_once,
    an_open_signal_is_not_given_twice,
    two_customers_may_be_at_the_same_risk,
    a_verdict_moves_a_lead_and_leaves_a_line_in_its_history,
    a_verdict_without_a_move_is_remembered,
    a_verdict_does_not_give_a_customer_a_second_active_lead,
    a_sleeping_lead_is_not_woken_beside_an_active_one,
    a_verdict_races_a_new_lead_and_one_of_them_is_active,
    a_verdict_on_another_tenants_lead_does_nothing,
});

testkit::contract_tests!(analyses {
    a_call_is_requested_once_for_one_recording,
    concurrent_requests_for_one_recording_make_one,
    a_submission_is_recorded_and_counted,
    an_event_is_matched_by_the_vendors_id_first_then_by_the_call,
    a_request_is_settled_with_its_result_or_its_failure,
    a_request_opened_again_is_written_back,
    a_request_has_one_transcript,
    a_request_has_one_analysis_with_its_objections,
    concurrent_answers_store_one_analysis,
    a_request_is_invisible_to_other_tenants,
    the_vendors_id_tells_whose_work_it_is,
    a_request_remembers_the_trace_it_was_last_made_in,
});

testkit::contract_tests!(tallies {
    webhooks_that_are_not_settled_are_counted,
    the_newest_slot_of_each_schedule_is_known,
});

testkit::contract_tests!(unit_of_work {
    what_is_committed_is_seen_by_all,
    what_is_rolled_back_never_was,
    a_dropped_unit_never_was_and_holds_no_lock,
    a_unit_that_did_nothing_can_end_either_way,
    units_abandoned_at_the_first_wait_leave_nothing_behind,
    a_statement_abandoned_with_its_unit_leaves_no_half_state_and_no_lock,
    a_unit_with_an_abandoned_statement_cannot_be_committed,
    a_unit_with_a_failed_statement_cannot_be_committed,
    an_aborted_task_leaves_no_half_state_and_no_lock,
    reads_and_claims_abandoned_at_the_first_wait_do_no_harm,
    many_units_at_once_wait_for_each_other,
    a_unit_knows_its_own_company_and_people,
    a_unit_of_an_unknown_company_can_store_nothing,
});

testkit::contract_tests!(tenants {
    a_tenant_is_found_by_all_its_names,
    credentials_are_kept_by_tenant_provider_and_name,
    setting_up_twice_is_setting_up_once,
    setting_up_brings_what_it_names_up_to_date_and_leaves_the_rest,
    what_belongs_to_another_tenant_is_refused_and_nothing_changes,
    two_processes_may_set_one_tenant_up_at_once,
    of_two_tenants_that_want_one_number_one_gets_it,
});

testkit::contract_tests!(sweeps {
    calls_left_lying_are_found_by_what_they_lack,
    what_a_job_will_move_is_not_left_lying,
    the_longest_untouched_calls_come_first_and_pages_go_on,
    requests_without_an_outcome_are_found,
    a_request_that_a_job_will_move_is_not_left_lying,
    tenants_with_tasks_past_their_time_are_found_once_each,
});

testkit::contract_tests!(events {
    an_event_is_told_once,
    a_key_twice_in_one_unit_is_told_once,
    a_key_is_of_one_tenant,
    what_is_rolled_back_can_be_told_again,
    concurrent_units_tell_an_event_once,
    what_stored_events_concern_can_be_corrected,
    old_events_are_deleted_oldest_first,
});
