//! Traces: what a request, a job or a letter spent its time on, for an OpenTelemetry collector. Only in a program that was
//! built with `otel`, and only if a collector is named; else everything here is empty.
//!
//! A span says what was done, how long it took, and how it ended. It never says for whom: nothing of the log is made into
//! a span, callers can note only what the functions here take, and the sieve lets nothing else out.

#[cfg(feature = "otel")]
mod post;
#[cfg(feature = "otel")]
mod sieve;
#[cfg(feature = "otel")]
mod told;
#[cfg(not(feature = "otel"))]
mod untold;

#[cfg(feature = "otel")]
pub use told::{Span, Traces, Transaction, transaction};
#[cfg(not(feature = "otel"))]
pub use untold::{Span, Traces, Transaction, transaction};
