//! The process that answers: the same page to everybody, which of the two says the key.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

/// The running server; killed when dropped.
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
    pub fn start() -> Self {
        let own = std::env::current_exe().expect("this program");
        let mut child = Command::new(own)
            .arg("server")
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let out = child.stdout.take().expect("its output is ours");
        let mut url = String::new();
        BufReader::new(out).read_line(&mut url).expect("a line");
        let url = url.trim().to_owned();
        Self { child, url }
    }
}

/// Serves until killed.
pub fn run() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    println!("http://{}", listener.local_addr().expect("the port"));
    let replies = [reply(false), reply(true)];
    for stream in listener.incoming() {
        let replies = replies.clone();
        std::thread::spawn(move || serve(stream.expect("a connection"), &replies));
    }
}

fn serve(mut stream: TcpStream, replies: &[Vec<u8>; 2]) {
    stream.set_nodelay(true).expect("a socket");
    let (mut seen, mut chunk) = (Vec::new(), [0; 4096]);
    while let Ok(read) = stream.read(&mut chunk) {
        if read == 0 {
            return;
        }
        seen.extend_from_slice(&chunk[..read]);
        // Calls of a list have no body.
        while let Some(end) = seen.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&seen[..end]).into_owned();
            seen.drain(..end + 4);
            let reply = &replies[usize::from(head.contains("Bearer bodies"))];
            if stream.write_all(reply).is_err() {
                return;
            }
        }
    }
}

fn reply(bodies: bool) -> Vec<u8> {
    let models: Vec<Value> = (0..100).map(|row| event(row, bodies)).collect();
    let page = json!({
        "models": models,
        "pagination": {"order_by": "created_at", "dir": "desc", "limit": 100, "next": "hq_b3JkZXJlZCBieSB0aW1l"},
        "count": 100,
    });
    let page = page.to_string();
    let head = [
        "HTTP/1.1 200 OK",
        "content-type: application/json; charset=utf-8",
        "x-ratelimit-limit: 240",
        "x-ratelimit-remaining: 200",
        "x-ratelimit-reset: 2026-11-01T08:00:30.000Z",
        "retry-after: 30.11",
    ];
    format!(
        "{}\r\ncontent-length: {}\r\n\r\n{page}",
        head.join("\r\n"),
        page.len()
    )
    .into_bytes()
}

fn event(row: usize, bodies: bool) -> Value {
    let mut event = json!({
        "id": format!("evt_{row:018}"),
        "team_id": "tm_a1b2c3d4e5f6",
        "webhook_id": "web_a1b2c3d4e5f6",
        "source_id": "src_a1b2c3d4e5f6g7",
        "destination_id": "des_a1b2c3d4e5f6",
        "event_data_id": format!("edt_{row:020}"),
        "request_id": format!("req_{row:020}"),
        "attempts": 1,
        "last_attempt_at": "2026-11-01T08:00:00.120Z",
        "next_attempt_at": null,
        "response_status": 200,
        "error_code": null,
        "status": "SUCCESSFUL",
        "successful_at": "2026-11-01T08:00:00.240Z",
        "cli_id": null,
        "created_at": "2026-11-01T08:00:00.000Z",
        "updated_at": "2026-11-01T08:00:00.240Z",
    });
    if bodies {
        let lines: Vec<Value> = (0..20)
            .map(|line| json!({"sku": format!("sku-{line:04}"), "title": "A thing with a name", "quantity": line, "price": "19.90"}))
            .collect();
        event["data"] = json!({
            "url": "https://example.com/hooks",
            "method": "POST",
            "path": "/orders",
            "query": "a=1",
            "parsed_query": {"a": "1"},
            "headers": {"content-type": "application/json", "user-agent": "shop/1.0", "x-hookdeck-eventid": format!("evt_{row:018}")},
            "appended_headers": ["x-hookdeck-eventid"],
            "body": {"type": "order.created", "id": row, "lines": lines, "customer": {"name": "Ada", "email": "ada@example.com"}},
        });
    }
    event
}
