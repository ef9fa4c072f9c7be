//! The `Date` of an answer (RFC 9110 §6.6.1), made once a sweep and not once an answer.
//! Must never: be later than it is.

use std::cell::RefCell;

use bytes::Bytes;
use http::HeaderValue;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

use crate::edge::worker::Worker;
use crate::edge::worker::pulse::Tick;

/// A date in letters, as long as all of them: `Sun, 06 Nov 1994 08:49:37 GMT`.
type Letters = [u8; 29];

thread_local! {
    static LAST: RefCell<Option<(Tick, Letters)>> = const { RefCell::new(None) };
}

/// Appends the present date, up to one sweep old.
pub fn write(worker: &Worker, out: &mut Vec<u8>) {
    let tick = worker.pulses.tick();
    LAST.with_borrow_mut(|last| {
        let known = last.filter(|(made, _)| *made == tick).map(|(_, letters)| letters);
        let letters = known.or_else(|| {
            let letters = letters(worker.shared.clock.now().0)?;
            *last = Some((tick, letters));
            Some(letters)
        });
        letters.iter().for_each(|letters| out.extend_from_slice(letters));
    });
}

/// The present date as a header's value.
pub fn value(worker: &Worker) -> HeaderValue {
    let mut text = Vec::with_capacity(size_of::<Letters>());
    write(worker, &mut text);
    HeaderValue::from_maybe_shared(Bytes::from(text)).unwrap_or(HeaderValue::from_static(""))
}

fn letters(seconds: u64) -> Option<Letters> {
    let moment = Timestamp::from_second(i64::try_from(seconds).ok()?).ok()?;
    let text = DateTimePrinter::new().timestamp_to_rfc9110_string(&moment).ok()?;
    text.as_bytes().try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::letters;

    #[test]
    fn the_example_of_the_specification() {
        assert_eq!(letters(784_111_777).as_ref().map(|l| &l[..]), Some(&b"Sun, 06 Nov 1994 08:49:37 GMT"[..]));
        assert_eq!(letters(u64::MAX), None);
    }
}
