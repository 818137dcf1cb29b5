//! The processes under load: the gateway as a program, and a server that does nothing.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};

use axum::Router;
use axum::routing::any;
use serde_json::{Value, json};

use super::http::Connection;

const KEY: &str = "load-bench-key";

/// A running process that printed its address; killed when dropped.
pub struct Process {
    child: Child,
    pub url: String,
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let out = child.stdout.take().expect("its output is ours");
        let mut url = String::new();
        BufReader::new(out).read_line(&mut url).expect("a line");
        Self {
            child,
            url: url.trim().to_owned(),
        }
    }

    /// The gateway, keeping its data in `directory` or in memory.
    pub fn gateway(directory: Option<&Path>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hookdeck-gateway"));
        command.args(["--listen", "127.0.0.1:0", "--rate-limit", "off"]);
        command.args(["--api-key", KEY, "--seed", "1"]);
        if let Some(directory) = directory {
            command.arg("--data-dir").arg(directory);
        }
        Self::start(&mut command)
    }

    /// A server that reads the body and answers as ingestion does, and nothing else.
    pub fn bare() -> Self {
        let own = std::env::current_exe().expect("this program");
        Self::start(Command::new(own).arg("bare"))
    }

    /// Calls the API and answers its reply.
    pub async fn api(&self, method: &str, path: &str, body: &Value) -> Value {
        let mut connection = Connection::open(&self.url).await.expect("a connection");
        let headers = format!("{}content-type: application/json\r\n", authorization());
        let (status, reply) = connection
            .call(
                method,
                &format!("/2026-09-01{path}"),
                &headers,
                &body.to_string(),
            )
            .await
            .expect("a reply");
        let text = String::from_utf8_lossy(&reply);
        assert_eq!(status, 200, "{method} {path}: {text}");
        serde_json::from_str(&text).expect("a JSON reply")
    }

    /// A connection from a new source to `destination`, and the path of the source's URL.
    pub async fn connect(&self, destination: Value) -> (String, String) {
        let body = json!({
            "name": "load",
            "source": {"name": "load"},
            "destination": {"name": "load", "type": "HTTP", "config": destination},
        });
        let connection = self.api("PUT", "/connections", &body).await;
        let text = |pointer: &str| {
            connection
                .pointer(pointer)
                .and_then(Value::as_str)
                .expect("a connection")
                .to_owned()
        };
        let url = text("/source/url");
        let path = url.strip_prefix(&self.url).expect("a URL of this gateway");
        (text("/id"), path.to_owned())
    }
}

/// The header that authenticates calls of the API.
pub fn authorization() -> String {
    format!("authorization: Bearer {KEY}\r\n")
}

/// What [`Process::bare`] runs.
pub async fn serve_bare() -> ExitCode {
    let router = Router::new().fallback(any(|body: axum::body::Bytes| async move {
        json!({"status": "SUCCESS", "message": "Request handled.", "request_id": body.len()})
            .to_string()
    }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    println!("http://{}", listener.local_addr().expect("the port"));
    axum::serve(listener, router).await.expect("it serves");
    ExitCode::SUCCESS
}
