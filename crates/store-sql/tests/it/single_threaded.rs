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

/// A web server's threads end first when a process stops, while jobs still run on connections those threads made.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_outlives_the_runtime_that_asked_for_it() {
    use app::reads::Reads;

    let database = testkit::postgres().await;
    let store = database.store.clone();
    let asked = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(store.ping()).expect("the database answers");
    });
    tokio::task::spawn_blocking(move || asked.join()).await.expect("it is joined").expect("it ends well");
    database.store.ping().await.expect("the same connection still answers");
}
