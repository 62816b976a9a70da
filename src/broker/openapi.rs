//! OpenAPI 3.1 made from the table of calls and the types themselves.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::api::{self, For, Method, ROUTES, Route};
use crate::domain;

type Of = fn(&mut SchemaGenerator) -> Schema;

fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// The types that the table of calls names.
const TYPES: &[(&str, Of)] = &[
    ("BaseOffer", of::<api::BaseOffer>),
    ("Beat", of::<api::Beat>),
    ("Created", of::<api::Created>),
    ("Decided", of::<api::Decided>),
    ("Decision", of::<domain::decision::Decision>),
    ("Ended", of::<api::Ended>),
    ("Evidence", of::<domain::evidence::Evidence>),
    ("Extend", of::<api::Extend>),
    ("Extension", of::<api::Extension>),
    ("Grant", of::<domain::grant::Grant>),
    ("Grants", of::<api::Grants>),
    ("Heads", of::<api::Heads>),
    ("Info", of::<api::Info>),
    ("Page", of::<api::Page>),
    ("Permit", of::<api::Permit>),
    ("Problem", of::<api::Problem>),
    ("Recheck", of::<api::Recheck>),
    ("Request", of::<domain::request::Request>),
    ("Review", of::<api::Review>),
    ("Revoke", of::<api::Revoke>),
    ("Submission", of::<api::Submission>),
];

/// What a body or an answer is when it is no type.
const PLAIN: &[(&str, &str)] = &[
    ("bytes", "application/octet-stream"),
    ("lines", "application/x-ndjson"),
    ("events", "text/event-stream"),
    ("text", "text/plain"),
    ("json", "application/json"),
];

/// The whole document.
pub fn document() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|s| s.definitions_path = "/components/schemas".into());
    let mut generator = settings.into_generator();
    let mut paths: Map<String, Value> = Map::new();
    for route in ROUTES {
        let item = paths.entry(route.path).or_insert_with(|| json!({}));
        let method = match route.method {
            Method::Get => "get",
            Method::Post => "post",
            Method::Put => "put",
        };
        if let Value::Object(item) = item {
            item.insert(method.into(), operation(&mut generator, route));
        }
    }
    let schemas = generator.take_definitions(true);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "jit-tui broker",
            "version": api::VERSION.to_string(),
            "description": "Just-in-time approval of pipeline actions. Every refusal is a Problem. Times are Unix milliseconds.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "description": "Token of `jit-tui broker token add`; none over a unix socket."}},
        },
    })
}

fn operation(generator: &mut SchemaGenerator, route: &Route) -> Value {
    let mut answer = json!({"description": route.summary});
    if let Some(content) = content(generator, route.answer) {
        insert(&mut answer, "content", content);
    }
    let problem = content(generator, "Problem").unwrap_or_default();
    let mut op = json!({
        "operationId": route.id,
        "summary": route.summary,
        "parameters": parameters(route),
        "responses": {
            route.status.to_string(): answer,
            "default": {"description": "Refused: why, and how to mend it.", "content": problem},
        },
        "security": if route.who == For::Anyone { json!([]) } else { json!([{"bearer": []}, {}]) },
    });
    if let Some(content) = content(generator, route.body) {
        insert(&mut op, "requestBody", json!({"required": true, "content": content}));
    }
    op
}

fn insert(value: &mut Value, key: &str, part: Value) {
    if let Value::Object(map) = value {
        map.insert(key.into(), part);
    }
}

fn content(generator: &mut SchemaGenerator, name: &str) -> Option<Value> {
    if let Some((_, media)) = PLAIN.iter().find(|(plain, _)| *plain == name) {
        return Some(json!({ *media: {} }));
    }
    let (_, of) = TYPES.iter().find(|(known, _)| *known == name)?;
    Some(json!({"application/json": {"schema": of(generator)}}))
}

/// The parts of the path, and what the table's summary says of query and headers.
fn parameters(route: &Route) -> Vec<Value> {
    let parts = route.path.split('/').filter_map(|p| p.strip_prefix('{')?.strip_suffix('}'));
    let string = json!({"type": "string"});
    let number = json!({"type": "integer", "minimum": 0});
    let one = |place: &str, name: &str, required: bool, schema: &Value| json!({"in": place, "name": name, "required": required, "schema": schema});
    let mut all: Vec<Value> = parts.map(|name| one("path", name, true, &string)).collect();
    all.extend(match route.id {
        "base" => vec![one("query", "repository", true, &string), one("query", "environment", true, &string)],
        "create" | "start" => vec![one("header", "Idempotency-Key", true, &string)],
        "list" => vec![
            one("query", "after", false, &number),
            one("query", "limit", false, &number),
            one("query", "state", false, &json!({"enum": ["pending", "all"]})),
        ],
        "decide" => {
            vec![one("header", "If-Match", true, &string), one("header", "Idempotency-Key", true, &string)]
        }
        "beat" => vec![one("query", "wait", false, &number), one("query", "seq", false, &number)],
        "events" => vec![one("header", "Last-Event-ID", false, &number), one("query", "after", false, &number)],
        "audit" => vec![one("query", "after", false, &number)],
        _ => Vec::new(),
    });
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_that_the_table_names_is_known() {
        for route in ROUTES {
            for name in [route.body, route.answer] {
                let known = name.is_empty()
                    || PLAIN.iter().any(|(plain, _)| *plain == name)
                    || TYPES.iter().any(|(known, _)| *known == name);
                assert!(known, "{} names {name}", route.id);
            }
        }
    }

    #[test]
    fn the_document_has_every_call_and_every_reference_leads_somewhere() {
        let document = document();
        for route in ROUTES {
            assert!(document["paths"][route.path].is_object(), "{}", route.path);
        }
        let text = document.to_string();
        for reference in text.split("\"$ref\":\"#").skip(1) {
            let pointer = reference.split('"').next().unwrap();
            assert!(document.pointer(pointer).is_some(), "{pointer}");
        }
    }
}
