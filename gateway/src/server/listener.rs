//! The listener: accepts connections and serves the routes, until dropped or shut down.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use futures_util::future::BoxFuture;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tower::ServiceExt;

use super::faulty::CutConnection;

/// How long requests in progress may take to finish at a shutdown.
const GRACE: Duration = Duration::from_secs(10);
/// How long the head of a request may take, the wait on a kept-open connection included. Its headers may be a
/// hundred, with the request line 400 KiB or so: what hyper takes.
const HEADERS: Duration = Duration::from_secs(120);
/// The pause after a failed accept, which mostly means that no file descriptors are left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A running server. Dropping it closes the port and every connection at once.
#[derive(Debug)]
pub(crate) struct Server {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub(crate) fn start(listener: TcpListener, routes: Router) -> Self {
        let (stop, stopped) = watch::channel(false);
        Self {
            stop,
            task: tokio::spawn(accept(listener, routes, stopped)),
        }
    }

    /// Accepts nothing more and lets requests in progress finish, for a limited time.
    pub(crate) async fn shutdown(&mut self) {
        self.stop.send_replace(true);
        if tokio::time::timeout(GRACE, &mut self.task).await.is_err() {
            tracing::warn!("requests still in progress are cut off");
        }
    }
}

async fn accept(listener: TcpListener, routes: Router, stopped: watch::Receiver<bool>) {
    let mut stop = stopped.clone();
    // Owned here, so that ending this task closes every connection.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stop_asked(&mut stop) => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(serve(stream, peer, routes.clone(), stopped.clone()));
                }
                Err(error) => {
                    tracing::warn!("a connection could not be accepted: {error}");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// Waits until the server is asked to stop.
async fn stop_asked(stopped: &mut watch::Receiver<bool>) {
    // The sender goes only with the whole server, which is a stop too.
    let _ = stopped.wait_for(|stop| *stop).await;
}

async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    routes: Router,
    mut stopped: watch::Receiver<bool>,
) {
    // Small answers must not wait for more to come; without it they are only slower.
    let _ = stream.set_nodelay(true);
    let service = routes.map_request(move |mut request: http::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.map(axum::body::Body::new)
    });
    // A second hold on the socket, for a fault that resets the connection.
    let socket = socket2::SockRef::from(&stream).try_clone().ok();
    let service = ConnectionCutter {
        inner: TowerToHyperService::new(service),
        socket: Arc::new(socket),
    };
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS);
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let mut stopping = false;
    loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%peer, "a connection ended early: {error}");
                }
                return;
            }
            () = stop_asked(&mut stopped), if !stopping => {
                stopping = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

/// Ends the connection in place of an answer that a fault has cut off.
#[derive(Clone)]
struct ConnectionCutter<S> {
    inner: S,
    socket: Arc<Option<socket2::Socket>>,
}

impl<S> hyper::service::Service<http::Request<hyper::body::Incoming>> for ConnectionCutter<S>
where
    S: hyper::service::Service<
            http::Request<hyper::body::Incoming>,
            Response = axum::response::Response,
            Error = Infallible,
        >,
    S::Future: Send + 'static,
{
    type Response = axum::response::Response;
    type Error = std::io::Error;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn call(&self, request: http::Request<hyper::body::Incoming>) -> Self::Future {
        let answer = self.inner.call(request);
        let socket = Arc::clone(&self.socket);
        Box::pin(async move {
            let Ok(response) = answer.await;
            match response.extensions().get::<CutConnection>() {
                None => Ok(response),
                Some(cut) => {
                    if *cut == CutConnection::Reset
                        && let Some(socket) = &*socket
                    {
                        // Closing without lingering is what sends a reset; else it is an ordinary end.
                        let _ = socket.set_linger(Some(std::time::Duration::ZERO));
                    }
                    Err(std::io::Error::other("cut by a fault"))
                }
            }
        })
    }
}
