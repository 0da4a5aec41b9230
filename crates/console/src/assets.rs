//! The console's style, script and icon, embedded: nothing is fetched from anywhere else.

use std::sync::LazyLock;

use actix_web::{HttpRequest, HttpResponse, http::header, web::Data};
use kernel::{ErrorKind, fingerprint};

use crate::{ConsoleState, answer::refusal};

/// A file of the console.
pub(crate) struct Asset {
    name: &'static str,
    content_type: &'static str,
    body: &'static str,
    /// Of its bytes: a new file has a new address, so that browsers may keep the old one for good.
    digest: LazyLock<String>,
}

/// How it looks.
pub(crate) static STYLE: Asset = Asset {
    name: "console.css",
    content_type: "text/css; charset=utf-8",
    body: include_str!("../assets/console.css"),
    digest: LazyLock::new(|| short(STYLE.body)),
};

/// What moves.
pub(crate) static SCRIPT: Asset = Asset {
    name: "console.js",
    content_type: "text/javascript; charset=utf-8",
    body: include_str!("../assets/console.js"),
    digest: LazyLock::new(|| short(SCRIPT.body)),
};

/// Its sign.
pub(crate) static ICON: Asset = Asset {
    name: "icon.svg",
    content_type: "image/svg+xml",
    body: include_str!("../assets/icon.svg"),
    digest: LazyLock::new(|| short(ICON.body)),
};

fn short(body: &str) -> String {
    fingerprint(&[body.as_bytes()]).chars().take(12).collect()
}

impl Asset {
    /// Where it is served.
    pub(crate) fn href(&self) -> String {
        format!("/console/assets/{}?v={}", self.name, *self.digest)
    }
}

/// `GET /console/assets/{asset}`.
pub(crate) async fn get(request: HttpRequest, state: Data<ConsoleState>) -> HttpResponse {
    let name = request.match_info().get("asset").unwrap_or_default();
    let Some(asset) = [&STYLE, &SCRIPT, &ICON].into_iter().find(|asset| asset.name == name) else {
        return refusal(&request, &state, ErrorKind::NotFound);
    };
    let current = request.query_string().strip_prefix("v=") == Some(asset.digest.as_str());
    let kept = if current { "public, max-age=31536000, immutable" } else { "public, max-age=60" };
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, asset.content_type))
        .insert_header((header::CACHE_CONTROL, kept))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        // an icon opened by itself is a document, which must not run anything either
        .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"))
        .body(asset.body)
}
