//! A new program takes the place of the running one without a refused connection. The
//! old process starts the new one and hands it its estate over a socket pair that is
//! the child's standard input: every listening socket and the lock of the state folder.
//! Both hold them from then on, and both serve; once the child says that it does, the
//! old one drains and ends. Until then nothing has changed: a child that fails, or
//! takes too long, is killed, and the old process goes on.
//! Must never: leave a moment in which nobody listens, or nobody holds the lock.

pub mod channel;
pub mod estate;
pub mod predecessor;
pub mod successor;
