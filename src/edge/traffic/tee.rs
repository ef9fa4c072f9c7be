//! A second look at a body that passes: its pieces are kept, up to a bound, and handed on
//! when it has come to its end. A larger body, or one that breaks off, is not handed on.
//! The pieces are shared, not copied, and nothing waits for them.

use bytes::{Bytes, BytesMut};

use crate::edge::traffic::copying::{Copying, Fate};

/// What is kept of one body.
pub struct Tee {
    pieces: Vec<Bytes>,
    left: usize,
    /// `None` once it was handed on, or given up.
    copying: Option<Copying>,
}

impl Tee {
    /// Keeps at most `limit` bytes for `copying`.
    pub fn new(limit: usize, copying: Copying) -> Tee {
        Tee { pieces: Vec::new(), left: limit, copying: Some(copying) }
    }

    /// A piece has passed.
    pub fn take(&mut self, piece: &Bytes) {
        if self.copying.is_none() {
            return;
        }
        match self.left.checked_sub(piece.len()) {
            Some(left) => {
                self.left = left;
                self.pieces.push(piece.clone());
            }
            None => self.give_up(Fate::TooLarge),
        }
    }

    /// That was all of it.
    pub fn end(&mut self) {
        let Some(copying) = self.copying.take() else { return };
        let body = match self.pieces.as_slice() {
            [only] => only.clone(),
            pieces => pieces
                .iter()
                .fold(BytesMut::new(), |mut all, piece| {
                    all.extend_from_slice(piece);
                    all
                })
                .freeze(),
        };
        self.pieces.clear();
        copying.send(body);
    }

    fn give_up(&mut self, fate: Fate) {
        self.pieces = Vec::new();
        if let Some(copying) = self.copying.take() {
            copying.ends(fate);
        }
    }
}

impl Drop for Tee {
    fn drop(&mut self) {
        self.give_up(Fate::Dropped);
    }
}

impl std::fmt::Debug for Tee {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tee").field("left", &self.left).finish_non_exhaustive()
    }
}
