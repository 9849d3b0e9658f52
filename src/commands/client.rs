//! A small HTTP client for `demo` and `bench`: the same public API that everybody uses, over a kept connection.

use crate::platform::{Error, Result};
use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, StatusCode,
    body::Bytes,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use hyper_util::{
    client::legacy::{Client as Inner, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;

/// A client of one server. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct Client {
    base: String,
    inner: Inner<HttpConnector, Full<Bytes>>,
}

/// An answer.
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Body.
    pub body: Bytes,
}

impl Answer {
    /// The body as JSON, if the status tells success.
    pub fn json(&self) -> Result<Value> {
        if !self.status.is_success() {
            return Err(Error::bug(format!("status {}: {}", self.status, String::from_utf8_lossy(&self.body))));
        }
        if self.body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&self.body).map_err(|error| Error::bug(format!("the answer is not JSON: {error}")))
    }
}

impl Client {
    /// A client of the server at `base`, such as `http://127.0.0.1:8080`.
    pub fn new(base: impl Into<String>) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self { base: base.into(), inner: Inner::builder(TokioExecutor::new()).build(connector) }
    }

    /// Sends a request with a body of any kind.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        content_type: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Answer> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, content_type);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body)).map_err(|error| Error::bug(error.to_string()))?;
        let answer = self.inner.request(request).await.map_err(|error| Error::unavailable(format!("{}: {error}", self.base)))?;
        let status = answer.status();
        let body = answer.into_body().collect().await.map_err(|error| Error::unavailable(error.to_string()))?.to_bytes();
        Ok(Answer { status, body })
    }

    /// Sends JSON and reads JSON; an error status is an error.
    pub async fn call(&self, method: Method, path: &str, token: Option<&str>, body: Option<&Value>) -> Result<Value> {
        let body = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        // A change is based on whatever is there: this client is alone with its data.
        let headers: &[(&str, &str)] = if method == Method::GET { &[] } else { &[("if-match", "*")] };
        let answer = self.send(method.clone(), path, token, "application/json", headers, body).await?;
        answer.json().map_err(|error| Error::bug(format!("{method} {path}: {error}")))
    }

    /// GET.
    pub async fn get(&self, path: &str, token: Option<&str>) -> Result<Value> {
        self.call(Method::GET, path, token, None).await
    }

    /// POST.
    pub async fn post(&self, path: &str, token: Option<&str>, body: &Value) -> Result<Value> {
        self.call(Method::POST, path, token, Some(body)).await
    }

    /// PUT.
    pub async fn put(&self, path: &str, token: Option<&str>, body: &Value) -> Result<Value> {
        self.call(Method::PUT, path, token, Some(body)).await
    }
}
