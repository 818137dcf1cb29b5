//! Its flags, its ready line, how it is asked for its health and how it ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread;

const PROGRAM: &str = env!("CARGO_BIN_EXE_hookdeck-gateway");

/// The running program; killed when dropped.
struct Running {
    child: Child,
    url: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(flags: &[&str]) -> Running {
    let mut child = Command::new(PROGRAM)
        .args(["--listen", "127.0.0.1:0"])
        .args(flags)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let out = child.stdout.as_mut().unwrap();
    BufReader::new(out).read_line(&mut line).unwrap();
    let url = line.trim_end().to_owned();
    assert!(url.starts_with("http://127.0.0.1:"), "{url:?}");
    Running { child, url }
}

fn run(arguments: &[&str]) -> Output {
    Command::new(PROGRAM).args(arguments).output().unwrap()
}

fn refused(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(!output.status.success(), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn it_is_ready_when_it_says_so_and_tells_its_port_in_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("port");
    let running = start(&["--port-file", file.to_str().unwrap()]);
    let port = std::fs::read_to_string(&file).unwrap();
    assert!(running.url.ends_with(&format!(":{port}")), "{port}");
    let health = run(&["health", "--url", &running.url]);
    assert!(health.status.success(), "{health:?}");
}

#[test]
fn a_gateway_that_is_not_there_is_not_healthy() {
    let url = start(&[]).url.clone();
    let message = refused(&["health", "--url", &url]);
    assert!(message.contains(&url), "{message}");
    assert!(refused(&["health", "--url", "https://example.com"]).contains("http://"));
}

#[test]
fn whoever_answers_anything_but_200_is_not_healthy() {
    for (head, told) in [
        ("HTTP/1.1 503 Service Unavailable\r\n", "answers 503"),
        ("HTTP/1.1 302 Found\r\nlocation: /\r\n", "answers 302"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let mut lines = BufReader::new(&stream).lines();
            let asked = lines.next().unwrap().unwrap();
            lines.find(|line| line.as_ref().unwrap().is_empty());
            write!(&stream, "{head}content-length: 0\r\n\r\n").unwrap();
            asked
        });
        let message = refused(&["health", "--url", &format!("{url}/")]);
        assert!(message.contains(&format!("{url}/ {told}")), "{message}");
        assert_eq!(server.join().unwrap(), "GET /_gateway/ready HTTP/1.1");
    }
}

#[test]
fn flags_that_mean_nothing_are_refused_in_words() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("a-file");
    std::fs::write(&file, "").unwrap();
    for (flags, part) in [
        (["--rate-limit", "fast"], "fast"),
        (["--rate-limit", "0"], "240"),
        (["--listen", "nowhere"], "nowhere"),
        (["--seed", "-"], "seed"),
        (["--clock", "sundial"], "sundial"),
        (["--signing-secret", ""], "secret"),
        (["--public-url", "my-tunnel"], "public URL"),
        (["--visibility-lag", "15"], "15s"),
        (["--visibility-lag", "1.5s"], "15s"),
        (["--visibility-lag", "soon"], "15s"),
        (["--data-dir", file.to_str().unwrap()], "a-file"),
    ] {
        let message = refused(&flags);
        assert!(message.contains(part), "{flags:?}: {message}");
        assert!(!message.contains("panicked"), "{flags:?}: {message}");
    }
}

#[test]
fn a_public_url_with_a_password_is_refused_and_not_repeated() {
    let message = refused(&["--public-url", "https://me:word-to-hide@tunnel.example"]);
    assert!(
        message.contains("public URL") && !message.contains("hide"),
        "{message}"
    );
}

#[test]
fn the_same_key_twice_is_refused_and_not_repeated() {
    let message = refused(&[
        "--listen",
        "127.0.0.1:0",
        "--api-key",
        "key-to-hide",
        "--api-key",
        "key-to-hide",
    ]);
    assert!(
        message.contains("API key") && !message.contains("hide"),
        "{message}"
    );
}

#[test]
fn a_seed_that_was_drawn_is_told() {
    let mut running = start(&[]);
    running.child.kill().unwrap();
    let mut told = String::new();
    running
        .child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut told)
        .unwrap();
    let seed = told
        .trim()
        .strip_prefix("seed ")
        .unwrap_or_else(|| panic!("{told:?}"));
    assert!(seed.parse::<u64>().is_ok(), "{told:?}");
}

/// Asked to end, it ends well, and its directory can be used again at once.
#[test]
fn it_ends_when_asked_and_leaves_its_directory_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_str().unwrap();
    for signal in ["TERM", "INT"] {
        let mut running = start(&["--data-dir", path]);
        let asked = Command::new("kill")
            .args([&format!("-{signal}"), &running.child.id().to_string()])
            .status()
            .unwrap();
        assert!(asked.success());
        assert!(running.child.wait().unwrap().success(), "{signal}");
    }
    assert!(Path::new(path).read_dir().unwrap().count() > 0);
}

/// Two at once would disagree about what is in it.
#[test]
fn a_directory_in_use_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_str().unwrap();
    let _running = start(&["--data-dir", path]);
    let message = refused(&["--listen", "127.0.0.1:0", "--data-dir", path]);
    assert!(message.contains(path), "{message}");
}

/// The status that a source with a typing error in its body is answered.
fn written_wrong(running: &Running) -> String {
    let address = running.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let body = r#"{"name":"a","descripton":"b"}"#;
    write!(
        stream,
        "POST /2026-09-01/sources HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer gateway_test_key\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    reply
}

#[test]
fn a_typing_error_is_taken_as_live_and_refused_with_the_flag_for_it() {
    let reply = written_wrong(&start(&[]));
    assert!(reply.starts_with("HTTP/1.1 200 "), "{reply}");
    let reply = written_wrong(&start(&["--strict"]));
    assert!(reply.starts_with("HTTP/1.1 422 "), "{reply}");
    assert!(reply.contains("descripton is not allowed"), "{reply}");
}
