//! Which problems each operation can answer, as the document tells them: by what the operation has, in one place. So whoever
//! tries the document finds an answer that it does not tell.

use super::problem::{KINDS, PROBLEM_JSON};
use serde_json::{Map, Value, json};

/// Puts the problems that can occur in the place of the framework's `4XX` and `5XX`, for every operation that answers problems.
pub fn tell(document: &mut Value) {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for (path, operations) in paths.into_iter().flatten() {
        for (method, operation) in operations.as_object_mut().into_iter().flatten() {
            let statuses = statuses(path, method, operation);
            let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { continue };
            if responses.remove("4XX").is_none() {
                continue;
            }
            responses.remove("5XX");
            for (name, status, _) in KINDS.iter().filter(|(_, status, _)| statuses.contains(status)) {
                let told = json!({"$ref": format!("#/components/responses/{name}")});
                responses.entry(status.to_string()).or_insert(told);
            }
        }
    }
    if let Some(components) = document.get_mut("components").and_then(Value::as_object_mut) {
        components.insert("responses".into(), Value::Object(all()));
    }
}

/// What an operation can refuse.
fn statuses(path: &str, method: &str, operation: &Value) -> Vec<u16> {
    let parameters = || operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
    let is_in = |place: &str| parameters().any(|parameter| parameter.get("in").is_some_and(|found| found == place));
    let named = |name: &str| parameters().any(|parameter| parameter.get("name").is_some_and(|found| found == name));
    let (has_body, signed_in) = (operation.get("requestBody").is_some(), operation.get("security").is_some());
    let changes = method != "get";
    // Headers that are no text are malformed everywhere.
    let mut statuses = vec![400, 429, 503];
    let mut may = |when: bool, more: &[u16]| statuses.extend(more.iter().filter(|_| when));
    may(signed_in, &[401, 403]);
    may(signed_in || is_in("path"), &[404]);
    may(has_body, &[413, 415, 422]);
    may(is_in("query") || changes, &[422]);
    may(changes, &[409]);
    may(named("If-Match"), &[412, 428]);
    // Links and invitations end.
    let opens = path.starts_with("/invitation") || path.starts_with("/public") || !signed_in;
    may(opens && (changes || path.starts_with("/invitation")), &[403, 404, 410]);
    statuses
}

/// What every problem looks like.
fn all() -> Map<String, Value> {
    let told = KINDS.iter().filter(|(_, status, _)| *status != 405 && *status != 500).map(|(name, status, title)| {
        let schema = json!({"$ref": "#/components/schemas/Problem"});
        let mut response = json!({"description": title, "content": {PROBLEM_JSON: {"schema": schema}}});
        if let (429 | 503, Some(response)) = (status, response.as_object_mut()) {
            let wait = json!({"description": "Seconds to wait.", "required": true, "schema": {"type": "integer", "example": 5}});
            response.insert("headers".into(), json!({"Retry-After": wait}));
        }
        ((*name).to_owned(), response)
    });
    told.collect()
}
