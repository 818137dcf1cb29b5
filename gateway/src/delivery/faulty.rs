//! Attempts that a fault decides.

use super::client::DeliveryOutcome;
use super::outgoing::OutgoingRequest;
use crate::clock::Micros;
use crate::events::attempt::AttemptOutcome;
use crate::faults::{Effect, InjectedFault};
use crate::wire::ErrorCode;

/// The outcome that stands in place of the delivery; `None` where the destination is called first.
pub(crate) fn in_place(
    injected: &InjectedFault,
    outgoing: &OutgoingRequest,
    now: Micros,
) -> Option<DeliveryOutcome> {
    let mut outcome = AttemptOutcome {
        requested_url: Some(outgoing.shown_url.clone()),
        http_method: Some(outgoing.method.to_string()),
        ..AttemptOutcome::default()
    };
    let mut retry_after = None;
    match &injected.effect {
        Effect::Status {
            status,
            body,
            headers,
        } => {
            outcome.response_status = Some(*status);
            outcome.body = Some(body.clone());
            outcome.delivered_at = Some(now);
            outcome.responded_at = Some(now);
            let named = headers
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case("retry-after"));
            retry_after = named.map(|(_, value)| value.clone());
        }
        Effect::Timeout => {
            outcome.error_code = Some(ErrorCode::Timeout);
            outcome.delivered_at = Some(now);
        }
        // Looked at when it was armed.
        Effect::Error(code) => {
            outcome.error_code = Some(ErrorCode::parse(code).unwrap_or(ErrorCode::Unknown))
        }
        Effect::Reset => outcome.error_code = Some(ErrorCode::ConnectionReset),
        Effect::Empty => outcome.error_code = Some(ErrorCode::SocketClosed),
        _ => return None,
    }
    Some(DeliveryOutcome {
        outcome,
        retry_after,
    })
}

/// A delivery whose answer is lost on the way back.
pub(crate) fn lost(delivered: DeliveryOutcome) -> DeliveryOutcome {
    DeliveryOutcome {
        outcome: AttemptOutcome {
            response_status: None,
            error_code: Some(ErrorCode::ConnectionReset),
            body: None,
            responded_at: None,
            ..delivered.outcome
        },
        retry_after: None,
    }
}
