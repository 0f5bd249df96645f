//! `GET /reference`: the description of the interface as a page for people, without script.

use std::fmt::Write as _;

use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use openssl::base64::encode_block;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::openapi::openapi;

/// How the page looks.
const STYLE: &str = "\
:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:60rem;padding:1rem}\
h1,h2,h3{line-height:1.2}h2{margin-top:3rem}h3{border-top:1px solid #8886;margin-top:2rem;padding-top:1rem}\
code{font:.9em/1.4 ui-monospace,monospace}h3 code{overflow-wrap:anywhere}table{border-collapse:collapse;width:100%}\
th,td{border-bottom:1px solid #8884;padding:.3rem .6rem .3rem 0;text-align:left;vertical-align:top}\
div{overflow-x:auto}";

/// This description as a page
#[utoipa::path(get, path = "/reference", tag = "health", responses(
    (status = 200, description = "The page", body = String, content_type = "text/html"),
))]
pub async fn show() -> Response {
    let style = encode_block(&Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let description: Value = serde_json::from_str(&openapi()).unwrap_or_default();
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CONTENT_SECURITY_POLICY, policy),
    ];
    (headers, page(&description)).into_response()
}

/// The members of an object, of which there may be none.
fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

fn text(value: &Value) -> String {
    escaped(value.as_str().unwrap_or_default())
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            other => safe.push(other),
        }
    }
    safe
}

/// Text with its paragraphs.
fn paragraphs(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    let each = text.split("\n\n").filter(|it| !it.is_empty());
    each.map(|it| format!("<p>{}</p>", escaped(it))).collect()
}

fn page(description: &Value) -> String {
    let info = &description["info"];
    let mut out = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style></head><body>\
         <h1>{title}</h1>{}",
        paragraphs(&info["description"]),
        title = text(&info["title"]),
    );
    let tags = description["tags"].as_array();
    for tag in tags.into_iter().flatten() {
        let _ = write!(
            out,
            "<h2>{}</h2>{}",
            text(&tag["name"]),
            paragraphs(&tag["description"])
        );
        for (path, item) in members(&description["paths"]) {
            for (method, operation) in members(item) {
                if operation["tags"][0] == tag["name"] {
                    out.push_str(&operation_of(path, method, operation));
                }
            }
        }
    }
    out.push_str("<h2>Shapes</h2>");
    for (name, schema) in members(&description["components"]["schemas"]) {
        out.push_str(&shape(name, schema));
    }
    out.push_str("</body></html>\n");
    out
}

fn operation_of(path: &str, method: &str, operation: &Value) -> String {
    let method = method.to_uppercase();
    let summary = text(&operation["summary"]);
    let mut out = format!(
        "<h3><code>{method} {}</code></h3><p>{summary}</p>",
        escaped(path)
    );
    out.push_str(&paragraphs(&operation["description"]));
    let mut rows = String::new();
    for it in operation["parameters"].as_array().into_iter().flatten() {
        let needed = if it["required"] == true {
            ", needed"
        } else {
            ""
        };
        let (name, place) = (text(&it["name"]), text(&it["in"]));
        let said = text(&it["description"]);
        let _ = write!(
            rows,
            "<tr><td><code>{name}</code><td>{place}{needed}<td>{}<td>{said}",
            kind(&it["schema"])
        );
    }
    for (media, it) in members(&operation["requestBody"]["content"]) {
        let shape = kind(&it["schema"]);
        let _ = write!(rows, "<tr><td>body<td>{}<td>{shape}<td>", escaped(media));
    }
    table(
        &mut out,
        &["parameter", "in", "type", "what it says"],
        &rows,
    );
    let mut rows = String::new();
    for (status, it) in members(&operation["responses"]) {
        let kinds: Vec<String> = members(&it["content"])
            .map(|(_, it)| kind(&it["schema"]))
            .collect();
        let said = text(&it["description"]);
        let _ = write!(rows, "<tr><td>{status}<td>{}<td>{said}", kinds.join(" or "));
    }
    table(&mut out, &["status", "type", "when"], &rows);
    out
}

fn shape(name: &str, schema: &Value) -> String {
    let name = escaped(name);
    let mut out = format!("<h3 id=\"{name}\"><code>{name}</code></h3>");
    out.push_str(&paragraphs(&schema["description"]));
    let mut rows = String::new();
    for (field, it) in members(&schema["properties"]) {
        let _ = write!(
            rows,
            "<tr><td><code>{}</code><td>{}<td>{}",
            escaped(field),
            kind(it),
            text(&it["description"])
        );
    }
    table(&mut out, &["field", "type", "what it says"], &rows);
    for it in schema["oneOf"].as_array().into_iter().flatten() {
        let _ = write!(out, "<p>{}: {}</p>", kind(it), text(&it["description"]));
    }
    out
}

fn table(out: &mut String, heads: &[&str], rows: &str) {
    if rows.is_empty() {
        return;
    }
    let heads: String = heads
        .iter()
        .map(|it| format!("<th scope=\"col\">{it}"))
        .collect();
    let _ = write!(out, "<div><table><tr>{heads}{rows}</table></div>");
}

/// A type in a few words, with a link to its shape.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str() {
        let name = escaped(name.rsplit('/').next().unwrap_or(name));
        return format!("<a href=\"#{name}\">{name}</a>");
    }
    if let Some(values) = schema["enum"].as_array() {
        let values = values.iter().map(|it| format!("<code>{}</code>", text(it)));
        return values.collect::<Vec<_>>().join(", ");
    }
    if schema["type"] == "array" {
        return format!("list of {}", kind(&schema["items"]));
    }
    let choices = schema["oneOf"].as_array().or(schema["anyOf"].as_array());
    if let Some(choices) = choices {
        return choices.iter().map(kind).collect::<Vec<_>>().join(" or ");
    }
    match &schema["type"] {
        Value::String(name) => escaped(name),
        Value::Array(names) => {
            let names = names.iter().map(text);
            names.collect::<Vec<_>>().join(" or ")
        }
        _ => "any".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_on_the_page_and_no_text_is_markup() {
        let description: Value = serde_json::from_str(&openapi()).expect("JSON");
        let page = page(&description);
        for (path, item) in members(&description["paths"]) {
            for (method, _) in members(item) {
                let heading = format!("<code>{} {path}</code>", method.to_uppercase());
                assert_eq!(page.matches(&heading).count(), 1, "{heading}");
            }
        }
        assert!(!page.contains("<script"));
        assert_eq!(escaped("<b a=\"c\">&"), "&lt;b a=&quot;c&quot;&gt;&amp;");
    }
}
