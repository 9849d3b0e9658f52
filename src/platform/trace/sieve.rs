//! What may leave in a span. Everything else stays here, whoever has put it in.

use opentelemetry::{
    InstrumentationScope, KeyValue, Value,
    trace::{SpanContext, Status, TraceState},
};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

/// The attributes that leave. None of them is about a person.
const ALLOWED: [&str; 4] = ["http.request.method", "http.response.status_code", "alongside.outcome", "alongside.statements"];

/// The span with what may leave, made anew: events, links, reasons and the state of other systems are left behind.
pub fn sifted(span: SpanData) -> SpanData {
    let (context, scope) = (span.span_context, InstrumentationScope::builder("alongside").build());
    SpanData {
        span_context: SpanContext::new(
            context.trace_id(),
            context.span_id(),
            context.trace_flags(),
            context.is_remote(),
            TraceState::NONE,
        ),
        parent_span_id: span.parent_span_id,
        parent_span_is_remote: span.parent_span_is_remote,
        span_kind: span.span_kind,
        name: if is_word(&span.name) { span.name } else { "other".into() },
        start_time: span.start_time,
        end_time: span.end_time,
        attributes: span.attributes.into_iter().filter(may_leave).collect(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: if matches!(span.status, Status::Error { .. }) { Status::error("") } else { span.status },
        instrumentation_scope: scope,
    }
}

fn may_leave(attribute: &KeyValue) -> bool {
    ALLOWED.contains(&attribute.key.as_str())
        && match &attribute.value {
            Value::I64(_) => true,
            Value::String(text) => is_word(text.as_str()),
            _ => false,
        }
}

/// Whether a text can be a name out of the source: operations, patterns of paths and kinds hold no digit, and addresses, ids
/// and tokens hold one or another sign that is not among these.
fn is_word(text: &str) -> bool {
    text.len() <= 100 && text.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, ' ' | '.' | '_' | '-' | '/' | ':' | '*'))
}
