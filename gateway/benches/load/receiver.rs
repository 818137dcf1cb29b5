//! A destination that answers at once and remembers what came, by the number in the body.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::http::read_message;

/// What came: for each number how often, and when first in nanoseconds since the start.
pub struct Received {
    pub origin: Instant,
    pub times: Vec<AtomicU64>,
    pub first: Vec<AtomicU64>,
    total: AtomicU64,
    changed: Notify,
}

impl Received {
    /// Waits until `total` deliveries have come.
    pub async fn until(&self, total: u64) {
        loop {
            let changed = self.changed.notified();
            if self.total.load(Ordering::Relaxed) >= total {
                return;
            }
            changed.await;
        }
    }

    fn note(&self, body: &[u8]) {
        let digits: String = body
            .iter()
            .skip_while(|byte| !byte.is_ascii_digit())
            .take_while(|byte| byte.is_ascii_digit())
            .map(|byte| char::from(*byte))
            .collect();
        let number: usize = digits.parse().expect("a delivery with its number");
        if self.times[number].fetch_add(1, Ordering::Relaxed) == 0 {
            let now = u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX);
            self.first[number].store(now, Ordering::Relaxed);
        }
        self.total.fetch_add(1, Ordering::Relaxed);
        self.changed.notify_waiters();
    }
}

/// Listens for deliveries of webhooks numbered below `count`.
pub async fn start(count: usize) -> (SocketAddr, Arc<Received>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("the port");
    let received = Arc::new(Received {
        origin: Instant::now(),
        times: (0..count).map(|_| AtomicU64::new(0)).collect(),
        first: (0..count).map(|_| AtomicU64::new(0)).collect(),
        total: AtomicU64::new(0),
        changed: Notify::new(),
    });
    let shared = Arc::clone(&received);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, Arc::clone(&shared)));
        }
    });
    (address, received)
}

async fn serve(mut stream: TcpStream, received: Arc<Received>) {
    let mut buffer = Vec::with_capacity(8 * 1024);
    while let Ok(Some((_, body))) = read_message(&mut stream, &mut buffer).await {
        received.note(&body);
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        if stream.write_all(answer).await.is_err() {
            return;
        }
    }
}
