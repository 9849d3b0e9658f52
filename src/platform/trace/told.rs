//! With `otel`: spans, as callers make them.

use super::post;
use crate::platform::{Config, Result, outward::Target, tasks::Tasks};
use futures_util::future::Either;
use opentelemetry::{
    Context, InstrumentationScope, KeyValue,
    propagation::TextMapPropagator,
    trace::{FutureExt, SpanKind, Status, TraceContextExt, Tracer, TracerProvider},
};
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{Sampler, SdkTracer, SdkTracerProvider},
};
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

/// Where traces begin: nowhere, unless a collector is named. Cheap to clone.
#[derive(Clone, Default)]
pub struct Traces(Option<Arc<Told>>);

struct Told {
    tracer: SdkTracer,
    provider: SdkTracerProvider,
    /// Those that send.
    tasks: Tasks,
}

impl Traces {
    /// Sends spans to the collector that the settings name, if they name one.
    pub fn open(config: &Config) -> Result<Self> {
        let Some(collector) = Target::read(&config.otel_url) else { return Ok(Self::default()) };
        let tasks = Tasks::new();
        let provider = SdkTracerProvider::builder()
            // Whoever began a trace has decided whether it is kept. All this is said here, so that nothing is taken from
            // variables that are none of our settings.
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOn)))
            .with_resource(Resource::builder_empty().build())
            .with_span_processor(post::Desk::open(collector, &tasks))
            .build();
        let scope = InstrumentationScope::builder("alongside").build();
        Ok(Self(Some(Arc::new(Told { tracer: provider.tracer_with_scope(scope), provider, tasks }))))
    }

    /// A request; it goes on with the trace that a trusted caller has begun.
    pub fn request(&self, method: &str, parent: Option<&str>) -> Span {
        // Until there is an answer nobody knows what was asked for; whoever hangs up leaves it at that.
        let span = self.begin("request", SpanKind::Server, || parent.map_or_else(Context::new, remote));
        span.note(|| KeyValue::new("http.request.method", method.to_owned()));
        span
    }

    /// A job.
    pub fn job(&self, kind: &'static str) -> Span {
        self.begin(&format!("job {kind}"), SpanKind::Consumer, Context::new)
    }

    /// A letter on its way out.
    pub fn letter(&self, kind: &'static str) -> Span {
        self.begin(&format!("letter {kind}"), SpanKind::Client, Context::new)
    }

    fn begin(&self, name: &str, kind: SpanKind, parent: impl FnOnce() -> Context) -> Span {
        // Parts of this work find the tracer beside the span that they are part of.
        Span(self.0.as_ref().map(|told| start(&told.tracer, name, kind, &parent().with_value(told.tracer.clone()))))
    }

    /// Sends what waits, within a few seconds, and nothing after that.
    pub async fn close(&self) {
        let Some(told) = &self.0 else { return };
        let _ = told.provider.shutdown();
        told.tasks.stop();
        let _ = tokio::time::timeout(post::LIMIT, told.tasks.finished()).await;
    }
}

/// The context of a `traceparent`. What is none begins a trace of its own. The state beside it is not taken: anything may
/// stand in it.
fn remote(parent: &str) -> Context {
    let headers = HashMap::from([("traceparent".to_owned(), parent.to_owned())]);
    TraceContextPropagator::new().extract_with_context(&Context::new(), &headers)
}

fn start(tracer: &SdkTracer, name: &str, kind: SpanKind, parent: &Context) -> Context {
    let span = tracer.span_builder(name.to_owned()).with_kind(kind).start_with_context(tracer, parent);
    parent.with_span(span)
}

/// A part of the work under way, if that is looked at.
fn part(name: &'static str) -> Option<Context> {
    Context::map_current(|parent| parent.get::<SdkTracer>().map(|tracer| start(tracer, name, SpanKind::Internal, parent)))
}

/// A piece of work under way. It ends with [`Span::answered`] or [`Span::ended`], or when it is dropped.
pub struct Span(Option<Context>);

impl Span {
    /// A part of the work under way.
    pub fn part(name: &'static str) -> Self {
        Self(part(name))
    }

    /// Does the work: what begins in it is part of this span.
    pub fn within<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        match &self.0 {
            Some(context) => Either::Left(work.with_context(context.clone())),
            None => Either::Right(work),
        }
    }

    /// A request was answered: what it asked for, by the name in the API document or the pattern of the path; and how.
    pub fn answered(&self, operation: &str, status: u16) {
        let Some(context) = &self.0 else { return };
        context.span().update_name(operation.to_owned());
        self.note(|| KeyValue::new("http.response.status_code", i64::from(status)));
        self.end(status < 500);
    }

    /// It ended: a word for how, and whether that is well.
    pub fn ended(&self, outcome: &'static str, well: bool) {
        self.note(|| KeyValue::new("alongside.outcome", outcome));
        self.end(well);
    }

    fn note(&self, what: impl FnOnce() -> KeyValue) {
        if let Some(context) = &self.0 {
            context.span().set_attribute(what());
        }
    }

    fn end(&self, well: bool) {
        let Some(context) = &self.0 else { return };
        if !well {
            context.span().set_status(Status::error(""));
        }
        context.span().end();
    }
}

/// An open transaction. It ends when it is dropped.
pub struct Transaction {
    context: Context,
    statements: AtomicI64,
}

impl Transaction {
    /// A statement was run.
    pub fn statement(&self) {
        self.statements.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        let statements = self.statements.load(Ordering::Relaxed);
        self.context.span().set_attribute(KeyValue::new("alongside.statements", statements));
        self.context.span().end();
    }
}

/// A transaction of the work under way, if that is looked at.
pub fn transaction() -> Option<Transaction> {
    part("transaction").map(|context| Transaction { context, statements: AtomicI64::new(0) })
}
