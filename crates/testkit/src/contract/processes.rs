//! What processes share: every adapter of these ports passes all of it, whether two processes meet there or one and the
//! same.

pub mod bus;
pub mod doorbell;
pub mod limits;
pub mod locks;
pub mod presence;
pub mod short_cache;

/// Makes a test of each case. Where it is used there must be an `async fn two() -> testkit::Two`.
#[macro_export]
macro_rules! process_contract_tests {
    () => {
        $crate::process_contract_tests! {
            doorbell {
                a_ring_is_heard_in_the_other_process,
                a_ring_is_heard_in_ones_own_process,
                a_ring_before_anybody_waits_is_heard,
                every_listener_hears_a_ring,
                many_rings_unheard_lose_no_queue,
            }
            bus {
                an_event_is_heard_as_it_was_told,
                an_event_is_heard_once_in_ones_own_process,
                a_tenant_hears_its_own_events_alone,
                events_are_heard_in_order,
                a_slow_listener_is_told_that_it_missed_some,
            }
            limits {
                so_many_are_allowed_and_no_more,
                what_is_denied_counts_against_nothing,
                a_budget_is_of_one_tenant,
                after_a_while_it_is_allowed_again,
                the_tightest_budget_is_told,
                of_many_at_once_no_more_are_allowed,
                an_account_s_budget_is_neither_a_company_s_nor_another_provider_s,
                a_hold_is_known_to_all_and_to_be_of_one_account,
                a_hold_runs_out,
            }
            short_cache {
                of_many_at_once_one_computes,
                the_other_process_finds_the_value,
                a_failure_is_not_kept,
                who_dies_while_computing_holds_nobody_up,
                a_value_runs_out,
                a_long_value_is_answered_and_not_kept,
                a_value_is_of_one_tenant_and_one_detail,
            }
            locks {
                one_has_it_until_they_give_it_back,
                one_that_ran_out_is_no_longer_its_holders,
                tokens_grow,
                of_many_at_once_one_gets_it,
            }
            presence {
                who_announces_is_there_until_they_leave,
                who_falls_silent_is_gone,
                who_announces_again_is_there_once,
                what_a_worker_knows_of_providers_is_told_with_it,
            }
        }
    };
    ($($module:ident { $($case:ident),* $(,)? })*) => {
        $(mod $module {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                $crate::contract::processes::$module::$case(&super::two().await).await;
            })*
        })*
    };
}
