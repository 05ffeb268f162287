//! Bodies that Discord refuses: fifteen by its `openapi.json`, six that only our rules see, and mentions.

use serde_json::{Value, json};

use super::super::routes::{Body, Operation};
use super::super::{openapi, rules};

fn quiet() -> Value {
    json!({"parse": []})
}

fn answer(data: &Value) -> Value {
    let mut data = data.clone();
    data["allowed_mentions"] = quiet();
    json!({"type": 4, "data": data})
}

fn command(more: &Value) -> Value {
    let mut command = json!({"name": "check", "description": "Looks at a domain", "type": 1});
    for (key, value) in more.as_object().unwrap() {
        command[key] = value.clone();
    }
    json!([command])
}

fn option(more: &Value) -> Value {
    let mut option = json!({"type": 3, "name": "domain", "description": "The domain"});
    for (key, value) in more.as_object().unwrap() {
        option[key] = value.clone();
    }
    command(&json!({"options": [option]}))
}

fn row(button: &Value) -> Value {
    json!({"type": 1, "components": [button]})
}

fn long(length: usize) -> String {
    "x".repeat(length)
}

const ASK: Operation = Operation::Acknowledge;
const PUT: Operation = Operation::PutCommands;

fn button() -> Value {
    json!({"type": 2, "style": 1, "label": "Refresh", "custom_id": "refresh"})
}

#[test]
fn the_document_refuses_fifteen_bodies() {
    if !openapi::present() {
        return; // there is nothing to judge by, and the rules have a test of their own
    }
    let field = json!({"name": "a", "value": "b"});
    let choice = json!({"name": "a", "value": "b"});
    let many = |what: &Value, count: usize| vec![what.clone(); count];
    let bad_button = |key: &str, value: String| {
        let mut bad = button();
        bad[key] = json!(value);
        answer(&json!({"content": "a", "components": [row(&bad)]}))
    };
    let cases = [
        ("type 99", ASK, json!({"type": 99})),
        ("content of 2001", ASK, answer(&json!({"content": long(2001)}))),
        ("11 embeds", ASK, answer(&json!({"embeds": many(&json!({"title": "a"}), 11)}))),
        ("title of 257", ASK, answer(&json!({"embeds": [{"title": long(257)}]}))),
        ("26 fields", ASK, answer(&json!({"embeds": [{"fields": many(&field, 26)}]}))),
        ("description of 4097", ASK, answer(&json!({"embeds": [{"description": long(4097)}]}))),
        ("value of 1025", ASK, answer(&json!({"embeds": [{"fields": [{"name": "a", "value": long(1025)}]}]}))),
        ("command name of 33", PUT, command(&json!({"name": long(33)}))),
        ("command description of 101", PUT, command(&json!({"description": long(101)}))),
        ("26 choices", PUT, option(&json!({"choices": many(&choice, 26)}))),
        ("choice name of 101", PUT, option(&json!({"choices": [{"name": long(101), "value": "b"}]}))),
        ("label of 81", ASK, bad_button("label", long(81))),
        ("custom_id of 101", ASK, bad_button("custom_id", long(101))),
        ("41 components", ASK, answer(&json!({"content": "a", "components": many(&row(&button()), 41)}))),
        (
            "26 options",
            PUT,
            command(&json!({"options": many(&json!({"type": 3, "name": "a", "description": "b"}), 26)})),
        ),
    ];
    for (name, operation, body) in cases {
        assert!(!openapi::problems_of_request(operation, &body).is_empty(), "{name} was let through");
    }
}

#[test]
fn the_stand_ins_own_answers_are_judged_too() {
    if openapi::present() {
        assert!(!openapi::problems_of_response(Operation::GetMe, 200, &json!({"id": "1"})).is_empty());
    }
}

#[test]
fn our_rules_refuse_six_more_which_the_document_lets_through() {
    let rows: Vec<Value> =
        (0..6).map(|at| row(&json!({"type": 2, "style": 1, "label": "a", "custom_id": format!("b{at}")}))).collect();
    let two = json!([{"description": long(3001)}, {"description": long(3001)}]);
    let nameless = json!([{"fields": [{"name": "", "value": "b"}]}]);
    let cases = [
        ("6000 in all embeds", ASK, answer(&json!({"embeds": two}))),
        ("an unknown key", ASK, answer(&json!({"content": "a", "contents": "b"}))),
        ("a name with capitals", PUT, command(&json!({"name": "Check this"}))),
        ("six rows", ASK, answer(&json!({"content": "a", "components": rows}))),
        (
            "a button to nowhere",
            ASK,
            answer(&json!({"content": "a", "components": [row(&json!({"type": 2, "style": 1, "label": "a"}))]})),
        ),
        ("an empty field name", ASK, answer(&json!({"embeds": nameless}))),
    ];
    for (name, operation, body) in cases {
        assert!(openapi::problems_of_request(operation, &body).is_empty(), "{name}: the document refuses it by now");
        let kind = super::super::routes::of(operation).body;
        assert_eq!(rules::problems(kind, &body).len(), 1, "{name}: {:?}", rules::problems(kind, &body));
    }
}

#[test]
fn a_message_must_say_that_it_mentions_nobody() {
    let said = |mentions: &Value| json!({"content": "@everyone", "allowed_mentions": mentions});
    let fine = [quiet(), json!({"parse": [], "users": [], "roles": [], "replied_user": false})];
    for mentions in fine {
        assert_eq!(rules::problems(Body::Message, &said(&mentions)), Vec::<String>::new());
    }
    let bad = [
        Value::Null,
        json!({}),
        json!({"parse": ["users"]}),
        json!({"parse": [], "users": ["1"]}),
        json!({"parse": [], "roles": ["1"]}),
        json!({"parse": [], "replied_user": true}),
        json!({"parse": [], "everyone": false}),
    ];
    for mentions in bad {
        for kind in [Body::Message, Body::Edit, Body::Execute] {
            assert_ne!(rules::problems(kind, &said(&mentions)), Vec::<String>::new(), "{mentions}");
        }
        let callback = json!({"type": 7, "data": said(&mentions)});
        assert_ne!(rules::problems(Body::Callback, &callback), Vec::<String>::new(), "{mentions}");
    }
}

#[test]
fn the_answer_to_an_interaction_may_call_one_person_whom_its_content_names_so() {
    let quiet = json!([]);
    for (content, users, roles, fits) in [
        ("For <@1>", json!(["1"]), &quiet, true),
        ("For <@1>", quiet.clone(), &quiet, true),
        ("For <@1> @everyone", json!(["1"]), &quiet, false),
        ("<@1>", json!(["1"]), &quiet, false),
        ("For <@2>", json!(["1"]), &quiet, false),
        ("For <@1>", json!(["1", "2"]), &quiet, false),
        ("For <@&1>", quiet.clone(), &json!(["1"]), false),
    ] {
        let body = json!({"content": content, "allowed_mentions": {"parse": [], "users": users, "roles": roles}});
        let answer = json!({"type": 4, "data": body.clone()});
        assert_eq!(rules::problems(Body::Callback, &answer).is_empty(), fits, "{body}");
        // An edit notifies nobody.
        let elsewhere = rules::problems(Body::Edit, &body).is_empty();
        assert_eq!(elsewhere, users == quiet && roles == &quiet, "{body}");
    }
}

#[test]
fn good_bodies_pass_both_judges() {
    let full = json!({
        "embeds": [{"title": "a", "color": 1, "fields": [{"name": "a", "value": "b", "inline": true}], "footer": {"text": "c"}}],
        "components": [row(&button()), row(&json!({"type": 2, "style": 5, "label": "a", "url": "https://mail.example"}))]
    });
    let list = json!({"type": 3, "custom_id": "pick", "options": [{"label": "a", "value": "b"}]});
    let cases = [
        (ASK, answer(&full)),
        (ASK, answer(&json!({"content": "a", "components": [row(&list)]}))),
        (ASK, json!({"type": 5, "data": {"flags": 64}})),
        (ASK, json!({"type": 6})),
        (ASK, json!({"type": 8, "data": {"choices": [{"name": "a", "value": "b"}]}})),
        (
            ASK,
            json!({"type": 9, "data": {"custom_id": "form", "title": "Report", "components": [
                {"type": 1, "components": [{"type": 4, "custom_id": "text", "style": 2, "label": "What you saw"}]}
            ]}}),
        ),
        (PUT, option(&json!({"required": true, "autocomplete": true}))),
        (PUT, command(&json!({"default_member_permissions": "32"}))),
        (PUT, json!([{"name": "Find the remedy", "type": 3}])),
    ];
    for (operation, body) in cases {
        let problems = super::super::rest::judge(operation, &body);
        assert_eq!(problems, Vec::<String>::new(), "{body}");
    }
}

#[test]
fn what_the_documentation_says_in_words_only_is_refused() {
    let two = json!([row(&button()), row(&button())]);
    let cases = [
        (Body::Callback, answer(&json!({}))),
        (Body::Callback, answer(&json!({"content": "a", "components": two}))),
        (Body::Callback, answer(&json!({"embeds": [{"title": "a", "url": "mailto:ada@example.com"}]}))),
        (Body::Callback, json!({"type": 5, "data": {"flags": 4}})),
        (Body::Callback, json!({"type": 5, "data": {"content": "early"}})),
        (Body::Callback, json!({"type": 8, "data": {"choices": [{"name": "", "value": "b"}]}})),
        (Body::Message, json!({"content": long(2001), "allowed_mentions": quiet()})),
        (Body::Commands, command(&json!({"description": ""}))),
        (Body::Commands, json!([{"name": "Find the remedy", "type": 3, "description": "a"}])),
        (
            Body::Commands,
            command(&json!({"options": [
                {"type": 3, "name": "a", "description": "b"}, {"type": 3, "name": "c", "description": "d", "required": true}
            ]})),
        ),
    ];
    for (kind, body) in cases {
        assert_ne!(rules::problems(kind, &body), Vec::<String>::new(), "{body}");
    }
}
