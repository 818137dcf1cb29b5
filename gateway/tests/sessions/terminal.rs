//! A websocket client that does what a test tells it.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue, Response};
use tokio_tungstenite::tungstenite::{Error, Message};

/// A handshake to be made.
pub struct Handshake {
    address: String,
    headers: Vec<(&'static str, String)>,
}

impl Handshake {
    /// With a gateway at `http://host:port`.
    pub fn with(api_url: &str) -> Self {
        Self {
            address: api_url.strip_prefix("http://").unwrap().to_owned(),
            headers: vec![("sec-websocket-protocol", "hookdeckcli-devproxy-v1".into())],
        }
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub fn key(self, key: &str) -> Self {
        use base64::Engine as _;
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{key}:"));
        self.header("authorization", format!("Basic {pair}"))
    }

    pub fn session(self, id: &str) -> Self {
        self.header("websocket-id", id)
    }

    pub async fn try_open(self) -> Result<Terminal, Box<Response<Option<Vec<u8>>>>> {
        let stream = TcpStream::connect(&self.address).await.unwrap();
        let url = format!("ws://{}/", self.address);
        let mut request = url.into_client_request().unwrap();
        for (name, value) in &self.headers {
            let name = HeaderName::from_static(name);
            request
                .headers_mut()
                .append(name, HeaderValue::from_str(value).unwrap());
        }
        match tokio_tungstenite::client_async(request, stream).await {
            Ok((socket, response)) => {
                let protocol = &response.headers()["sec-websocket-protocol"];
                assert_eq!(protocol, "hookdeckcli-devproxy-v1");
                Ok(Terminal { socket })
            }
            Err(Error::Http(response)) => Err(response),
            Err(error) => panic!("{error}"),
        }
    }

    /// The status and the message of a handshake that must be refused.
    pub async fn refused(self) -> (u16, String) {
        let Err(response) = self.try_open().await else {
            panic!("the socket was taken");
        };
        let body: Value = serde_json::from_slice(response.body().as_ref().unwrap()).unwrap();
        let message = body["error"]["message"].as_str().unwrap().to_owned();
        (response.status().as_u16(), message)
    }

    /// Opens the socket and waits until the session is attached.
    pub async fn open(self) -> Terminal {
        let Ok(mut terminal) = self.try_open().await else {
            panic!("the socket was refused");
        };
        let hello = terminal.message().await;
        assert_eq!(hello, json!({ "event": "connect_response" }));
        terminal
    }

    /// The code and the reason the gateway closes the socket with, before anything else.
    pub async fn closed(self) -> (u16, String) {
        let Ok(mut terminal) = self.try_open().await else {
            panic!("the socket was refused");
        };
        terminal.closed().await
    }
}

/// An open socket.
pub struct Terminal {
    socket: WebSocketStream<TcpStream>,
}

impl Terminal {
    /// The next message that is not of the protocol itself.
    pub async fn message(&mut self) -> Value {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("no message but {other:?}"),
            }
        }
    }

    /// The body of the next message, which must be an attempt.
    pub async fn attempt(&mut self) -> Value {
        let mut message = self.message().await;
        assert_eq!(message["event"], "attempt", "{message}");
        message["body"].take()
    }

    pub async fn say(&mut self, text: impl Into<String>) {
        let text: String = text.into();
        self.socket.send(Message::text(text)).await.unwrap();
    }

    pub async fn send(&mut self, message: Message) -> Result<(), Error> {
        self.socket.send(message).await
    }

    pub async fn respond(&mut self, body: Value) {
        let message = json!({ "event": "attempt_response", "body": body });
        self.say(message.to_string()).await;
    }

    pub async fn answer(&mut self, attempt: &Value, status: u16, data: &str) {
        self.respond(json!({
            "attempt_id": attempt["attempt_id"],
            "cli_path": attempt["cli_path"],
            "status": status,
            "data": data,
        }))
        .await;
    }

    /// Takes the next attempt and answers it.
    pub async fn serve(&mut self, status: u16) -> Value {
        let attempt = self.attempt().await;
        self.answer(&attempt, status, "").await;
        attempt
    }

    /// Closes as a client does that is done, and waits until the gateway has taken note.
    pub async fn close(self) {
        self.close_with(1000).await;
    }

    pub async fn close_with(mut self, code: u16) {
        use tokio_tungstenite::tungstenite::protocol::CloseFrame;
        let frame = CloseFrame {
            code: code.into(),
            reason: "".into(),
        };
        self.socket.close(Some(frame)).await.unwrap();
        while let Some(Ok(_)) = self.socket.next().await {}
    }

    /// Breaks off without a word, and waits until the gateway has taken note.
    pub async fn break_off(self) {
        let mut stream = self.socket.into_inner();
        stream.shutdown().await.unwrap();
        let mut rest = Vec::new();
        // A reset says the same as an end.
        let _ = stream.read_to_end(&mut rest).await;
    }

    /// The code and the reason the gateway closes the socket with.
    pub async fn closed(&mut self) -> (u16, String) {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Close(Some(frame)))) => {
                    return (frame.code.into(), frame.reason.to_string());
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("not closed but {other:?}"),
            }
        }
    }

    /// Waits for the end of the socket, whatever comes before.
    pub async fn gone(mut self) {
        while let Some(Ok(_)) = self.socket.next().await {}
    }
}
