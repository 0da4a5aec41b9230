//! Who does the work and which providers answer, as every page says.

use std::time::Duration;

use app::ports::{Part, PartRole, Presence};

use crate::{browser::Console, html, sights};

const LONG: Duration = Duration::from_hours(1);
const PATHS: [&str; 5] =
    ["/console", "/console/calls", "/console/inbox", "/console/jobs", "/console/providers"];

/// A console beside which these are there.
async fn beside(parts: &[Part]) -> Console {
    let console = Console::quiet();
    let presence: &dyn Presence = console.ports.shared.presence.as_ref();
    // somebody has been there, so that nobody being there is known
    let somebody = Part { id: "left".to_owned(), ..all(true).remove(0) };
    presence.announce(&somebody, LONG).await;
    presence.withdraw(&somebody).await;
    for part in parts {
        presence.announce(part, LONG).await;
    }
    console
}

fn all(quiet: bool) -> Vec<Part> {
    sights::parts(crate::browser::NOW.parse().expect("an instant"), quiet)
}

async fn pages(console: &Console) -> Vec<String> {
    let mut pages = Vec::new();
    for path in PATHS {
        let page = console.page(path).await;
        html::check(&page);
        pages.push(page);
    }
    pages
}

#[actix_web::test]
async fn while_all_is_well_or_nobody_can_say_no_page_says_anything() {
    for console in [beside(&all(true)).await, Console::quiet()] {
        for page in pages(&console).await {
            assert!(!page.contains("class=\"alarm"), "{page}");
        }
    }
}

#[actix_web::test]
async fn that_nobody_works_is_said_on_every_page() {
    let nobody = beside(&[]).await;
    for page in pages(&nobody).await {
        assert!(
            page.contains("No worker is running.") && page.contains("No scheduler is running."),
            "{page}"
        );
    }
    let scheduler: Vec<_> = all(true).into_iter().filter(|part| part.role == PartRole::Scheduler).collect();
    for page in pages(&beside(&scheduler).await).await {
        assert!(page.contains("No worker is running.") && !page.contains("No scheduler"), "{page}");
    }
    let providers = nobody.page("/console/providers").await;
    assert!(providers.contains("Nobody can say: no worker is running."), "{providers}");
    let unknown = Console::quiet().page("/console/providers").await;
    assert!(unknown.contains("no worker runs in this process"), "{unknown}");
}

#[actix_web::test]
async fn what_is_not_expected_is_not_missed() {
    let nobody = beside(&[]).await;
    let expected = app::presence::Expected { worker: false, scheduler: false };
    for page in pages(&Console { expected, ..nobody }).await {
        assert!(!page.contains("class=\"alarm"), "{page}");
    }
}

#[actix_web::test]
async fn a_provider_that_does_not_answer_is_said_on_every_page_and_shown_on_one() {
    let console = beside(&all(false)).await;
    for page in pages(&console).await {
        assert!(page.contains("Shunya does not answer"), "{page}");
        assert!(!page.contains("CallRail does not answer") && !page.contains("No worker"), "{page}");
    }
    let page = console.page("/console/providers").await;
    let rows: Vec<_> = page.split("<tr>").skip(2).collect();
    let [callrail, shunya] = rows.as_slice() else { panic!("two providers: {page}") };
    for (row, texts) in [
        (callrail, ["CallRail", "pill green\">Answers", "1 account asked to slow down", "171 of 180"]),
        (shunya, ["Shunya", "pill red\">Left alone", "3 companies", "2:18"]),
    ] {
        for text in texts {
            assert!(row.contains(text), "no {text:?} in {row}");
        }
    }
}
