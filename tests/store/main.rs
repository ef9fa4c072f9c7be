//! The store's laws on the real thing: SQLite in a fresh folder, closed and opened
//! again. Each test is one law of `oauth::store` or one promise to the operator.
//! Must never: wait for time to pass; `now` is an argument everywhere.

mod codes;
mod grants;
mod logs;
mod opening;
mod sessions;
mod support;
