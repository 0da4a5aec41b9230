use std::sync::atomic::Ordering;

use actix_web::{
    http::{Method, StatusCode},
    test::TestRequest,
};
use rbac::Access;

use crate::{
    browser::Console,
    html::{self, read},
    sights::{NEWEST, SIGNATURE},
};

/// A path for every page there is.
fn paths(console: &Console) -> Vec<String> {
    let sights = console.world.sights();
    let mut paths: Vec<_> =
        ["", "/calls", "/inbox", "/jobs", "/providers"].map(|path| format!("/console{path}")).to_vec();
    paths.extend(sights.calls.iter().take(20).map(|call| format!("/console/calls/{}", call.call_id)));
    let contact = sights.calls.first().and_then(|call| call.contact_card_id);
    paths.extend(contact.map(|contact| format!("/console/contacts/{contact}")));
    paths.extend(sights.inbox.iter().take(8).map(|one| format!("/console/inbox/{}", one.entry.id)));
    paths
}

/// The value of an attribute on every element that has it and another one.
fn values<'a>(page: &'a str, name: &str, having: (&str, &str)) -> Vec<&'a str> {
    let with = |tag: &html::Tag<'_>| tag.attribute(having.0) == Some(having.1);
    read(page).iter().filter(|tag| with(tag)).filter_map(|tag| tag.attribute(name)).collect()
}

/// Every address a list leads through from its first page on.
async fn walk(console: &Console, first: &str, link: (&str, &str)) -> (usize, Vec<String>) {
    let (mut address, mut pages, mut found) = (first.to_owned(), 0, Vec::new());
    loop {
        let page = console.page(&address).await;
        html::check(&page);
        pages += 1;
        found.extend(values(&page, "href", link).into_iter().map(str::to_owned));
        match values(&page, "href", ("rel", "next")).first() {
            Some(next) => address = next.replace("&amp;", "&"),
            None => return (pages, found),
        }
    }
}

#[actix_web::test]
async fn every_page_is_well_formed() {
    for (development, console) in [(true, Console::busy()), (false, Console::quiet())] {
        let console = Console { development, ..console };
        for path in paths(&console) {
            let page = console.page(&path).await;
            html::check(&page);
            let slashed = console.page(&format!("{path}/")).await;
            assert_eq!(page.len(), slashed.len(), "{path} with a slash is another page");
        }
    }
}

#[actix_web::test]
async fn every_answer_forbids_what_the_console_does_not_do() {
    let console = Console::busy();
    let nowhere = ["/console/nope", "/console/calls/x", "/console/assets/nope", "/console/a/b/c"];
    for path in paths(&console).into_iter().chain(nowhere.map(str::to_owned)) {
        let answer = console.get(&path).await;
        let policy = answer.header("content-security-policy").to_owned();
        for part in ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"]
        {
            assert!(policy.split("; ").any(|one| one == part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
    }
}

#[actix_web::test]
async fn only_a_page_that_plays_audio_may_fetch_it_from_elsewhere() {
    let console = Console::busy();
    let analysed = format!("/console/calls/{}", NEWEST - 9);
    let with = console.get(&analysed).await;
    assert!(with.header("content-security-policy").contains("media-src 'self' https:;"));
    let page = with.text().await;
    let audio = values(&page, "src", ("id", "audio"));
    assert!(audio.first().is_some_and(|link| link.starts_with("/media/tenants/org_2saguaro/")), "{audio:?}");
    let without = console.get(&format!("/console/calls/{NEWEST}")).await;
    assert!(without.header("content-security-policy").contains("media-src 'self';"));
    assert!(!without.text().await.contains("<audio"));
}

#[actix_web::test]
async fn what_is_not_there_is_a_page_that_says_so() {
    let console = Console::busy();
    let nobody = "01958f3c-0000-7000-8000-0001ffffffff";
    for path in [
        "/console/nope".to_owned(),
        "/console/calls/1".to_owned(),
        "/console/calls/x".to_owned(),
        "/console/calls/99999999999999999999".to_owned(),
        "/console/calls/%2e%2e".to_owned(),
        format!("/console/contacts/{nobody}"),
        "/console/contacts/x".to_owned(),
        format!("/console/inbox/{nobody}"),
        "/console/inbox/<script>".to_owned(),
    ] {
        let answer = console.get(&path.replace('<', "%3C").replace('>', "%3E")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        html::check(&answer.text().await);
    }
}

#[actix_web::test]
async fn a_failing_store_is_not_quoted() {
    let console = Console::busy();
    // what workers say is not in the store
    let paths: Vec<_> = paths(&console).into_iter().filter(|path| path != "/console/providers").collect();
    console.world.away.store(true, Ordering::Relaxed);
    for path in paths {
        let answer = console.get(&path).await;
        assert_eq!(
            (answer.status, answer.header("retry-after")),
            (StatusCode::SERVICE_UNAVAILABLE, "5"),
            "{path}"
        );
        let page = answer.text().await;
        html::check(&page);
        for secret in ["hunter2", "10.1.2.3", "refused, "] {
            assert!(!page.contains(secret), "{path} says {secret}");
        }
    }
}

#[actix_web::test]
async fn nobody_sees_anything() {
    let console = Console { viewer: None, ..Console::busy() };
    for path in paths(&console).into_iter().chain(["/console/live".to_owned()]) {
        let answer = console.get(&path).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{path}");
        let page = answer.text().await;
        html::check(&page);
        assert!(!page.contains("Saguaro") && !page.contains("org_2saguaro"), "{path}");
    }
}

#[actix_web::test]
async fn every_route_answers_and_its_headers_alone_as_well() {
    let console = Console::busy();
    for route in console::ROUTES.iter().filter(|route| route.method == rbac::Method::Get) {
        let path =
            route.path.replace("{asset}", "console.css").replace("{rest:.*}", "x").replace("{id}", "1");
        let answer = console.ask(TestRequest::default().method(Method::HEAD).uri(&path)).await;
        assert_ne!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        let public = route.access == Access::Public;
        assert_eq!(public, answer.header("cache-control") != "no-store", "{path}");
    }
    let post = console.ask(TestRequest::post().uri("/console/calls")).await;
    assert_eq!(post.status, StatusCode::NOT_FOUND);
}

#[actix_web::test]
async fn assets_are_kept_as_long_as_their_address_names_them() {
    let console = Console { viewer: None, ..Console::busy() };
    let page = Console::busy().page("/console").await;
    let tags = read(&page);
    let assets: Vec<_> = tags
        .iter()
        .filter(|tag| matches!(tag.name, "link" | "script"))
        .filter_map(|tag| tag.attribute("href").or(tag.attribute("src")))
        .collect();
    assert_eq!(assets.len(), 3, "{assets:?}");
    for asset in assets {
        let answer = console.get(asset).await;
        assert!(answer.header("cache-control").ends_with("immutable"), "{asset}");
        let (path, _) = asset.split_once('?').unwrap();
        let stale = console.get(&format!("{path}?v=older")).await;
        assert_eq!(stale.header("cache-control"), "public, max-age=60", "{asset}");
        assert!(answer.text().await.len() > 100);
    }
    let style = console.page("/console/assets/console.css").await;
    for elsewhere in ["http", "url(", "@import"] {
        assert!(!style.contains(elsewhere), "the style fetches {elsewhere}");
    }
}

#[actix_web::test]
async fn the_overview_draws_as_many_days_as_asked_for() {
    let console = Console::busy();
    for (path, days) in [("/console", 31), ("/console?days=14", 14), ("/console?days=31", 31)] {
        assert_eq!(console.page(path).await.matches("class=\"reach\"").count(), days, "{path}");
    }
    let page = console.page("/console?days=100000").await;
    assert!(page.contains("left out: Days."));
}

#[actix_web::test]
async fn every_call_is_on_one_page() {
    let console = Console::busy();
    let (pages, calls) = walk(&console, "/console/calls", ("class", "who")).await;
    assert_eq!((pages, calls.len()), (3, 140));
    let mut once = calls.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), calls.len(), "a call is on two pages");
}

#[actix_web::test]
async fn filters_stay_with_the_pages_and_in_the_form() {
    let console = Console::busy();
    let address = "/console/calls?stage=analysed&status=&booking=booked&from=2026-11-20&nonsense=1";
    let page = console.page(address).await;
    assert_eq!(values(&page, "value", ("name", "from")), ["2026-11-20"]);
    assert!(page.contains("<option value=\"booked\" selected>"));
    let next = values(&page, "href", ("rel", "next"));
    for next in next {
        assert!(
            next.starts_with(
                "/console/calls?stage=analysed&amp;booking=booked&amp;from=2026-11-20&amp;cursor="
            )
        );
    }
    let (_, booked) = walk(&console, address, ("class", "who")).await;
    let expected = console.world.sights().calls.iter().filter(|call| call.booked).count();
    assert_eq!(booked.len(), expected);
    let page = console.page("/console/calls?stage=nope&cursor=x&phone=nobody&until=soon").await;
    assert!(page.contains("left out: Stage, Until, Phone, Cursor."), "{page}");
    let phone = console.world.sights().calls[3].phone_number.clone().unwrap();
    let page = console.page(&format!("/console/calls?phone={}", phone.replace('+', "%2B"))).await;
    assert!(page.contains(&format!("/console/calls/{}\"", NEWEST - 3)));
    assert_eq!(values(&page, "value", ("name", "phone")), [phone.as_str()]);
}

#[actix_web::test]
async fn webhooks_and_jobs_are_paged() {
    let console = Console::busy();
    let (pages, webhooks) = walk(&console, "/console/inbox", ("class", "who")).await;
    let ours = console.world.sights().inbox.iter().filter(|one| one.company.is_some()).count();
    assert_eq!((pages, webhooks.len()), (3, ours - 3), "without those of another company");
    let page = console.page("/console/inbox?state=quarantined&provider=callrail").await;
    assert!(page.contains("Malformed body") && !page.contains(">Applied</span>"));
    let (pages, _) = walk(&console, "/console/jobs", ("rel", "next")).await;
    assert_eq!(pages, 3);
    let page = console.page("/console/jobs?state=dead").await;
    assert!(page.contains("audio_too_long") && page.contains("otto jobs retry"));
    assert_eq!(page.matches("<summary class=\"job\">").count(), 1);
}

#[actix_web::test]
async fn a_webhook_is_shown_without_its_signature() {
    let console = Console::busy();
    let entries: Vec<_> = console.world.sights().inbox.iter().take(9).map(|one| one.entry.id).collect();
    for id in entries {
        let page = console.page(&format!("/console/inbox/{id}")).await;
        assert!(!page.contains(SIGNATURE) && page.contains("hidden, "), "{id}");
        assert!(page.contains("<span class=\"key\">&quot;"), "its body is laid out");
    }
}

#[actix_web::test]
async fn a_call_is_shown_in_full() {
    let console = Console::busy();
    let page = console.page(&format!("/console/calls/{}", NEWEST - 9)).await;
    for text in [
        "The customer has a leak after Friday&apos;s storm",
        "somebody to look at it before then.",
        "Price too high",
        "Contact details",
        "(missed)",
        "Ask for the email address",
        "Bring concrete tile samples.",
        "appointment.type",
        "#lead-",
        "1420 E Palo Verde Dr",
    ] {
        assert!(page.contains(text) || page.contains(&text.replace("&apos;", "'")), "no {text:?}");
    }
}
