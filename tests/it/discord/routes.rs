//! The operations that exist, by the path templates of Discord's `openapi.json`. There are no others: a request for
//! anything else is a violation, so that a test says when the bot begins to need more.

use Body::{Callback, Commands, Edit, Execute, Message, Nothing, Other};
use Caller::{Anyone, Bot};
use Operation as Op;

/// What a request can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Operation {
    GetGateway,
    GetGatewayBot,
    GetMe,
    GetApplication,
    GetOauthApplication,
    ListCommands,
    PutCommands,
    ListGuildCommands,
    PutGuildCommands,
    Acknowledge,
    GetOriginal,
    EditOriginal,
    DeleteOriginal,
    FollowUp,
    EditFollowUp,
    DeleteFollowUp,
    GetChannel,
    EditChannel,
    ListMessages,
    CreateMessage,
    GetMessage,
    EditMessage,
    DeleteMessage,
    ShowTyping,
    React,
    StartThread,
    OpenDm,
    ListMyGuilds,
    GetGuild,
    ListChannels,
    ListRoles,
    GetMember,
}

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Whoever has the bot's token.
    Bot,
    /// Whoever knows the path; where a token is sent all the same, it must be the right one.
    Anyone,
}

/// What a request carries, which says by which rules it is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Body {
    Nothing,
    /// The answer to an interaction.
    Callback,
    /// A message in a channel.
    Message,
    /// A message by an interaction's token.
    Execute,
    /// What changes in a message.
    Edit,
    /// The full list of commands.
    Commands,
    /// Something that only `openapi.json` describes.
    Other,
}

/// One operation.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) operation: Operation,
    pub(crate) method: &'static str,
    pub(crate) template: &'static str,
    pub(crate) caller: Caller,
    pub(crate) body: Body,
}

/// The variable parts of a path, by their names in the template.
#[derive(Debug, Default)]
pub(crate) struct Params(Vec<(&'static str, String)>);

impl Params {
    /// Gives one part; panics when the template has none of that name.
    pub(crate) fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(known, _)| *known == name);
        found.map_or_else(|| panic!("no `{name}` in the template"), |(_, value)| value)
    }
}

const fn route(
    operation: Operation,
    method: &'static str,
    template: &'static str,
    caller: Caller,
    body: Body,
) -> Route {
    Route { operation, method, template, caller, body }
}

const CALLBACK: &str = "/interactions/{interaction_id}/{interaction_token}/callback";
const ORIGINAL: &str = "/webhooks/{webhook_id}/{webhook_token}/messages/@original";
const FOLLOW_UP: &str = "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}";
const MESSAGE: &str = "/channels/{channel_id}/messages/{message_id}";
const COMMANDS: &str = "/applications/{application_id}/commands";
const GUILD_COMMANDS: &str = "/applications/{application_id}/guilds/{guild_id}/commands";

/// All operations; where two templates fit a path, the first is meant.
pub(crate) static ROUTES: [Route; 32] = [
    route(Op::GetGateway, "GET", "/gateway", Anyone, Nothing),
    route(Op::GetGatewayBot, "GET", "/gateway/bot", Bot, Nothing),
    route(Op::GetMe, "GET", "/users/@me", Bot, Nothing),
    route(Op::GetApplication, "GET", "/applications/@me", Bot, Nothing),
    route(Op::GetOauthApplication, "GET", "/oauth2/applications/@me", Bot, Nothing),
    route(Op::ListCommands, "GET", COMMANDS, Bot, Nothing),
    route(Op::PutCommands, "PUT", COMMANDS, Bot, Commands),
    route(Op::ListGuildCommands, "GET", GUILD_COMMANDS, Bot, Nothing),
    route(Op::PutGuildCommands, "PUT", GUILD_COMMANDS, Bot, Commands),
    route(Op::Acknowledge, "POST", CALLBACK, Anyone, Callback),
    route(Op::GetOriginal, "GET", ORIGINAL, Anyone, Nothing),
    route(Op::EditOriginal, "PATCH", ORIGINAL, Anyone, Edit),
    route(Op::DeleteOriginal, "DELETE", ORIGINAL, Anyone, Nothing),
    route(Op::FollowUp, "POST", "/webhooks/{webhook_id}/{webhook_token}", Anyone, Execute),
    route(Op::EditFollowUp, "PATCH", FOLLOW_UP, Anyone, Edit),
    route(Op::DeleteFollowUp, "DELETE", FOLLOW_UP, Anyone, Nothing),
    route(Op::GetChannel, "GET", "/channels/{channel_id}", Bot, Nothing),
    route(Op::EditChannel, "PATCH", "/channels/{channel_id}", Bot, Other),
    route(Op::ListMessages, "GET", "/channels/{channel_id}/messages", Bot, Nothing),
    route(Op::CreateMessage, "POST", "/channels/{channel_id}/messages", Bot, Message),
    route(Op::GetMessage, "GET", MESSAGE, Bot, Nothing),
    route(Op::EditMessage, "PATCH", MESSAGE, Bot, Edit),
    route(Op::DeleteMessage, "DELETE", MESSAGE, Bot, Nothing),
    route(Op::ShowTyping, "POST", "/channels/{channel_id}/typing", Bot, Nothing),
    route(Op::React, "PUT", "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me", Bot, Nothing),
    route(Op::StartThread, "POST", "/channels/{channel_id}/messages/{message_id}/threads", Bot, Other),
    route(Op::OpenDm, "POST", "/users/@me/channels", Bot, Other),
    route(Op::ListMyGuilds, "GET", "/users/@me/guilds", Bot, Nothing),
    route(Op::GetGuild, "GET", "/guilds/{guild_id}", Bot, Nothing),
    route(Op::ListChannels, "GET", "/guilds/{guild_id}/channels", Bot, Nothing),
    route(Op::ListRoles, "GET", "/guilds/{guild_id}/roles", Bot, Nothing),
    route(Op::GetMember, "GET", "/guilds/{guild_id}/members/{user_id}", Bot, Nothing),
];

/// Finds the operation of a request; `path` is what comes after `/api/v10`.
pub(crate) fn find(method: &str, path: &str) -> Option<(&'static Route, Params)> {
    ROUTES.iter().filter(|route| route.method == method).find_map(|route| Some((route, fit(route.template, path)?)))
}

/// Gives the route of an operation.
pub(crate) fn of(operation: Operation) -> &'static Route {
    ROUTES.iter().find(|route| route.operation == operation).expect("every operation has a route")
}

fn fit(template: &'static str, path: &str) -> Option<Params> {
    let (wanted, given) = (template.split('/'), path.split('/'));
    if wanted.clone().count() != given.clone().count() {
        return None;
    }
    let mut params = Params::default();
    for (wanted, given) in wanted.zip(given) {
        match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) if !given.is_empty() => params.0.push((name, given.to_owned())),
            _ if wanted == given => {}
            _ => return None,
        }
    }
    Some(params)
}
