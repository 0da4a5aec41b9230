//! Redis fails in every way it can; webhooks are accepted and jobs done all the same, /health/detailed says so, and
//! everything is as before when it is back.

use fleet::{FleetSettings, Role};
use serde_json::Value;
use tokio::time::Instant;

use crate::ground::{Ground, eventually};

/// What Otto does whatever becomes of Redis.
async fn works(ground: &Ground, when: &str) {
    let begun = Instant::now();
    let lost = ground.fleet.around.simulators.stats().callrail.webhooks_lost;
    let calls = ground.calls(4).await;
    // CallRail waits ten seconds for an answer, and no longer
    assert_eq!(ground.fleet.around.simulators.stats().callrail.webhooks_lost, lost, "{when}");
    ground.all_ended(&calls).await;
    eprintln!("{when}: calls were at their ends after {:.1} s", begun.elapsed().as_secs_f64());
}

fn alive(health: &Value, role: &str) -> Option<usize> {
    health["checks"][role]["alive"].as_array().map(Vec::len)
}

/// Every server says that Redis is out of reach, and so who is there.
async fn its_loss_is_told(ground: &Ground) {
    for number in [1, 2] {
        eventually("its loss is told", async || {
            let health = ground.health(number).await;
            health["checks"]["redis"]["ok"] == false
                && health["checks"]["redis"]["down_since"].is_string()
                && health["checks"]["workers"]["note"] == "unknown: Redis unreachable"
                && health["status"] == "degraded"
                && health["checks"]["database"]["ok"] == true
        })
        .await;
    }
}

/// Every server says that it is there, and who else is.
async fn all_is_well(ground: &Ground) {
    for number in [1, 2] {
        eventually("all is told to be well", async || {
            let health = ground.health(number).await;
            health["checks"]["redis"]["ok"] == true
                && alive(&health, "workers") == Some(2)
                && alive(&health, "schedulers") == Some(1)
                && health["missing"].as_array().is_some_and(Vec::is_empty)
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_service_goes_on_without_redis_and_recovers_by_itself() {
    let mut ground =
        Ground::with(|settings| FleetSettings { crons: 1, redis_is_there: false, ..settings }).await;
    its_loss_is_told(&ground).await;
    works(&ground, "not there at the start").await;
    ground.fleet.around.redis.start().await.unwrap();
    all_is_well(&ground).await;
    works(&ground, "come later").await;

    ground.fleet.around.redis.kill().await.unwrap();
    works(&ground, "killed").await;
    its_loss_is_told(&ground).await;
    ground.fleet.around.redis.start().await.unwrap();
    all_is_well(&ground).await;

    ground.fleet.around.redis.freeze().unwrap();
    works(&ground, "frozen").await;
    its_loss_is_told(&ground).await;
    ground.fleet.around.redis.thaw().unwrap();
    all_is_well(&ground).await;

    assert!(ground.fleet.around.redis.say("FLUSHALL").is_some());
    assert!(ground.fleet.around.redis.say("SCRIPT FLUSH").is_some());
    works(&ground, "emptied").await;
    all_is_well(&ground).await;
    for number in [1, 2] {
        let said = ground.said(Role::Worker, number);
        assert!(said.contains("Redis is down") && said.contains("Redis is back"), "{said}");
    }
    ground.stop().await;
}
