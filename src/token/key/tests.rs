//! Tests of the key.
