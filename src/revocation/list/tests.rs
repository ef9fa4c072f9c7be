//! The list against a plain model, under random operations and from many threads.
