//! What a person does here with a browser: sign in and out, agree, register applications,
//! take back what was granted. Rules only: a browser's request goes in, a page as plain
//! data comes out; what it looks like is `pages`, above.

pub mod branding;
