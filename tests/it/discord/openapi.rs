//! Whether a body fits Discord's own description of its interface (`discord/openapi.json` in the shared folder), where it is there.
//!
//! The document is a preview, and where Discord's documentation differs from it, the documentation is right: see
//! [`mend`]. What it does not say at all is in [`rules`](super::rules).

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use jsonschema::{Draft, Registry, Validator};
use serde_json::{Value, json};

use super::routes::{self, Operation};

/// Where the document is looked for.
pub(crate) fn path() -> PathBuf {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared");
    std::env::var_os("MAILMEDIC_SHARED").map_or_else(beside, PathBuf::from).join("discord/openapi.json")
}

static DOCUMENT: LazyLock<Option<Value>> = LazyLock::new(|| {
    let text = std::fs::read(path()).ok()?;
    Some(serde_json::from_slice(&text).expect("the OpenAPI document is JSON"))
});

static REGISTRY: LazyLock<Registry<'static>> = LazyLock::new(|| {
    let document = DOCUMENT.clone().expect("only asked for when there is a document");
    let registry = Registry::new().draft(Draft::Draft202012).add(BASE, document);
    registry.and_then(jsonschema::RegistryBuilder::prepare).expect("the OpenAPI document has no broken references")
});

const BASE: &str = "https://discord.com/openapi.json";

/// Whether there is a document to judge by.
pub(crate) fn present() -> bool {
    DOCUMENT.is_some()
}

/// Says what is wrong with the body of a request: nothing, when the document is absent.
pub(crate) fn problems_of_request(operation: Operation, body: &Value) -> Vec<String> {
    let route = routes::of(operation);
    let place = format!("/paths/{}/{}/requestBody", escape(route.template), route.method.to_lowercase());
    problems(&place, &mend(operation, body))
}

/// Says what is wrong with the stand-in's own answer.
pub(crate) fn problems_of_response(operation: Operation, status: u16, body: &Value) -> Vec<String> {
    let route = routes::of(operation);
    let place = format!("/paths/{}/{}/responses/{status}", escape(route.template), route.method.to_lowercase());
    problems(&place, body)
}

fn escape(template: &str) -> String {
    template.replace('~', "~0").replace('/', "~1").replace('{', "%7B").replace('}', "%7D")
}

fn problems(place: &str, body: &Value) -> Vec<String> {
    if !present() {
        return Vec::new();
    }
    validator(place).iter_errors(body).map(|error| format!("{}: {}", error.instance_path(), brief(&error))).collect()
}

/// An error in few words: what failed deepest, where the document offers alternatives.
fn brief(error: &jsonschema::ValidationError<'_>) -> String {
    use jsonschema::error::ValidationErrorKind::{AnyOf, OneOfNotValid};
    let (AnyOf { context } | OneOfNotValid { context }) = error.kind() else {
        return error.masked().to_string();
    };
    let deepest = context.iter().flatten().max_by_key(|inner| inner.instance_path().to_string().matches('/').count());
    deepest.map_or_else(
        || error.masked().to_string(),
        |inner| format!("no alternative fits; the nearest: {}: {}", inner.instance_path(), brief(inner)),
    )
}

/// The compiled schema at a place of the document; compiled once in a process.
fn validator(place: &str) -> Arc<Validator> {
    static COMPILED: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    let validator = compiled.entry(place.to_owned()).or_insert_with(|| {
        let schema = json!({"$ref": format!("{BASE}#{place}/content/application~1json/schema")});
        let options =
            jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true).with_registry(&REGISTRY);
        Arc::new(options.build(&schema).unwrap_or_else(|error| panic!("no schema for `{place}`: {error}")))
    });
    Arc::clone(validator)
}

/// Turns a body that Discord's documentation allows into one that the document allows.
///
/// Permissions are strings of digits in the documentation (and from serenity), and numbers in the document; the id of a
/// file that is being uploaded is its number in the request, which the document wants as a string.
fn mend(operation: Operation, body: &Value) -> Value {
    let mut body = body.clone();
    for message in ["/attachments", "/data/attachments"] {
        for attachment in body.pointer_mut(message).and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(number) = attachment["id"].as_u64() {
                attachment["id"] = json!(number.to_string());
            }
        }
    }
    if matches!(operation, Operation::PutCommands | Operation::PutGuildCommands) {
        for command in body.as_array_mut().into_iter().flatten() {
            let permissions = command["default_member_permissions"].as_str().and_then(|bits| bits.parse::<u64>().ok());
            if let Some(bits) = permissions {
                command["default_member_permissions"] = json!(bits);
            }
        }
    }
    body
}
