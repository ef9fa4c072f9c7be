//! Mistakes as the operator reads them: what is wrong, where, and the way out.
//! `code` names the kinds, `suggest` finds what was meant, `render` writes them down.

pub mod code;
pub mod fact;
pub mod peers;
pub mod render;
pub mod suggest;
