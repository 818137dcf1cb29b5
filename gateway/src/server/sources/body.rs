//! Reading the body of a webhook, within bounds of size, memory and time.

use std::time::Duration;

use axum::body::Body;
use futures_util::StreamExt;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::ingest::BODY_LIMIT;
use crate::project::ROOM_UNIT as UNIT;

/// How much of a refused body is still read, so that the producer gets to see the answer.
const DRAINED: usize = 64 * 1024 * 1024;

/// Why a body was not read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum BodyError {
    /// It stopped before its end, or for too long.
    Broken,
    /// Too much is being taken in already.
    NoRoom,
}

/// How long a producer may pause within a body, in real time.
const PAUSE: Duration = Duration::from_secs(60);

/// Takes room for a body that has grown to `length`.
fn grow<'a>(
    room: &'a Semaphore,
    taken: &mut SemaphorePermit<'a>,
    length: usize,
) -> Result<(), BodyError> {
    let wanted = length / UNIT + 1;
    let more = wanted.saturating_sub(taken.num_permits());
    let more = u32::try_from(more).map_err(|_| BodyError::NoRoom)?;
    let permit = room.try_acquire_many(more).map_err(|_| BodyError::NoRoom)?;
    taken.merge(permit);
    Ok(())
}

/// Reads the body; `None` when it is larger than the limit.
pub(super) async fn read<'a>(
    body: Body,
    room: &'a Semaphore,
) -> Result<(Option<Vec<u8>>, SemaphorePermit<'a>), BodyError> {
    let mut taken = room.try_acquire().map_err(|_| BodyError::NoRoom)?;
    let mut chunks = body.into_data_stream();
    let mut bytes = Vec::new();
    let mut seen = 0;
    while let Some(chunk) = tokio::time::timeout(PAUSE, chunks.next())
        .await
        .map_err(|_| BodyError::Broken)?
    {
        let chunk = chunk.map_err(|_| BodyError::Broken)?;
        seen += chunk.len();
        if seen > DRAINED {
            break;
        }
        if seen <= BODY_LIMIT {
            grow(room, &mut taken, seen)?;
            bytes.extend_from_slice(&chunk);
        } else {
            bytes = Vec::new();
        }
    }
    Ok(((seen <= BODY_LIMIT).then_some(bytes), taken))
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    #[tokio::test]
    async fn a_body_takes_room_and_gives_it_back() {
        let room = Semaphore::new(3);
        let (body, taken) = read(Body::from(vec![0; UNIT + 1]), &room).await.unwrap();
        assert_eq!(
            (body.unwrap().len(), room.available_permits()),
            (UNIT + 1, 1)
        );
        let refused = read(Body::from(vec![0; UNIT + 1]), &room).await;
        assert_eq!(refused.unwrap_err(), BodyError::NoRoom);
        assert_eq!(
            room.available_permits(),
            1,
            "what was refused holds nothing"
        );
        drop(taken);
        assert_eq!(room.available_permits(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_producer_that_falls_silent_is_given_up() {
        let begun = stream::once(async { Ok::<_, std::io::Error>("half") });
        let silent = begun.chain(stream::pending());
        let room = Semaphore::new(3);
        let given_up = read(Body::from_stream(silent), &room).await;
        assert_eq!(given_up.unwrap_err(), BodyError::Broken);
        assert_eq!(room.available_permits(), 3);
    }
}
