//! A server below HTTP: it does to its connections what no HTTP library would.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What the server does once it has read a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Keeps the connection and says nothing.
    Silent,
    /// Closes the connection.
    CloseAfterRequest,
    /// Promises a body and closes in the middle of it.
    TruncatedBody,
    /// The same within a chunk.
    TruncatedChunks,
    /// Answers something that is not HTTP.
    NotHttp,
}

pub struct Raw {
    address: std::net::SocketAddr,
    requests: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Raw {
    pub async fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let requests = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&requests);
        let task = tokio::spawn(async move {
            let mut silent = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                if !read_request(&mut stream).await {
                    continue;
                }
                counter.fetch_add(1, Ordering::SeqCst);
                let answer: &[u8] = match behaviour {
                    Behaviour::Silent => {
                        silent.push(stream);
                        continue;
                    }
                    Behaviour::CloseAfterRequest => b"",
                    Behaviour::TruncatedBody => {
                        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"id\": \"src"
                    }
                    Behaviour::TruncatedChunks => {
                        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n20\r\n{\"id\":"
                    }
                    Behaviour::NotHttp => b"220 mail.example ESMTP\r\n",
                };
                // The client may be gone by now, which is its own affair.
                let _ = stream.write_all(answer).await;
                let _ = stream.shutdown().await;
            }
        });
        Self {
            address,
            requests,
            task,
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many whole requests came in.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Reads the head and the body of one request; tells whether there was one.
async fn read_request(stream: &mut TcpStream) -> bool {
    let mut read = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some(head) = read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&read[..head]).to_lowercase();
            let length = text
                .lines()
                .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())
                .unwrap_or(0_usize);
            if read.len() >= head + 4 + length {
                return true;
            }
        }
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return false,
            Ok(count) => read.extend_from_slice(&buffer[..count]),
        }
    }
}
