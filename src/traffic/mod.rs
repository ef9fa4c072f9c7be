//! What a route does with traffic besides asking who it is: split, mirror, rewrite,
//! limit, open to other origins, compress, close for maintenance. Rules are functions of
//! values; what has to be counted (buckets, requests in flight) takes `now` as an
//! argument. The edge only applies them. Must never: decide who may pass.

pub mod caller;
pub mod coding;
pub mod compress;
pub mod cookie;
pub mod cors;
pub mod encoder;
pub mod flight;
pub mod gate;
pub mod header;
pub mod limit;
pub mod maintenance;
pub mod mirror;
pub mod own;
pub mod quota;
pub mod rate;
pub mod request_id;
pub mod rewrite;
pub mod rules;
pub mod split;
pub mod template;
