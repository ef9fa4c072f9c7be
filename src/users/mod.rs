//! Where people's passwords are checked. Slow by intent, so it happens on threads of
//! its own, bounded in number and in queue; who the people are is the file's and the
//! store's to say.

pub mod hashing;
pub mod measured;
pub mod phc;

pub use hashing::HashingPool;
pub use phc::hash_password;
