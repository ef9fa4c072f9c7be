//! A whole body in memory, within bounds of size and time. For what must be read
//! before it can be judged: a token request, or a form that may hold a token.

use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::Body as _;

use crate::edge::body::inbound::Inbound;
use crate::edge::upstream::error::ForwardError;

/// The largest body that is collected.
pub const LIMIT: usize = 64 * 1024;

/// How long one may take to arrive, however steadily it trickles.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// The whole body, if it is at most `LIMIT` long and here within `PATIENCE`.
pub async fn whole(body: Inbound) -> Result<Bytes, ForwardError> {
    if body.size_hint().lower() > LIMIT as u64 {
        return Err(ForwardError::BodyTooLarge);
    }
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    tokio::time::timeout(PATIENCE, read(body)).await.unwrap_or(Err(ForwardError::BodyTimeout))
}

async fn read(body: Inbound) -> Result<Bytes, ForwardError> {
    let mut body = pin!(body);
    let mut first = Bytes::new();
    let mut more = BytesMut::new();
    while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        let Ok(data) = frame?.into_data() else { continue };
        if first.len().max(more.len()) + data.len() > LIMIT {
            return Err(ForwardError::BodyTooLarge);
        }
        if first.is_empty() {
            first = data;
            continue;
        }
        if more.is_empty() {
            more.extend_from_slice(&first);
        }
        more.extend_from_slice(&data);
    }
    Ok(if more.is_empty() { first } else { more.freeze() })
}
