//! What can be seen from outside: counters, the access log, the audit log. Imports
//! only `clock`; is told everything by values, and keeps no secret because it is
//! never handed one.

pub mod exchange;
