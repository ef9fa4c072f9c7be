//! Which route, or which endpoint of ours, a request belongs to. The most specific
//! pattern wins whatever the order of the file; two that are equally specific are a
//! conflict, found when the table is built and never at a request.

use std::sync::Arc;

use crate::access::route::Route;
use crate::dialect::endpoint::EndpointRef;

/// Where a request goes.
#[derive(Clone, Debug)]
pub enum Target {
    /// To a backend, if admitted.
    Route(Arc<Route>),
    /// To an endpoint of ours.
    Endpoint(EndpointRef),
}

/// Host and path patterns with their targets.
#[derive(Debug, Default)]
pub struct Table {}
