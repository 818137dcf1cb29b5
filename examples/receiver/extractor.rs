//! An axum extractor: a handler that takes [`Verified`] is called with deliveries from Hookdeck and
//! with nothing else. Copy this file into your service.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRef, FromRequest, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use hookdeck::webhook::{Delivery, Verifier};

/// A delivery whose signature was right.
///
/// The state of the router must have an `Arc<Verifier>` in it: be one, or implement `FromRef`.
#[derive(Debug)]
pub struct Verified(pub Delivery);

impl<S> FromRequest<S> for Verified
where
    S: Send + Sync,
    Arc<Verifier>: FromRef<S>,
{
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let headers = request.headers().clone();
        // The bytes as they came: a body that was parsed and written anew has another signature.
        // What is longer than the router's `DefaultBodyLimit` is answered with 413 here.
        let body = Bytes::from_request(request, state)
            .await
            .map_err(IntoResponse::into_response)?;
        Arc::<Verifier>::from_ref(state)
            .receive(&headers, body)
            .map(Self)
            .map_err(|refused| {
                // For the operator; whoever sent it learns no more than that it was refused.
                eprintln!("refused: {refused}");
                StatusCode::UNAUTHORIZED.into_response()
            })
    }
}
