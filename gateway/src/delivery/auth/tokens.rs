//! The tokens of one project's destinations.
//!
//! A token is fetched once for all the deliveries that wait for it, and kept until it ends by the gateway's
//! clock or a destination answers 401 to it. A failure is told to those who wait and then forgotten, so that
//! the next attempt tries anew. A token that came without an end is kept until a 401.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use tokio::time::Instant;

use super::grant::{Grant, IssuedToken, TokenError, TokenStep};
use crate::clock::Micros;
use crate::delivery::client::Deliverer;
use crate::services::Services;
use crate::store::StoreError;

/// The part of a token endpoint's answer that is read, in bytes.
const ANSWER_READ: usize = 64 * 1024;

/// A token as deliveries use it.
#[derive(Clone)]
pub(super) struct AccessToken {
    pub(super) value: Arc<str>,
    expires_at: Option<Micros>,
    serial: u64,
}

/// Where a token in use came from, so that it can be given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UsedToken {
    destination_id: String,
    serial: u64,
    /// Whether it was there before this delivery asked.
    pub(crate) kept: bool,
}

type TokenFetch = Shared<BoxFuture<'static, Result<AccessToken, TokenError>>>;

enum TokenState {
    Empty,
    Fetching(TokenFetch),
    Kept(AccessToken),
}

struct TokenSlot {
    /// The digests of the grants this slot serves: the destination's own, and the one it has after its
    /// refresh token was exchanged.
    grants: Vec<[u8; 32]>,
    /// The refresh token after the one in the oldest of these grants.
    refresh_token: Option<String>,
    state: TokenState,
    serial: u64,
}

type TokenSlots = Mutex<HashMap<String, TokenSlot>>;

/// All tokens of a project, by destination.
pub(crate) struct TokenCache {
    slots: Arc<TokenSlots>,
    fetcher: TokenFetcher,
}

impl std::fmt::Debug for TokenCache {
    /// Shows none of them.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenCache").finish_non_exhaustive()
    }
}

/// What fetching a token needs.
#[derive(Clone)]
struct TokenFetcher {
    deliverer: Arc<Deliverer>,
    services: Services,
}

impl TokenCache {
    /// No tokens yet; they are asked for through `deliverer`.
    pub(crate) fn new(deliverer: Arc<Deliverer>, services: Services) -> Self {
        Self {
            slots: Arc::default(),
            fetcher: TokenFetcher {
                deliverer,
                services,
            },
        }
    }

    /// The project's time.
    pub(super) fn now(&self) -> Micros {
        self.fetcher.services.clock.now()
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        lock(&self.slots).clear();
    }

    /// The token of a destination, kept or fetched until `deadline`, which is real time.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) async fn get(
        &self,
        destination_id: &str,
        grant: Grant,
        deadline: Instant,
    ) -> Result<(AccessToken, UsedToken), TokenError> {
        let now = self.now();
        let fetching = {
            let mut slots = lock(&self.slots);
            let slot = slots.entry(destination_id.to_owned()).or_default();
            slot.serve(grant.digest());
            match &slot.state {
                TokenState::Kept(token) if token.expires_at.is_none_or(|end| now < end) => {
                    return Ok((token.clone(), used(destination_id, token, true)));
                }
                TokenState::Fetching(fetching) => fetching.clone(),
                TokenState::Kept(_) | TokenState::Empty => {
                    slot.serial += 1;
                    let grant = match &slot.refresh_token {
                        Some(next) => grant.with_refresh_token(next),
                        None => grant,
                    };
                    let fetch = fetch(
                        Arc::downgrade(&self.slots),
                        self.fetcher.clone(),
                        deadline,
                        destination_id.to_owned(),
                        grant,
                        slot.serial,
                    );
                    let fetching = fetch.boxed().shared();
                    slot.state = TokenState::Fetching(fetching.clone());
                    fetching
                }
            }
        };
        let token = fetching.await?;
        let used = used(destination_id, &token, false);
        Ok((token, used))
    }

    /// Forgets a token that the destination did not accept, unless a newer one has taken its place.
    pub(crate) fn discard(&self, used: &UsedToken) {
        if let Some(slot) = lock(&self.slots).get_mut(&used.destination_id)
            && matches!(&slot.state, TokenState::Kept(token) if token.serial == used.serial)
        {
            slot.state = TokenState::Empty;
        }
    }
}

fn lock(slots: &TokenSlots) -> MutexGuard<'_, HashMap<String, TokenSlot>> {
    slots.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Fetches a token and leaves it, or its absence, in its slot. It holds the slots weakly, for it lives in
/// one of them.
async fn fetch(
    slots: Weak<TokenSlots>,
    fetcher: TokenFetcher,
    deadline: Instant,
    destination_id: String,
    grant: Grant,
    serial: u64,
) -> Result<AccessToken, TokenError> {
    let issued = fetcher.issue(&grant, deadline).await;
    if let Err(reason) = &issued {
        tracing::warn!("no token for destination {destination_id}: {reason}");
    }
    let exchanged = issued
        .as_ref()
        .ok()
        .and_then(|issued| issued.refresh_token.clone())
        .filter(|next| grant.refresh_token().is_some_and(|old| old != next));
    if let Some(next) = &exchanged {
        // Kept before it is used: the server may take the old one back as soon as this one was seen.
        fetcher
            .keep_refresh_token(&destination_id, &grant, next)
            .await;
    }
    let token = issued.map(|issued| AccessToken {
        value: issued.access_token.into(),
        expires_at: issued.expires_at,
        serial,
    });
    if let Some(slots) = slots.upgrade()
        && let Some(slot) = lock(&slots).get_mut(&destination_id)
        && slot.serial == serial
    {
        if let Some(next) = exchanged {
            slot.grants.push(grant.with_refresh_token(&next).digest());
            slot.refresh_token = Some(next);
        }
        slot.state = match &token {
            Ok(token) => TokenState::Kept(token.clone()),
            Err(_) => TokenState::Empty,
        };
    }
    token
}

fn used(destination_id: &str, token: &AccessToken, kept: bool) -> UsedToken {
    UsedToken {
        destination_id: destination_id.to_owned(),
        serial: token.serial,
        kept,
    }
}

impl Default for TokenSlot {
    fn default() -> Self {
        Self {
            grants: Vec::new(),
            refresh_token: None,
            state: TokenState::Empty,
            serial: 0,
        }
    }
}

impl TokenSlot {
    /// Makes the slot serve the grant with this digest, starting over unless it does already.
    fn serve(&mut self, grant: [u8; 32]) {
        if !self.grants.contains(&grant) {
            self.grants = vec![grant];
            self.refresh_token = None;
            self.state = TokenState::Empty;
        }
    }
}

impl TokenFetcher {
    async fn issue(&self, grant: &Grant, deadline: Instant) -> Result<IssuedToken, TokenError> {
        let clock = &self.services.clock;
        let (server, authorization, form) = match grant.step(clock.now())? {
            TokenStep::Made(issued) => return Ok(issued),
            TokenStep::Ask {
                server,
                authorization,
                form,
            } => (server, authorization, form),
        };
        let asked = self.deliverer.ask(server, authorization, form, ANSWER_READ);
        let (status, body) = tokio::time::timeout_at(deadline, asked)
            .await
            .map_err(|_| TokenError("the authorization server did not answer in time".to_owned()))?
            .map_err(|code| {
                TokenError(format!("the authorization server cannot be asked: {code}"))
            })?;
        IssuedToken::read(status, &body, clock.now())
    }

    /// Writes an exchanged refresh token into the destination's config, unless somebody has set another one.
    async fn keep_refresh_token(&self, destination_id: &str, grant: &Grant, next: &str) {
        let old = grant.refresh_token().unwrap_or_default().to_owned();
        let (id, next) = (destination_id.to_owned(), next.to_owned());
        let kept = self
            .services
            .change(move |tx| {
                tx.execute(
                    "UPDATE destinations SET config = json_set(config, '$.auth.refresh_token', ?3)
                     WHERE id = ?1 AND json_extract(config, '$.auth.refresh_token') = ?2",
                    [&id, &old, &next],
                )?;
                Ok::<_, StoreError>(())
            })
            .await;
        if let Err(error) = kept {
            tracing::error!(
                "the new refresh token of destination {destination_id} is not kept: {error}"
            );
        }
    }
}
