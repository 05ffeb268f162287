//! The commands that the bot registered.

use serde_json::{Value, json};

use super::fixtures::{APPLICATION, GUILD, snowflake};
use super::rest::{Call, Outcome, Refusal};
use super::routes::Operation;
use super::world::World;

/// Answers for the lists of commands, everywhere and in the guild.
pub(crate) fn answer(world: &mut World, call: &Call) -> Result<Outcome, Refusal> {
    if call.params.get("application_id") != APPLICATION {
        return Err(Refusal::wrong(404, 10002, "Unknown Application", "this is another application's id"));
    }
    let guild = match call.operation {
        Operation::ListGuildCommands | Operation::PutGuildCommands => Some(call.params.get("guild_id").to_owned()),
        _ => None,
    };
    if guild.as_deref().is_some_and(|guild| guild != GUILD) {
        return Err(Refusal::wrong(403, 50001, "Missing Access", "the bot is not in this guild"));
    }
    if matches!(call.operation, Operation::PutCommands | Operation::PutGuildCommands) {
        let sent = call.body.as_array().into_iter().flatten();
        let commands = sent.map(|command| registered(command, guild.as_deref())).collect();
        world.commands.insert(guild.clone(), commands);
    }
    Ok(Outcome::Json(200, json!(world.commands.get(&guild).cloned().unwrap_or_default())))
}

fn registered(sent: &Value, guild: Option<&str>) -> Value {
    let mut command = json!({
        "type": 1, "description": "", "default_member_permissions": null, "options": [], "nsfw": false,
        "name_localizations": null, "description_localizations": null, "dm_permission": true,
        "contexts": null, "integration_types": [0]
    });
    for (key, value) in sent.as_object().into_iter().flatten() {
        if !value.is_null() {
            command[key] = value.clone();
        }
    }
    for option in command["options"].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        // Discord's answer leaves out what was not set.
        option.retain(|_, value| !value.is_null() && *value != json!([]));
    }
    command["id"] = json!(snowflake());
    command["version"] = json!(snowflake());
    command["application_id"] = json!(APPLICATION);
    if let Some(guild) = guild {
        command["guild_id"] = json!(guild);
    }
    command
}
