//! What a form sends.

use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;

use crate::server::extract::{NUL, body, is_encoded, media_type, wrong_type};
use crate::server::problem::{Name, Problem};

/// The fields of a form.
pub struct Form<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Form<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        const KIND: &str = "application/x-www-form-urlencoded";
        let kind = media_type(request.headers());
        if kind != KIND {
            return Err(wrong_type(&kind, KIND));
        }
        let bytes = body(request, state).await?;
        if bytes.windows(3).any(|it| it == b"%00") || bytes.contains(&0) {
            return Err(Problem::new(Name::Invalid, NUL));
        }
        if !is_encoded(&bytes) {
            let detail = "the form is not UTF-8 in percent-encoding";
            return Err(Problem::new(Name::Malformed, detail));
        }
        let read = serde_html_form::from_bytes(&bytes).map(Form);
        read.map_err(|error| Problem::new(Name::Invalid, format!("the form: {error}")))
    }
}

/// A text as a browser sends it, with the line breaks of other systems made plain.
pub fn lines(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// A field that was filled in.
pub fn given(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
