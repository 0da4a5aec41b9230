//! A PostgreSQL that is away for a moment: providers, of whom one never sends anything twice, need not know of it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::future::join_all;
use testkit::{PostgresServer, Stop};

use crate::{
    bench::{Bench, Wanted},
    callrail::payload,
};

fn call(bench: &Bench, id: &str) -> String {
    payload(&bench.tenants[0], id).to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn webhooks_that_come_while_the_database_restarts_are_taken() {
    let server = PostgresServer::started();
    let bench = Bench::new(server.database().await, Wanted::default()).await;
    // there are connections, and they will be dead
    bench.callrail("/callrail/call.completed", call(&bench, "CALbefore")).await.is(200);
    for (round, how) in [Stop::Fast, Stop::Immediate].into_iter().enumerate() {
        server.stop(how);
        let sending = join_all((0..12).map(|number| {
            let body = call(&bench, &format!("CAL{round}x{number}"));
            let bench = &bench;
            async move { bench.callrail("/callrail/call.completed", body).await }
        }));
        let (answers, ()) = tokio::join!(sending, async { server.start() });
        for answer in answers {
            assert_eq!(answer.json()["status"], "success", "{}", answer.text);
        }
    }
    assert_eq!(bench.database.rows("calls").await, 25);
    assert_eq!(bench.database.rows("webhook_inbox").await, 25);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_crashes_under_load_loses_and_doubles_nothing() {
    let server = PostgresServer::started();
    let bench = Bench::new(server.database().await, Wanted::default()).await;
    let (over, sent) = (AtomicBool::new(false), AtomicUsize::new(0));
    let sending = join_all((0..8).map(|sender| {
        let (bench, over, sent) = (&bench, &over, &sent);
        async move {
            let mut number = 0;
            while !over.load(Ordering::Relaxed) {
                let body = call(bench, &format!("CAL{sender}x{number}"));
                // a commit whose end nobody saw is found by the second try, which calls it a repetition
                bench.callrail("/callrail/call.completed", body).await.is(200);
                sent.fetch_add(1, Ordering::Relaxed);
                number += 1;
            }
        }
    }));
    let crashing = async {
        for _ in 0..2 {
            let before = sent.load(Ordering::Relaxed);
            while sent.load(Ordering::Relaxed) < before + 20 {
                tokio::task::yield_now().await;
            }
            server.stop(Stop::Immediate);
            server.start();
        }
        let before = sent.load(Ordering::Relaxed);
        while sent.load(Ordering::Relaxed) < before + 20 {
            tokio::task::yield_now().await;
        }
        over.store(true, Ordering::Relaxed);
    };
    tokio::join!(sending, crashing);
    let sent = i64::try_from(sent.load(Ordering::Relaxed)).unwrap();
    for table in ["webhook_inbox", "calls"] {
        assert_eq!(bench.database.rows(table).await, sent, "{table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn people_read_on_after_the_database_restarted() {
    let server = PostgresServer::started();
    let bench = Bench::new(server.database().await, Wanted::default()).await;
    bench.callrail("/callrail/call.completed", call(&bench, "CAL1")).await.is(200);
    // several connections, all of which will be dead and none of which knows
    join_all((0..6).map(|_| bench.get("/api/v1/calls"))).await;
    server.stop(Stop::Immediate);
    server.start();
    for answer in join_all((0..6).map(|_| bench.get("/api/v1/calls"))).await {
        assert_eq!(answer.data()["calls"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_longer_than_patience_is_told_and_the_same_webhook_taken_later() {
    let server = PostgresServer::started();
    let settings = vec![("OTTO_WEBHOOK_PATIENCE_SECONDS", "1".to_owned())];
    let bench = Bench::new(server.database().await, Wanted { settings, ..Wanted::default() }).await;
    server.stop(Stop::Fast);
    let body = call(&bench, "CAL1");
    let told = bench.callrail("/callrail/call.completed", body.clone()).await;
    told.is_error(503, "DATABASE_ERROR");
    assert_eq!(told.header("retry-after"), Some("5"));
    server.start();
    let taken = bench.callrail("/callrail/call.completed", body).await;
    assert_eq!(taken.json()["status"], "success", "{}", taken.text);
}
