//! Files that are sent as the whole body and read while they arrive.

use crate::platform::{
    Platform,
    error::{Error, Result},
};
use futures_util::{Stream, StreamExt};
use poem::{Body as PoemBody, Request, RequestBody};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaMediaType, MetaRequest, MetaSchema, MetaSchemaRef, Registry},
};

/// A CSV file as the body of a request. Nothing is read before the handler asks for it.
pub struct CsvFile {
    body: Result<PoemBody>,
    limit: usize,
}

impl CsvFile {
    /// The bytes as they arrive; after too many of them the file ends with [`Error::TooLarge`].
    pub fn open(self) -> Result<impl Stream<Item = Result<Vec<u8>>> + Send + Unpin> {
        let limit = self.limit;
        let mut left = limit;
        let bytes = self.body?.into_bytes_stream().map(move |piece| {
            let piece = piece.map_err(|_| {
                Error::Malformed(crate::platform::Violation::new("", "body", "The file broke off. You can send it again."))
            })?;
            left = left.checked_sub(piece.len()).ok_or(Error::TooLarge(limit))?;
            Ok(piece.to_vec())
        });
        Ok(Box::pin(bytes))
    }
}

impl<'a> ApiExtractor<'a> for CsvFile {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    const PARAM_IS_REQUIRED: bool = true;
    type ParamType = ();
    type ParamRawType = ();

    fn register(_: &mut Registry) {}

    fn request_meta() -> Option<MetaRequest> {
        let schema = MetaSchemaRef::Inline(Box::new(MetaSchema::new_with_format("string", "binary")));
        let content = vec![MetaMediaType { content_type: "text/csv", schema }];
        Some(MetaRequest { description: None, content, required: true })
    }

    async fn from_request(request: &'a Request, body: &mut RequestBody, _: ExtractParamOptions<()>) -> poem::Result<Self> {
        let limit = request.data::<Platform>().map_or(1 << 20, |platform| platform.config.import_limit);
        let body = take(request, body, limit);
        Ok(Self { body, limit })
    }
}

fn take(request: &Request, body: &mut RequestBody, limit: usize) -> Result<PoemBody> {
    let given = request.content_type().unwrap_or_default();
    if !given.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("text/csv") {
        return Err(Error::WrongType("text/csv"));
    }
    // A file that says it is too large is refused before any of it is used.
    let said = request.header("content-length").and_then(|length| length.parse::<usize>().ok());
    if said.is_some_and(|length| length > limit) {
        return Err(Error::TooLarge(limit));
    }
    body.take().map_err(|_| Error::bug("the body was read twice"))
}
