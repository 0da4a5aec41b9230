use actix_web::{
    cookie::Cookie,
    http::{StatusCode, header},
    test::TestRequest,
};

use crate::{browser::Console, html};

fn choose(body: &'static str) -> TestRequest {
    TestRequest::post()
        .uri("/console/role")
        .insert_header((header::CONTENT_TYPE, "application/x-www-form-urlencoded"))
        .set_payload(body)
}

#[actix_web::test]
async fn in_development_a_role_can_be_chosen() {
    let console = Console { viewer: None, ..Console::busy() };
    for role in ["manager", "csr", "sales_rep"] {
        let body = Box::leak(format!("role={role}").into_boxed_str());
        let answer = console.ask(choose(body)).await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/console"));
        let cookie = Cookie::parse(answer.header("set-cookie").to_owned()).unwrap();
        assert_eq!((cookie.name(), cookie.value(), cookie.path()), ("otto_dev_role", role, Some("/")));
        assert_eq!(cookie.http_only(), Some(true));
        assert_eq!(cookie.same_site(), Some(actix_web::cookie::SameSite::Lax));
    }
}

#[actix_web::test]
async fn nonsense_is_refused_as_a_page() {
    let console = Console::busy();
    for body in ["role=root", "role=", "", "%%%", "x=1", "role=manager%00"] {
        let answer = console.ask(choose(body)).await;
        assert_eq!((answer.status, answer.header("set-cookie")), (StatusCode::BAD_REQUEST, ""), "{body}");
        html::check(&answer.text().await);
    }
    let huge = Box::leak(format!("role={}", "x".repeat(1 << 20)).into_boxed_str());
    assert_eq!(console.ask(choose(huge)).await.status, StatusCode::BAD_REQUEST);
    let json = TestRequest::post().uri("/console/role").set_json("manager");
    assert_eq!(console.ask(json).await.status, StatusCode::BAD_REQUEST);
}

#[actix_web::test]
async fn a_page_from_elsewhere_chooses_nothing() {
    let console = Console::busy();
    for (site, status) in [
        ("cross-site", StatusCode::FORBIDDEN),
        ("same-site", StatusCode::FORBIDDEN),
        ("same-origin", StatusCode::SEE_OTHER),
        ("none", StatusCode::SEE_OTHER),
    ] {
        let answer = console.ask(choose("role=csr").insert_header(("sec-fetch-site", site))).await;
        assert_eq!(answer.status, status, "{site}");
    }
}

#[actix_web::test]
async fn anywhere_else_there_is_no_such_thing() {
    let console = Console { development: false, ..Console::busy() };
    let answer = console.ask(choose("role=csr")).await;
    assert_eq!((answer.status, answer.header("set-cookie")), (StatusCode::NOT_FOUND, ""));
    let page = console.page("/console").await;
    assert!(!page.contains("/console/role") && !page.contains("Development"));
}

#[actix_web::test]
async fn the_switch_shows_what_was_chosen() {
    let console = Console::busy();
    for (cookie, chosen) in [("csr", "csr"), ("sales_rep", "sales_rep"), ("\"><b>", "manager")] {
        let request = TestRequest::get().uri("/console/jobs").cookie(Cookie::new("otto_dev_role", cookie));
        let page = console.ask(request).await.text().await;
        html::check(&page);
        let pressed = format!("value=\"{chosen}\" aria-pressed=\"true\"");
        assert!(page.contains(&pressed), "{cookie}");
        assert_eq!(page.matches("aria-pressed=\"true\"").count(), 1);
    }
}
