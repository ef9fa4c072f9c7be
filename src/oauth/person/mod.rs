//! What a person does here with a browser: sign in and out, agree, register applications,
//! take back what was granted. Rules only: a browser's request goes in, a page as plain
//! data comes out; what it looks like is `pages`, above.

pub mod branding;

mod account;
mod answer;
mod application;
mod application_form;
mod applications;
mod authorized;
mod consent;
mod frame;
mod guard;
mod next;
mod role;
mod sessions;
mod sign_in;
pub(in crate::oauth) mod sign_out;
mod waiting;

pub(in crate::oauth) use answer::{answer, too_many};
