//! Stored deliveries that no machine can have written are refused, each with the reason.
