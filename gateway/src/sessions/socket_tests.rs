use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::*;
use crate::clock::{Clock, Micros};
use crate::ids::Ids;
use crate::store::Store;

/// A socket without a network. A client that does not read takes the first message and no more.
struct Pipe {
    incoming: UnboundedReceiver<Message>,
    outgoing: UnboundedSender<Message>,
    reads: bool,
    taken: usize,
}

impl Stream for Pipe {
    type Item = Result<Message, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.incoming.poll_recv(cx).map(|message| message.map(Ok))
    }
}

impl Sink<Message> for Pipe {
    type Error = Infallible;

    fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        if self.reads || self.taken == 0 {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), Infallible> {
        self.taken += 1;
        // The client may have gone.
        let _ = self.outgoing.send(message);
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }
}

/// The client's end of a pipe.
struct Client {
    to_gateway: UnboundedSender<Message>,
    from_gateway: UnboundedReceiver<Message>,
}

fn pipe(reads: bool) -> (Pipe, Client) {
    let (to_gateway, incoming) = unbounded_channel();
    let (outgoing, from_gateway) = unbounded_channel();
    let pipe = Pipe {
        incoming,
        outgoing,
        reads,
        taken: 0,
    };
    let client = Client {
        to_gateway,
        from_gateway,
    };
    (pipe, client)
}

fn session() -> SocketSession {
    let hub = Arc::new(Hub::default());
    let entered = hub.enter("cses_1", 1, false);
    let services = Services::new(
        Store::ephemeral().unwrap(),
        Clock::manual(Micros::from_i64(0)),
        Arc::new(Ids::seeded(1)),
    );
    SocketSession {
        hub,
        services,
        id: "cses_1".into(),
        epoch: 1,
        entered,
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_without_a_sign_of_life_counts_as_gone() {
    let (mut pipe, mut client) = pipe(true);
    let start = Instant::now();
    let end = session().attend(&mut pipe).await;
    assert_eq!(end, SocketEnd::Closing(SILENT));
    assert_eq!(start.elapsed(), SILENCE);
    let hello = client.from_gateway.recv().await.unwrap();
    assert_eq!(hello, Message::text(message::connected()));
    for _ in 0..2 {
        let asked = client.from_gateway.recv().await.unwrap();
        assert!(matches!(asked, Message::Ping(_)), "{asked:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_answers_pings_stays_for_as_long_as_it_likes() {
    let (mut pipe, mut client) = pipe(true);
    let start = Instant::now();
    let living = async {
        while start.elapsed() < 20 * SILENCE {
            if let Message::Ping(data) = client.from_gateway.recv().await.unwrap() {
                client.to_gateway.send(Message::Pong(data)).unwrap();
            }
        }
        client.to_gateway.send(Message::Close(None)).unwrap();
    };
    let mut session = session();
    let (end, ()) = tokio::join!(session.attend(&mut pipe), living);
    assert_eq!(end, SocketEnd::Clean);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_given_up() {
    let (mut pipe, _client) = pipe(false);
    let start = Instant::now();
    let end = session().attend(&mut pipe).await;
    assert_eq!(end, SocketEnd::Dropped);
    assert_eq!(
        start.elapsed(),
        PING + WRITE,
        "the first ping never arrives"
    );
}

#[tokio::test]
async fn a_socket_is_clean_only_when_its_client_says_so() {
    let frame = |code| {
        let reason = "".into();
        Message::Close(Some(CloseFrame { code, reason }))
    };
    for (last, expected) in [
        (Some(Message::Close(None)), SocketEnd::Clean),
        (Some(frame(1000)), SocketEnd::Clean),
        (Some(frame(1001)), SocketEnd::Dropped),
        (None, SocketEnd::Dropped),
    ] {
        let (mut pipe, client) = pipe(true);
        if let Some(last) = last.clone() {
            client.to_gateway.send(last).unwrap();
        }
        drop(client);
        let end = session().attend(&mut pipe).await;
        assert_eq!(end, expected, "{last:?}");
    }
}

#[tokio::test]
async fn a_hub_that_stopped_before_the_socket_came_closes_it() {
    let (mut pipe, _client) = pipe(true);
    let hub = Arc::new(Hub::default());
    hub.stop();
    let entered = hub.enter("cses_1", 1, false);
    let mut session = SocketSession {
        hub,
        entered,
        ..session()
    };
    assert_eq!(session.attend(&mut pipe).await, SocketEnd::Closing(STOPPED));
}
