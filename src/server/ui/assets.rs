//! The stylesheet and the script, each at a path that changes with what it says, so that browsers keep it.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use sha2::{Digest as _, Sha256};

use crate::report::CHART_STYLE;
use crate::server::problem::{Name, Problem};
use crate::words::hex;

/// A file that pages refer to.
pub struct Asset {
    /// Its path.
    pub path: String,
    kind: &'static str,
    text: String,
}

impl Asset {
    fn new(stem: &str, ending: &str, kind: &'static str, text: String) -> Self {
        let hash = Sha256::digest(&text);
        let mark = hex(&hash[..6]);
        Self {
            path: format!("{}/assets/{stem}.{mark}.{ending}", super::BASE),
            kind,
            text,
        }
    }
}

/// The look of every page, and of the charts in it.
pub static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    let kind = "text/css; charset=utf-8";
    let text = [include_str!("style.css"), CHART_STYLE].concat();
    Asset::new("style", "css", kind, text)
});

/// What makes pages quicker to use where scripts run.
pub static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    let kind = "text/javascript; charset=utf-8";
    Asset::new("script", "js", kind, include_str!("script.js").to_owned())
});

/// Serves one by its name.
pub async fn serve(Path(name): Path<String>) -> Response {
    let path = format!("{}/assets/{name}", super::BASE);
    match [&*STYLE, &*SCRIPT].into_iter().find(|it| it.path == path) {
        Some(asset) => {
            let headers = [
                (header::CONTENT_TYPE, asset.kind),
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            ];
            (headers, asset.text.as_str()).into_response()
        }
        None => Problem::new(Name::NoSuchPath, "there is no such file").into_response(),
    }
}
