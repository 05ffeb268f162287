//! The fixtures: serenity reads each of them into the type that it is meant for.

use serde_json::{Value, json};
use serenity::all::{
    ChannelType, CommandDataOptionValue, CommandInteraction, CurrentApplicationInfo, Guild, GuildChannel, Interaction,
    Message, PartialGuild, PrivateChannel, ResolvedValue,
};

use super::super::fixtures::{
    CUSTOMER, Invocation, STAFF, autocomplete, button, guild, mention, message::attachment, message_command, modal,
    said, select, slash,
};

fn read<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    T::deserialize(value).unwrap_or_else(|error| panic!("{error} in {value}"))
}

fn interaction(invocation: &Invocation, registered: &[Value]) -> Interaction {
    read(&invocation.object("1", "token", registered, None))
}

fn command(invocation: &Invocation, registered: &[Value]) -> CommandInteraction {
    interaction(invocation, registered).command().unwrap()
}

#[test]
fn places_and_messages_are_read() {
    assert_eq!(read::<Guild>(&guild::arriving_guild()).members.len(), 5);
    assert_eq!(read::<PartialGuild>(&guild::guild()).roles.len(), 5);
    assert_eq!(read::<Vec<GuildChannel>>(&json!(guild::channels()))[2].kind, ChannelType::Forum);
    assert_eq!(read::<GuildChannel>(&guild::thread("1", "2", "a post", CUSTOMER.id)).name, "a post");
    assert_eq!(read::<PrivateChannel>(&guild::dm()).recipient.name, CUSTOMER.name);
    read::<CurrentApplicationInfo>(&guild::application("00", 1 << 19));
    let first = said("it stopped").with(attachment("/a", "bounce.eml", "message/rfc822", 9));
    let reply = mention("see above").by(STAFF).replying_to(&first.object("7")).event("8");
    let reply = read::<Message>(&reply);
    assert_eq!(reply.referenced_message.unwrap().attachments[0].size, 9);
}

#[test]
fn every_kind_of_interaction_is_read() {
    let file = attachment("/a", "bounce.eml", "message/rfc822", 9);
    let inspect = command(&slash("inspect", &[("note", "since monday")]).with_file("file", file.clone()), &[]);
    let options = inspect.data.options();
    assert!(matches!(options[0].value, ResolvedValue::String("since monday")));
    assert!(matches!(options[1].value, ResolvedValue::Attachment(file) if file.size == 9));

    let watch = command(&slash("watch add", &[("domain", "example.com")]).by(STAFF).locale("de").in_dm(), &[]);
    assert_eq!((watch.locale.as_str(), watch.user.name.as_str(), watch.guild_id), ("de", STAFF.name, None));
    assert!(
        matches!(&watch.data.options[0].value, CommandDataOptionValue::SubCommand(inner) if inner[0].name == "domain")
    );

    let remedy = command(&message_command("Find the remedy", "no mail").on_attachment(&file), &[]);
    assert_eq!(remedy.data.resolved.messages.values().next().unwrap().attachments.len(), 1);
    assert_eq!(remedy.member.unwrap().permissions.unwrap().bits(), CUSTOMER.permissions);

    let typing = interaction(&autocomplete("check", &[("domain", "ex")]), &[]).autocomplete().unwrap();
    assert_eq!(typing.data.autocomplete().unwrap().value, "ex");
    assert_eq!(interaction(&button("again"), &[]).message_component().unwrap().data.custom_id, "again");
    assert_eq!(interaction(&select("pick", &["spf"]), &[]).message_component().unwrap().data.custom_id, "pick");
    assert_eq!(interaction(&modal("form", &[("text", "hello")]), &[]).modal_submit().unwrap().data.components.len(), 1);
}

#[test]
fn options_have_the_types_that_were_registered() {
    let registered = json!([{"id": "5", "type": 1, "name": "check", "options": [
        {"type": 5, "name": "dns-only"}, {"type": 4, "name": "tries"}, {"type": 3, "name": "domain"}
    ]}]);
    let given = slash("check", &[("domain", "1"), ("dns-only", "true"), ("tries", "3")]);
    let check = command(&given, registered.as_array().unwrap());
    let values: Vec<_> = check.data.options.into_iter().map(|option| option.value).collect();
    let wanted = [
        CommandDataOptionValue::String("1".to_owned()),
        CommandDataOptionValue::Boolean(true),
        CommandDataOptionValue::Integer(3),
    ];
    assert_eq!((check.data.id.get(), values), (5, wanted.to_vec()));
}

#[test]
#[should_panic(expected = "which `\"check\"` was not registered with")]
fn an_option_that_was_not_registered_is_a_mistake_of_the_test() {
    let registered = json!([{"id": "5", "type": 1, "name": "check", "options": []}]);
    command(&slash("check", &[("domian", "example.com")]), registered.as_array().unwrap());
}
