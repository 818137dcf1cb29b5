//! The least HTTP client that can load a server: one kept-open connection, one call at a time.
//!
//! A general client would take a good part of the two cores that the server under test should have.

use std::io::{Error, Result};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A kept-open connection to one host.
pub struct Connection {
    stream: TcpStream,
    host: String,
    buffer: Vec<u8>,
    out: Vec<u8>,
}

impl Connection {
    /// `url` is `http://host:port`, with or without anything behind it.
    pub async fn open(url: &str) -> Result<Self> {
        let host = url.trim_start_matches("http://");
        let host = host.split('/').next().unwrap_or_default().to_owned();
        let stream = TcpStream::connect(&host).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            host,
            buffer: Vec::with_capacity(8 * 1024),
            out: Vec::with_capacity(1024),
        })
    }

    /// Makes a call and answers status and body.
    pub async fn call(
        &mut self,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> Result<(u16, Vec<u8>)> {
        self.out.clear();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\n{headers}content-length: {}\r\n\r\n",
            self.host,
            body.len()
        );
        self.out.extend_from_slice(head.as_bytes());
        self.out.extend_from_slice(body.as_bytes());
        self.stream.write_all(&self.out).await?;
        let (head, body) = read_message(&mut self.stream, &mut self.buffer)
            .await?
            .ok_or_else(|| Error::other("the server closed the connection"))?;
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .ok_or_else(|| Error::other(format!("no status in {head:?}")))?;
        Ok((status, body))
    }
}

/// Reads one message with a `content-length`; `None` when the other side has closed before it.
pub async fn read_message(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
) -> Result<Option<(String, Vec<u8>)>> {
    let mut searched = 0;
    let end = loop {
        let from = searched.max(3) - 3;
        if let Some(at) = buffer[from..].windows(4).position(|w| w == b"\r\n\r\n") {
            break from + at + 4;
        }
        searched = buffer.len();
        if stream.read_buf(buffer).await? == 0 {
            return match buffer.is_empty() {
                true => Ok(None),
                false => Err(Error::other("closed inside a message")),
            };
        }
    };
    let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
    let length = header(&head, "content-length")
        .map_or(Ok(0), str::parse)
        .map_err(|_| Error::other("a content-length that is no number"))?;
    while buffer.len() < end + length {
        if stream.read_buf(buffer).await? == 0 {
            return Err(Error::other("closed inside a body"));
        }
    }
    let body = buffer[end..end + length].to_vec();
    buffer.drain(..end + length);
    Ok(Some((head, body)))
}

/// The value of a header, by its lower-case name.
pub fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (given, value) = line.split_once(':')?;
        given.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}
