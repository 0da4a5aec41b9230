//! A web server drops a request's future wherever it stands when the client goes away, on a runtime of one thread.

use testkit::contract::unit_of_work as cases;

macro_rules! on_one_thread {
    ($($case:ident),* $(,)?) => {$(
        mod $case {
            #[tokio::test(flavor = "current_thread")]
            async fn sqlite() {
                super::cases::$case(&testkit::sqlite().await).await;
            }

            #[tokio::test(flavor = "current_thread")]
            async fn postgres() {
                super::cases::$case(&testkit::postgres().await).await;
            }
        }
    )*};
}

on_one_thread!(
    a_dropped_unit_never_was_and_holds_no_lock,
    a_statement_abandoned_with_its_unit_leaves_no_half_state_and_no_lock,
    an_aborted_task_leaves_no_half_state_and_no_lock,
    reads_and_claims_abandoned_at_the_first_wait_do_no_harm,
    units_abandoned_at_the_first_wait_leave_nothing_behind,
);
