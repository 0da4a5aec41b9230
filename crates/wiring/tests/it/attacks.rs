//! Requests made to break something. None is answered with a 5xx, and none gets further than it may.

use reqwest::Method;
use serde_json::{Value, json};
use simulators::callrail_signature;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    answer::{Answer, answer},
    bench::Bench,
    callrail::payload,
    seeded::Seeded,
};

const COMPLETED: &str = "/callrail/call.completed";

/// Bytes no client library would send, and the whole answer.
async fn raw(bench: &Bench, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(bench.url.strip_prefix("http://").unwrap()).await.unwrap();
    // a server that has refused early may close before everything is written
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

fn status_of(answer: &str) -> u16 {
    answer
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or_else(|| panic!("no status: {answer:?}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_to_a_recording_leads_to_that_recording_alone() {
    let seeded = Seeded::new(testkit::sqlite().await).await;
    let bench = &seeded.bench;
    let (path, query) = seeded.media.split_once('?').unwrap();
    let whole = bench.client.get(format!("{}{}", bench.url, seeded.media)).send().await.unwrap();
    assert_eq!(whole.headers()["x-content-type-options"], "nosniff");
    let size = whole.bytes().await.unwrap().len();
    assert!(size > 1000);

    let key = path.strip_prefix("/media/").unwrap();
    let (folder, name) = key.rsplit_once('/').unwrap();
    for other in [
        format!("{folder}/../{name}"),
        format!("{folder}/%2e%2e/{name}"),
        format!("{folder}%2f..%2f{name}"),
        format!("{folder}/..%5c{name}"),
        format!("{folder}/%252e%252e/{name}"),
        format!("{key}%00"),
        format!("{key}.type"),
        format!("{key}/"),
        format!("/{key}"),
        "..%2f..%2f..%2f..%2fetc%2fpasswd".to_owned(),
        "%2fetc%2fpasswd".to_owned(),
        "tenants/demo-summit/..%2f..%2f..%2fencryption.key".to_owned(),
        "tenants/demo-summit/../../../encryption.key".to_owned(),
        "tenants/demo-summit".to_owned(),
        "tenants//".to_owned(),
        "%ff%fe".to_owned(),
        key.replace("demo-summit", "demo-lakeside"),
    ] {
        let request =
            format!("GET /media/{other}?{query} HTTP/1.1\r\nHost: otto\r\nConnection: close\r\n\r\n");
        let refused = raw(bench, request.as_bytes()).await;
        assert!(matches!(status_of(&refused), 403 | 404), "{other}: {refused:.300}");
        assert!(refused.contains("\"success\":false"), "{other}: {refused:.300}");
    }
    let expires = query.split('&').find_map(|pair| pair.strip_prefix("expires=")).unwrap();
    let later = (expires.parse::<i64>().unwrap() + 1).to_string();
    for forged in [
        String::new(),
        query.replace(expires, &later),
        query.replace(expires, "9223372036854775807"),
        query.replace(expires, "-1"),
        query.replace(expires, &format!("0{expires}")),
        query.replace(expires, "%00"),
        query.replace("signature=", "signature=0"),
        query.replace("signature=", "sig="),
        format!("{query}0"),
        query.to_uppercase(),
    ] {
        bench.get(&format!("{path}?{forged}")).await.is_error(403, "FORBIDDEN");
    }
    for (range, status, length) in [
        ("bytes=0-0", 206, 1),
        ("bytes=10-", 206, size - 10),
        ("bytes=0-18446744073709551615", 206, size),
        ("bytes=5-2", 200, size),
        ("bytes=-5", 200, size),
        ("bytes=0-1,5-6", 200, size),
        ("lines=1-2", 200, size),
        ("bytes=99999999999999999999-", 200, size),
        ("bytes=18446744073709551615-", 416, 0),
        (&format!("bytes={size}-"), 416, 0),
    ] {
        let request = bench.client.get(format!("{}{}", bench.url, seeded.media)).header("Range", range);
        let part = request.send().await.unwrap();
        assert_eq!(part.status(), status, "{range}");
        assert_eq!(part.bytes().await.unwrap().len(), length, "{range}");
    }
}

#[tokio::test]
async fn nothing_sent_ends_up_among_the_answer_s_headers() {
    let bench = Bench::sqlite().await;
    for target in [
        "/api/v1/calls/%0d%0aSet-Cookie:%20a=1",
        "/api/v1/leads?search=%0d%0aSet-Cookie:%20a=1",
        "/%0d%0aSet-Cookie:%20a=1",
        "/console/calls/%0d%0aSet-Cookie:%20a=1",
    ] {
        let request = format!(
            "GET {target} HTTP/1.1\r\nHost: otto\r\nX-Request-Id: a\tb\r\nOrigin: http://localhost:3000\r\nConnection: close\r\n\r\n"
        );
        let answered = raw(&bench, request.as_bytes()).await;
        assert!(status_of(&answered) < 500, "{answered:.300}");
        let head = answered.split("\r\n\r\n").next().unwrap().to_lowercase();
        assert!(!head.contains("set-cookie"), "{head}");
        assert!(head.contains("x-request-id: req_"), "{head}");
    }
}

#[tokio::test]
async fn requests_that_are_no_http_end_there_and_the_server_goes_on() {
    let bench = Bench::sqlite().await;
    let long = "x".repeat(300_000);
    let many: String = "X-Many: y\r\n".repeat(2000);
    for request in [
        format!("GET /health HTTP/1.1\r\nHost: otto\r\nX-Long: {long}\r\n\r\n"),
        format!("GET /health?{long} HTTP/1.1\r\nHost: otto\r\n\r\n"),
        format!("GET /health HTTP/1.1\r\nHost: otto\r\n{many}\r\n"),
        "GET /health HTTP/1.1\r\nHost: otto\r\nContent-Length: -1\r\n\r\n".to_owned(),
        "POST /pre-call HTTP/1.1\r\nHost: otto\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello".to_owned(),
        "POST /pre-call HTTP/1.1\r\nHost: otto\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(),
        "POST /pre-call HTTP/1.1\r\nHost: otto\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n".to_owned(),
        "GET /health HTTP/9.9\r\n\r\n".to_owned(),
        "\0\0\0\0\r\n\r\n".to_owned(),
    ] {
        let answered = raw(&bench, request.as_bytes()).await;
        let refused = answered.is_empty() || (400..500).contains(&status_of(&answered));
        assert!(refused, "{request:.80}: {answered:.200}");
    }
    bench.get("/health").await.is(200);
}

#[tokio::test]
async fn bytes_that_are_no_text_are_refused_or_found_nowhere() {
    for bench in [Bench::sqlite().await, Bench::postgres().await] {
        for path in [
            "/api/v1/leads/%FF%FE",
            "/api/v1/calls/%C3%28",
            "/call/%80",
            "/console/calls/%FF",
            "/t/%FF/pre-call",
        ] {
            let refused = bench.get(path).await;
            assert!((400..500).contains(&refused.status), "{path}: {} {}", refused.status, refused.text);
        }
        let request = b"GET /api/v1/leads/\xff\xfe HTTP/1.1\r\nHost: otto\r\nConnection: close\r\n\r\n";
        let refused = raw(&bench, request).await;
        assert!((400..500).contains(&status_of(&refused)), "{refused:.200}");
        assert_eq!(bench.get("/api/v1/leads?search=%FF%FE").await.data(), json!([]));
        bench.get("/api/v1/leads?search=%00").await.names(&["search"]);
        bench.get("/api/v1/calls?cursor=%FF").await.names(&["cursor"]);
        // in a body: authentic, so it is kept
        let mut body =
            payload(&bench.tenants[0], "CAL1").to_string().replace("Dana", "D\u{1}na").into_bytes();
        let at = body.iter().position(|byte| *byte == 1).unwrap();
        body[at] = 0xff;
        assert_eq!(bench.callrail(COMPLETED, body).await.is(202).json()["status"], "quarantined");
        assert_eq!(bench.inbox().await, ["quarantined malformed_body 0"]);
    }
}

#[tokio::test]
async fn a_nul_in_what_is_looked_up_finds_nothing() {
    for bench in [Bench::sqlite().await, Bench::postgres().await] {
        // read before anything is proven
        for (field, value) in
            [("company_id", "1\u{0}"), ("company_resource_id", "\u{0}"), ("tracking_phone_number", "\u{0}")]
        {
            let body = json!({ field: value }).to_string();
            let request = bench.request(Method::POST, COMPLETED).header("Signature", "x").body(body);
            answer(request).await.is_error(401, "UNAUTHORIZED");
        }
        for key in ["%00", "a%00b", "%ff", "%2e%2e", &"k".repeat(5000)] {
            let request = bench.request(Method::POST, &format!("/t/{key}/pre-call")).header("Signature", "x");
            let refused = answer(request.body("{}")).await;
            assert!(matches!(refused.status, 401 | 404), "{key:.20}: {} {}", refused.status, refused.text);
        }
        // proven, and nonsense all the same
        let company = &bench.tenants[0].company_id;
        for (company, task) in [
            (company.as_str(), "task\u{0}1"),
            (company.as_str(), "\u{0}"),
            ("a\u{0}", "task"),
            (company, &"t".repeat(10_000)),
        ] {
            let body = json!({ "company_id": company, "task_id": task, "status": "completed", "result": {} });
            let taken = bench.shunya(body.to_string()).await;
            assert!(taken.status < 500, "{task:.20?}: {} {}", taken.status, taken.text);
        }
        assert_eq!(bench.database.rows("webhook_inbox").await, 4, "authentic, so kept");
    }
}

fn accepted_or_set_aside(answer: &Answer) -> bool {
    matches!(answer.status, 200 | 202)
}

#[tokio::test]
async fn json_made_to_exhaust_is_set_aside() {
    let bench = Bench::sqlite().await;
    let account = &bench.tenants[0].callrail_company_resource_id;
    let deep = format!(
        r#"{{"company_resource_id":"{account}","x":{}{}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let open = format!(r#"{{"company_resource_id":"{account}","x":{}"#, r#"{"a":"#.repeat(100_000));
    let huge = format!(r#"{{"company_resource_id":"{account}","resource_id":"CAL1","duration":1e999999}}"#);
    let digits = format!(
        r#"{{"company_resource_id":"{account}","resource_id":"CAL2","duration":{}}}"#,
        "9".repeat(4000)
    );
    let twice = format!(
        r#"{{"company_resource_id":"{account}","resource_id":"CAL3","duration":"1","duration":"2"}}"#
    );
    let wide: serde_json::Map<String, Value> = (0..50_000).map(|n| (format!("k{n}"), json!(n))).collect();
    let mut wide = Value::from(wide);
    wide["company_resource_id"] = json!(account);
    for body in [deep, open, huge, digits, twice, wide.to_string()] {
        let refused =
            answer(bench.request(Method::POST, COMPLETED).header("Signature", "x").body(body.clone())).await;
        refused.is_error(401, "UNAUTHORIZED");
        let taken = bench.callrail(COMPLETED, body.clone()).await;
        assert!(accepted_or_set_aside(&taken), "{:.80}: {}", body, taken.text);
        assert!(
            accepted_or_set_aside(&bench.shunya(body).await)
                || bench.database.rows("webhook_inbox").await > 0
        );
    }
    bench.get("/health").await.is(200);
}

#[tokio::test]
async fn a_compressed_body_is_not_unpacked() {
    let bench = Bench::sqlite().await;
    let packed = include_bytes!("../../../http-api/assets/swagger-ui.css.gz");
    let signature = callrail_signature("bench-platform-signing-key", packed);
    let request = bench.request(Method::POST, COMPLETED).header("Signature", signature);
    let aside = answer(request.header("Content-Encoding", "gzip").body(packed.to_vec())).await.is(202);
    assert_eq!(aside.json()["status"], "quarantined");
    let sizes = bench.database.number("SELECT max(length(body)) FROM webhook_inbox").await;
    assert_eq!(sizes, i64::try_from(packed.len()).unwrap(), "kept as it was sent");
}

#[tokio::test]
async fn a_search_looks_for_what_was_written() {
    for bench in [Bench::sqlite().await, Bench::postgres().await] {
        let names = ["Fifty% Off", "Under_score", "Back\\slash", "O'Brien", "Plain Person"];
        for (index, name) in names.into_iter().enumerate() {
            let mut body = payload(&bench.tenants[0], &format!("CAL{index}"));
            body["customer_name"] = name.into();
            body["customer_phone_number"] = format!("+1602555019{index}").into();
            bench.callrail(COMPLETED, body.to_string()).await.is(200);
        }
        for (search, found) in [
            ("%25", 1),
            ("_", 1),
            ("%5C", 1),
            ("'", 1),
            ("%25%25", 0),
            ("%25%27", 0),
            ("a%25n", 0),
            ("x_x", 0),
            ("*", 0),
            ("plain", 1),
            ("PLAIN%20person", 1),
            ("'%20OR%20'1'='1", 0),
            ("%5C%25", 0),
        ] {
            let leads = bench.get(&format!("/api/v1/leads?search={search}")).await.data();
            assert_eq!(leads.as_array().unwrap().len(), found, "{search}");
        }
    }
}

#[tokio::test]
async fn a_made_up_cursor_is_refused_or_leads_to_an_empty_page() {
    for bench in [Bench::sqlite().await, Bench::postgres().await] {
        bench.callrail(COMPLETED, payload(&bench.tenants[0], "CAL1").to_string()).await.is(200);
        for cursor in [
            "x",
            "_",
            "1",
            "1_",
            "_1",
            "1_x",
            "1_1_1",
            "1.5_1",
            "9223372036854775807_1",
            "-9223372036854775808_1",
            "9223372036854775808_1",
            "-8000000000000000000_1",
            "8000000000000000000_1",
            "-210866803200000001_1",
            "9223371331200000000_1",
            "1'--_1",
        ] {
            bench.get(&format!("/api/v1/calls?cursor={cursor}")).await.names(&["cursor"]);
        }
        // one that could have been ours: before everything there is
        for cursor in ["0_1", "1000000000000000_-9223372036854775808", "1000000000000000_9223372036854775807"]
        {
            assert_eq!(
                bench.get(&format!("/api/v1/calls?cursor={cursor}")).await.data()["calls"],
                json!([]),
                "{cursor}"
            );
        }
    }
}
