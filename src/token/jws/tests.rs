//! Tests of the jws.
