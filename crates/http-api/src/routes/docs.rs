//! The OpenAPI document and a page to read it with. The page's script and style are served from this program: it works
//! without any network.

use actix_web::{
    HttpResponse,
    http::header,
    web::{Data, Path},
};

use crate::{ApiError, ApiState, openapi::document};

const PAGE: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Otto API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="api"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"#;

const START: &str =
    "SwaggerUIBundle({ url: '/openapi.json', dom_id: '#api', deepLinking: true, docExpansion: 'none' });\n";

/// `GET /openapi.json`.
pub async fn openapi(state: Data<ApiState>) -> HttpResponse {
    HttpResponse::Ok().json(document(&state.table, state.settings.version))
}

/// What the page may load: its own script, and the styles and pictures that script makes. Nobody may show it in a frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                      img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// `GET /docs`.
pub async fn page() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::X_FRAME_OPTIONS, "DENY"))
        .body(PAGE)
}

/// `GET /docs/{asset}`. Kept compressed, as every browser takes it.
pub async fn asset(path: Path<String>) -> Result<HttpResponse, ApiError> {
    const BUNDLE: &[u8] = include_bytes!("../../assets/swagger-ui-bundle.js.gz");
    const STYLE: &[u8] = include_bytes!("../../assets/swagger-ui.css.gz");
    let (content_type, body) = match path.as_str() {
        "swagger-ui-bundle.js" => ("text/javascript; charset=utf-8", BUNDLE),
        "swagger-ui.css" => ("text/css; charset=utf-8", STYLE),
        "start.js" => {
            return Ok(HttpResponse::Ok().content_type("text/javascript; charset=utf-8").body(START));
        }
        _ => return Err(ApiError::not_found("Path")),
    };
    Ok(HttpResponse::Ok()
        .content_type(content_type)
        .insert_header((header::CONTENT_ENCODING, "gzip"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::CACHE_CONTROL, "public, max-age=86400"))
        .body(body))
}
