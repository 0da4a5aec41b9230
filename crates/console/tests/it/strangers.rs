//! What others put into the world: hostile texts, and other companies' things.

use actix_web::http::StatusCode;
use app::reads::TopObjection;
use kernel::CompanyId;

use crate::{browser::Console, html};

const HOSTILE: &str =
    "\"'><script>alert(1)</script><img src=x onerror=alert(2)></td></title></svg>\r\n\r\nevent: x";

/// A busy afternoon on which everybody is called something nasty.
fn hostile() -> Console {
    let console = Console::busy();
    let text = || HOSTILE.to_owned();
    {
        let mut sights = console.world.sights();
        for call in &mut sights.calls {
            call.customer_name = Some(text());
            call.name = Some(text());
            call.phone_number = Some(text());
            call.direction = Some(text());
            call.booking_status = Some(text());
            call.lead_quality = Some(text());
            call.owner_id = Some(text());
            call.provider_call_id = text();
            call.status = text();
        }
        sights.objections = vec![TopObjection { label: text(), percentage: 50.0 }];
        for one in &mut sights.inbox {
            one.entry.kind = text();
            one.entry.reason = Some(text());
            one.entry.path = text();
            one.entry.query = text();
            one.entry.content_type = Some(text());
            one.entry.match_key = Some(text());
            one.entry.proof = vec![(text(), text())];
            one.entry.body = HOSTILE.as_bytes().to_vec();
        }
        for job in &mut sights.jobs {
            job.kind = text();
            job.queue = text();
            job.last_error = Some(text());
            job.worker = Some(text());
            job.args = serde_json::json!({ HOSTILE: HOSTILE, "call": HOSTILE });
        }
        for depth in &mut sights.pipeline.queues {
            depth.queue = text();
        }
        for count in &mut sights.pipeline.inbox {
            count.provider = text();
        }
    }
    console
}

#[actix_web::test]
async fn hostile_texts_are_texts_on_every_page() {
    let console = hostile();
    let (analysed, contact, entry) = {
        let sights = console.world.sights();
        let call = &sights.calls[9];
        (call.call_id, call.contact_card_id.unwrap(), sights.inbox[0].entry.id)
    };
    for path in [
        "/console".to_owned(),
        "/console/calls".to_owned(),
        format!("/console/calls/{analysed}"),
        format!("/console/contacts/{contact}"),
        "/console/inbox".to_owned(),
        format!("/console/inbox/{entry}"),
        "/console/jobs".to_owned(),
    ] {
        let page = console.page(&path).await;
        // what broke out of its text or attribute would be a tag or an attribute that breaks a rule
        html::check(&page);
        assert!(page.contains("&lt;script&gt;alert(1)"), "{path} shows it as text");
        assert!(!page.contains("<script>alert") && !page.contains("<img"), "{path}");
    }
}

#[actix_web::test]
async fn hostile_addresses_are_not_repeated() {
    let console = Console::busy();
    let nasty = "%22%3E%3Cscript%3Ealert(1)%3C/script%3E";
    for path in [
        format!("/console?days={nasty}"),
        format!("/console/calls?stage={nasty}&from={nasty}&phone={nasty}&cursor={nasty}&{nasty}={nasty}"),
        format!("/console/inbox?state={nasty}&provider={nasty}&before={nasty}"),
        format!("/console/jobs?state={nasty}&queue={nasty}&before={nasty}"),
    ] {
        let page = console.page(&path).await;
        html::check(&page);
        assert!(!page.contains("alert(1)"), "{path}");
    }
}

#[actix_web::test]
async fn other_companies_webhooks_are_not_there() {
    let console = Console::busy();
    let others: Vec<_> = {
        let ours = console.viewer.as_ref().map(|viewer| viewer.company.clone());
        let sights = console.world.sights();
        sights
            .inbox
            .iter()
            .filter(|one| one.company != ours)
            .map(|one| (one.company.clone(), one.entry.id))
            .collect()
    };
    assert!(
        others.iter().any(|(company, _)| company.is_none())
            && others.iter().any(|(company, _)| company.is_some())
    );
    for (company, id) in others {
        let answer = console.get(&format!("/console/inbox/{id}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{company:?}");
    }
}

#[actix_web::test]
async fn other_companies_jobs_are_not_listed() {
    let console = Console::busy();
    {
        let mut sights = console.world.sights();
        for job in sights.jobs.iter_mut().step_by(2) {
            job.company = Some(CompanyId::try_new("org_2other").unwrap());
            job.kind = "somebody.elses".to_owned();
        }
        for job in sights.jobs.iter_mut().skip(1).step_by(4) {
            job.company = None;
            job.kind = "nobodys".to_owned();
        }
    }
    let page = console.page("/console/jobs").await;
    assert!(!page.contains("somebody.elses") && !page.contains("nobodys"));
    assert_eq!(page.matches("<summary class=\"job\">").count(), 30);
}
