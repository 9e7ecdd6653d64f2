//! Bodies of requests: each within size and time (LEDGER, limits), all of them together within memory.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::{FromRequest, Request};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Hall, blocking};
use crate::authority::Caller;
use crate::refusal::Refusal;
use crate::writer::GROUP_MAX;

/// Memory for bodies that are being read or worked on, in pieces. The first piece of each is free: connections are counted, and small
/// requests get through while somebody holds all room with large ones that never end. What becomes of a batch (unsealed, decoded, sealed
/// again) is several times as large as its body, so only some are worked on at a time; the others wait as the bodies that they are.
#[derive(Clone, Debug)]
pub struct Rooms {
    terminals: Arc<Semaphore>,
    others: Arc<Semaphore>,
    batches: Arc<Semaphore>,
    /// How long a batch waits for its turn.
    patience: Duration,
}

impl Rooms {
    /// Works on a batch when its turn has come: no more at a time than one commit takes, for more would only wait for the next. The turn ends
    /// with the work, not with the request: whoever hangs up has his batch worked on all the same.
    ///
    /// # Errors
    /// [`Refusal::Busy`] when the turn does not come soon, else what the work says.
    pub(super) async fn work_on_batch<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let turn = tokio::time::timeout(self.patience, Arc::clone(&self.batches).acquire_owned()).await;
        let turn = turn.map_err(|_| Refusal::Busy)?;
        let turn = turn.map_err(|_| Refusal::Unavailable { cause: "no batches are worked on any more".into() })?;
        blocking(move || {
            let _turn = turn;
            work()
        })
        .await
    }
}

impl Default for Rooms {
    fn default() -> Self {
        let room = |bytes: usize| Arc::new(Semaphore::new(bytes / PIECE));
        let batches = Arc::new(Semaphore::new(GROUP_MAX));
        Self { terminals: room(TERMINALS_ROOM), others: room(OTHERS_ROOM), batches, patience: TURN_TIME }
    }
}

/// A request's whole body, and the room that it takes until it is dropped.
#[derive(Debug)]
pub(super) struct Content {
    bytes: Vec<u8>,
    _room: Option<OwnedSemaphorePermit>,
}

impl Content {
    /// The body.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl FromRequest<Hall> for Content {
    type Rejection = Refusal;

    async fn from_request(request: Request<Body>, hall: &Hall) -> Result<Self, Refusal> {
        let known = request.extensions().get::<Caller>().is_some();
        let room = if known { &hall.rooms.terminals } else { &hall.rooms.others };
        let whole = tokio::time::timeout(BODY_TIME, whole(request.into_body(), room)).await;
        whole.unwrap_or(Err(Refusal::Malformed("the body did not come within 30 seconds")))
    }
}

async fn whole(mut body: Body, room: &Arc<Semaphore>) -> Result<Content, Refusal> {
    let mut bytes = Vec::new();
    let mut taken: Option<OwnedSemaphorePermit> = None;
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let frame = frame.map_err(|_| Refusal::Malformed("the body broke off"))?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > BODY_MAX {
            return Err(Refusal::TooLarge);
        }
        let needed = (bytes.len() + data.len()) / PIECE;
        let held = taken.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        if needed > held {
            let more = u32::try_from(needed - held).unwrap_or(u32::MAX);
            let more = Arc::clone(room).try_acquire_many_owned(more).map_err(|_| Refusal::Busy)?;
            match &mut taken {
                Some(taken) => taken.merge(more),
                None => taken = Some(more),
            }
        }
        bytes.extend_from_slice(&data);
    }
    Ok(Content { bytes, _room: taken })
}

const BODY_MAX: usize = 2 << 20;
const BODY_TIME: Duration = Duration::from_secs(30);
/// How long a batch waits for its turn: well below what a terminal waits for its answer, so that it hears "busy" and not nothing.
const TURN_TIME: Duration = Duration::from_secs(20);
const PIECE: usize = 64 << 10;
/// Batches of some hundred terminals at once; more come again.
const TERMINALS_ROOM: usize = 512 << 20;
/// Acts are small; only foundings and renewals by the hundred need more than the free piece.
const OTHERS_ROOM: usize = 64 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_batches_are_worked_on_than_one_commit_takes() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let rooms = Rooms { patience: Duration::from_millis(20), ..Rooms::default() };
            let (begun, begins) = std::sync::mpsc::channel();
            let mut ends = Vec::new();
            for _ in 0..GROUP_MAX {
                let (end, ended) = std::sync::mpsc::channel::<()>();
                let (rooms, begun) = (rooms.clone(), begun.clone());
                let request = tokio::spawn(async move {
                    let work = move || {
                        begun.send(()).unwrap();
                        let _ = ended.recv();
                        Ok(())
                    };
                    rooms.work_on_batch(work).await
                });
                ends.push((end, request));
            }
            tokio::task::spawn_blocking(move || begins.into_iter().take(GROUP_MAX).for_each(drop)).await.unwrap();
            assert!(matches!(rooms.work_on_batch(|| Ok(())).await, Err(Refusal::Busy)));
            // One hangs up. His batch is worked on all the same, and the turn is his until that is done.
            let (end, request) = ends.pop().unwrap();
            request.abort();
            assert!(request.await.unwrap_err().is_cancelled());
            assert!(matches!(rooms.work_on_batch(|| Ok(())).await, Err(Refusal::Busy)));
            drop(end);
            let patient = Rooms { patience: Duration::from_secs(60), ..rooms };
            patient.work_on_batch(|| Ok(())).await.unwrap();
            drop(ends);
        });
    }

    #[test]
    fn large_bodies_share_their_room_and_small_ones_need_none() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let room = Arc::new(Semaphore::new(40));
        let read = |length: usize| runtime.block_on(whole(Body::from(vec![7; length]), &room));
        let large = read(BODY_MAX).unwrap();
        assert_eq!((large.bytes().len(), room.available_permits()), (BODY_MAX, 8));
        assert!(matches!(read(BODY_MAX), Err(Refusal::Busy)));
        assert_eq!(read(PIECE - 1).unwrap().bytes().len(), PIECE - 1);
        assert_eq!(room.available_permits(), 8, "what was refused holds nothing");
        drop(large);
        read(BODY_MAX).unwrap();
        assert!(matches!(read(BODY_MAX + 1), Err(Refusal::TooLarge)));
        assert_eq!(room.available_permits(), 40);
    }
}
