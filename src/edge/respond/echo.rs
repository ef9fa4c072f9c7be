//! `builtin:echo`: a backend that answers with what it got, so that a newcomer sees
//! what reaches his services before he has one. Bodies up to a bound are shown, longer
//! ones counted. Must never: be reached but as an upstream, behind all checks.

use std::future::poll_fn;
use std::pin::pin;

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Request, Response};
use http_body::Body as _;
use serde_json::{Map, Value, json};

use crate::edge::body::upload::Outgoing;
use crate::edge::body::{AnswerBody, BoxedAnswer};
use crate::edge::upstream::error::ForwardError;

/// Bytes of a body that are shown; of a longer one only the length is.
const SHOWN: usize = 1024 * 1024;

/// Answers `request` with a description of itself.
pub async fn answer(request: Request<Outgoing>) -> Result<BoxedAnswer, ForwardError> {
    let (head, body) = request.into_parts();
    let mut headers = Map::new();
    for (name, value) in &head.headers {
        let text = String::from_utf8_lossy(value.as_bytes());
        match headers.get_mut(name.as_str()) {
            Some(Value::String(first)) => *first = format!("{first}, {text}"),
            _ => drop(headers.insert(name.as_str().to_owned(), text.into())),
        }
    }
    let (length, shown) = collect(body).await?;
    let said = json!({
        "method": head.method.as_str(),
        "path": head.uri.path(),
        "query": head.uri.query(),
        "headers": headers,
        "body_bytes": length,
        "body": shown.and_then(|bytes| String::from_utf8(bytes).ok()),
    });
    let mut text = serde_json::to_string_pretty(&said).unwrap_or_default();
    text.push('\n');
    let mut answer = Box::new(Response::new(AnswerBody::whole(Bytes::from(text))));
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(answer)
}

/// The body's length, and its bytes unless there are too many.
async fn collect(body: Outgoing) -> Result<(u64, Option<Vec<u8>>), ForwardError> {
    let mut body = pin!(body);
    let (mut length, mut shown) = (0, Some(Vec::new()));
    while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        let Ok(data) = frame?.into_data() else { continue };
        length += data.len() as u64;
        match &mut shown {
            Some(bytes) if bytes.len() + data.len() <= SHOWN => bytes.extend_from_slice(&data),
            _ => shown = None,
        }
    }
    Ok((length, shown))
}
