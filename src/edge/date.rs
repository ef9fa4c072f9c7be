//! The `Date` of answers (RFC 9110 §6.6.1), written once a second and copied from then on.

use std::sync::Mutex;

use http::HeaderValue;

use crate::clock::UnixTime;
use crate::edge::worker::lock;

/// The present second's date.
#[derive(Debug)]
pub struct Dates(Mutex<(UnixTime, HeaderValue)>);

impl Default for Dates {
    fn default() -> Dates {
        Dates(Mutex::new((UnixTime(0), written(UnixTime(0)))))
    }
}

impl Dates {
    /// The date of `now`.
    pub fn of(&self, now: UnixTime) -> HeaderValue {
        let mut last = lock(&self.0);
        if last.0 != now {
            *last = (now, written(now));
        }
        last.1.clone()
    }
}

/// IMF-fixdate (RFC 9110 §5.6.7).
fn written(now: UnixTime) -> HeaderValue {
    let time = i64::try_from(now.0).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    let text = time.unwrap_or_default().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("Thu, 01 Jan 1970 00:00:00 GMT"))
}

#[cfg(test)]
mod tests {
    use super::Dates;
    use crate::clock::UnixTime;

    #[test]
    fn is_written_as_the_rfc_shows() {
        let dates = Dates::default();
        assert_eq!(dates.of(UnixTime(784_111_777)), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(dates.of(UnixTime(784_111_778)), "Sun, 06 Nov 1994 08:49:38 GMT");
        assert_eq!(dates.of(UnixTime(0)), "Thu, 01 Jan 1970 00:00:00 GMT");
    }
}
