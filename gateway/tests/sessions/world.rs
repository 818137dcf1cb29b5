//! The testkit's world with what is particular to command-line clients.

use std::ops::Deref;

use hookdeck::models::{Connection, DestinationInput, Event};
use hookdeck_gateway::GatewayBuilder;
use hookdeck_testkit::{Connect, gateway, read, seconds};
use serde_json::{Value, json};

use crate::terminal::{Handshake, Terminal};

/// A world whose connections lead to terminals.
pub struct World {
    kit: hookdeck_testkit::World,
}

impl Deref for World {
    type Target = hookdeck_testkit::World;

    fn deref(&self) -> &Self::Target {
        &self.kit
    }
}

impl World {
    pub async fn start() -> Self {
        Self::of(gateway()).await
    }

    pub async fn of(builder: GatewayBuilder) -> Self {
        let kit = hookdeck_testkit::World::of(builder).await;
        Self { kit }
    }

    /// A gateway with one connection, and a terminal on it.
    pub async fn listening() -> (Self, Connection, Terminal) {
        let world = Self::start().await;
        let connection = world.connection("shop").await;
        let terminal = world.listen(&connection).await;
        (world, connection, terminal)
    }

    /// A connection to `/hooks` of a command-line client.
    pub fn connection(&self, name: &str) -> Connect<'_> {
        let laptop = DestinationInput::cli(format!("{name}-laptop"), "/hooks");
        self.connect(name).destination(laptop)
    }

    /// A session on the connection that wants what `filters` let through.
    pub async fn session(&self, connection: &Connection, filters: Value) -> String {
        let body = json!({ "webhook_ids": [connection.id.as_str()], "filters": filters });
        hookdeck_testkit::id(&self.api.ok("POST", "/cli-sessions", body).await)
    }

    pub fn handshake(&self, session: &str) -> Handshake {
        Handshake::with(self.gateway.api_url())
            .key(self.gateway.api_key())
            .session(session)
    }

    /// A terminal with a new session on the connection.
    pub async fn listen(&self, connection: &Connection) -> Terminal {
        let session = self.session(connection, Value::Null).await;
        self.handshake(&session).open().await
    }

    /// The only event of a request, once everything is quiet.
    pub async fn settled(&self, request_id: &str) -> Event {
        self.settle().await;
        self.event_of(request_id).await
    }

    /// The only event of a request, once its attempt has waited for a terminal as long as it does.
    pub async fn given_up(&self, request_id: &str) -> Event {
        self.settle().await;
        self.advance(seconds(10)).await;
        self.event_of(request_id).await
    }

    /// A terminal with a new session on the connection, on another device.
    pub async fn listen_on(&self, device: &str, connection: &Connection) -> Terminal {
        let url = self.api.url("/cli-sessions");
        let call = self.api.http.post(url).bearer_auth(self.gateway.api_key());
        let told = json!({ "source": "cli", "device_name": device });
        let call = call.header("x-hookdeck-cli-telemetry", told.to_string());
        let body = json!({ "webhook_ids": [connection.id.as_str()] });
        let made = read(call.body(body.to_string())).await.json();
        self.handshake(&hookdeck_testkit::id(&made)).open().await
    }

    /// Ends as a gateway does that is asked to.
    pub async fn shutdown(self) {
        self.kit.gateway.shutdown().await;
    }
}

/// Status and error code of an event.
pub fn outcome(event: &Event) -> (&str, Option<&str>) {
    let code = event.error_code.as_ref().map(|code| code.as_str());
    (event.status.as_str(), code)
}

pub const UNAVAILABLE: (&str, Option<&str>) = ("FAILED", Some("CLI_UNAVAILABLE"));
