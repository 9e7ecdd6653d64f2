//! Bodies of requests: each within size and time (LEDGER, limits), all of them together within memory.

use std::collections::HashSet;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::{FromRequest, Request};
use sekisho_wire::id::OfficeId;
use tokio::sync::oneshot::{Receiver, Sender, channel};

use super::visit::token_of;
use super::{Hall, blocking};
use crate::authority::{Caller, Peer};
use crate::line::{Full, Lane, Line, Shares};
use crate::locks::lock;
use crate::metrics::Cut;
use crate::refusal::Refusal;
use crate::writer::GROUP_MAX;

/// Memory for bodies that are being read or worked on, in pieces. The first piece of each is free: connections are counted, and small
/// requests get through while somebody holds all room with large ones that never end. What becomes of a batch (unsealed, decoded, sealed
/// again) is several times as large as its body, so only some are worked on at a time, one of each terminal; the others wait as the bodies that they are,
/// offices in turn.
#[derive(Clone, Debug)]
pub struct Rooms {
    terminals: Arc<Mutex<Shares>>,
    persons: Arc<Mutex<Shares>>,
    strangers: Arc<Mutex<Shares>>,
    /// Threads for what persons ask.
    visits: Arc<Mutex<Shares>>,
    batches: Arc<Mutex<Turns>>,
    /// How long a batch waits for its turn.
    patience: Duration,
}

impl Rooms {
    /// Works on a terminal's batch when its turn has come: no more at a time than one commit takes, for more would only wait for the next, and one of a
    /// terminal, for its next goes on where that one ends. The turn ends with the work, not with the request: whoever hangs up has his batch worked on
    /// all the same.
    ///
    /// # Errors
    /// [`Refusal::Busy`] when the turn does not come soon, else what the work says.
    pub(super) async fn work_on_batch<T: Send + 'static>(
        &self,
        peer: Peer,
        work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let mut wait = Wait::enter(&self.batches, peer)?;
        let turn = tokio::time::timeout(self.patience, wait.turn()).await.map_err(|_| Refusal::Busy)??;
        blocking(move || {
            let _turn = turn;
            work()
        })
        .await
    }
}

impl Rooms {
    /// Room to work on what somebody of an office asks, until it is dropped: long searches must not keep others' short questions from the threads that
    /// all share.
    ///
    /// # Errors
    /// [`Refusal::Busy`] when as much of this office is worked on as it may have.
    pub(crate) fn for_visit(&self, office: OfficeId) -> Result<Room, Refusal> {
        let mut room = Room { shares: Arc::clone(&self.visits), office: Some(office), pieces: 0 };
        room.grow(1).map(|()| room).map_err(|_| Refusal::Busy)
    }

    /// How many batches would have their turn before one more of this office.
    pub(super) fn ahead(&self, office: Option<OfficeId>) -> usize {
        lock(&self.batches).line.ahead(office)
    }
}

impl Default for Rooms {
    fn default() -> Self {
        let room = |bytes: usize| Arc::new(Mutex::new(Shares::of(bytes / PIECE)));
        let turns = Turns { free: GROUP_MAX, at_work: HashSet::new(), line: Line::new(WAITING_MAX) };
        let batches = Arc::new(Mutex::new(turns));
        let visits = Arc::new(Mutex::new(Shares::of(VISITS)));
        Self {
            terminals: room(TERMINALS_ROOM),
            persons: room(PERSONS_ROOM),
            strangers: room(STRANGERS_ROOM),
            visits,
            batches,
            patience: TURN_TIME,
        }
    }
}

/// Who may work on a batch, and who waits for that. While one is free only those wait whose terminal has its turn already.
#[derive(Debug)]
struct Turns {
    free: usize,
    /// Whose batches are worked on.
    at_work: HashSet<Peer>,
    line: Line<Waits>,
}

/// Whose batch waits.
#[derive(Debug)]
struct Waits {
    peer: Peer,
    comes: Sender<Turn>,
}

/// One of them; with its end it passes to the next.
#[derive(Debug)]
struct Turn {
    turns: Arc<Mutex<Turns>>,
    peer: Peer,
}

impl Turns {
    /// Gives what is free to those whose turn it is. One who has just gone drops it again, and so it goes on.
    fn give(turns: &Arc<Mutex<Self>>) {
        loop {
            // Not held while a turn is sent: one that nobody takes is given back here.
            let next = lock(turns).next();
            let Some(Waits { peer, comes }) = next else { return };
            drop(comes.send(Turn { turns: Arc::clone(turns), peer }));
        }
    }

    fn next(&mut self) -> Option<Waits> {
        if self.free == 0 {
            return None;
        }
        let next = self.line.next(|waits| !self.at_work.contains(&waits.peer))?;
        self.free -= 1;
        self.at_work.insert(next.peer.clone());
        Some(next)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        {
            let mut turns = lock(&self.turns);
            turns.free += 1;
            turns.at_work.remove(&self.peer);
        }
        Turns::give(&self.turns);
    }
}

/// Somebody in that line; he leaves it when he is dropped.
struct Wait {
    turns: Arc<Mutex<Turns>>,
    comes: Option<Receiver<Turn>>,
}

impl Wait {
    fn enter(turns: &Arc<Mutex<Turns>>, peer: Peer) -> Result<Self, Refusal> {
        let (comes, receiver) = channel();
        let lane = Lane::Of(peer.office);
        lock(turns).line.enter(lane, Waits { peer, comes }).map_err(|Full| Refusal::Busy)?;
        Turns::give(turns);
        Ok(Self { turns: Arc::clone(turns), comes: Some(receiver) })
    }

    async fn turn(&mut self) -> Result<Turn, Refusal> {
        let gone = || Refusal::Unavailable { cause: "no batches are worked on any more".into() };
        let turn = self.comes.as_mut().ok_or_else(gone)?.await;
        self.comes = None;
        turn.map_err(|_| gone())
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        if let Some(comes) = self.comes.take() {
            drop(comes);
            lock(&self.turns).line.retain(|waits| !waits.comes.is_closed());
        }
    }
}

/// A request's whole body, and the room that it takes until it is dropped.
#[derive(Debug)]
pub(crate) struct Content {
    bytes: Vec<u8>,
    _room: Room,
}

/// What of the memory a body takes, or of the threads a question.
#[derive(Debug)]
pub(crate) struct Room {
    shares: Arc<Mutex<Shares>>,
    office: Option<OfficeId>,
    pieces: usize,
}

impl Room {
    /// Makes it so large, if it is not yet.
    fn grow(&mut self, pieces: usize) -> Result<(), Unread> {
        let more = pieces.saturating_sub(self.pieces);
        if more > 0 && !lock(&self.shares).take(self.office, more) {
            return Err(Unread::NoRoom);
        }
        self.pieces += more;
        Ok(())
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if self.pieces > 0 {
            lock(&self.shares).give_back(self.office, self.pieces);
        }
    }
}

impl Content {
    /// The body.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl FromRequest<Hall> for Content {
    type Rejection = Refusal;

    async fn from_request(request: Request<Body>, hall: &Hall) -> Result<Self, Refusal> {
        let terminal = request.extensions().get::<Caller>().map(|caller| caller.peer.office);
        let person = || token_of(request.headers()).and_then(|token| hall.ledger.office_of_token(token));
        let (shares, office) = match (terminal, terminal.map_or_else(person, |_| None)) {
            (Some(office), _) => (&hall.rooms.terminals, Some(office)),
            (None, Some(office)) => (&hall.rooms.persons, Some(office)),
            (None, None) => (&hall.rooms.strangers, None),
        };
        let room = Room { shares: Arc::clone(shares), office, pieces: 0 };
        let keeper = &hall.ledger.doorkeeper;
        let whole = tokio::time::timeout(BODY_TIME, whole(request.into_body(), room)).await;
        let whole = whole.map_err(|_| {
            keeper.cut(Cut::BodySlow);
            Refusal::Malformed("the body did not come within 30 seconds")
        })?;
        whole.map_err(|unread| match unread {
            Unread::Broken => {
                keeper.cut(Cut::BodyBroken);
                Refusal::Malformed("the body broke off")
            }
            Unread::TooLarge => Refusal::TooLarge,
            Unread::NoRoom => Refusal::Busy,
        })
    }
}

/// Why a body was not read.
#[derive(Debug)]
enum Unread {
    /// It ended before its end.
    Broken,
    /// It is larger than any.
    TooLarge,
    /// There is no memory for it now.
    NoRoom,
}

async fn whole(mut body: Body, mut room: Room) -> Result<Content, Unread> {
    let mut bytes = Vec::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let frame = frame.map_err(|_| Unread::Broken)?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > BODY_MAX {
            return Err(Unread::TooLarge);
        }
        room.grow((bytes.len() + data.len()) / PIECE)?;
        bytes.extend_from_slice(&data);
    }
    Ok(Content { bytes, _room: room })
}

const BODY_MAX: usize = 2 << 20;
const BODY_TIME: Duration = Duration::from_secs(30);
/// How long a batch waits for its turn: well below what a terminal waits for its answer, so that it hears "busy" and not nothing.
const TURN_TIME: Duration = Duration::from_secs(20);
/// As many batches may wait as there may be connections (`server.rs`).
const WAITING_MAX: usize = 4096;
/// Half of the threads that work beside the runtime.
const VISITS: usize = 256;
const PIECE: usize = 64 << 10;
/// Batches of some hundred terminals at once; more come again. One office has at most half of it.
const TERMINALS_ROOM: usize = 512 << 20;
/// Acts are small; only renewals by the hundred, and records that are brought by hand, need more than the free piece. One office has at most half of it.
const PERSONS_ROOM: usize = 64 << 20;
/// For whoever shows neither certificate nor token: a founding may be longer than the free piece, and what strangers hold is nobody else's.
const STRANGERS_ROOM: usize = 16 << 20;

#[cfg(test)]
mod tests {
    use sekisho_wire::id::Code;

    use super::*;

    const A: OfficeId = OfficeId([1; 16]);
    const B: OfficeId = OfficeId([2; 16]);

    fn terminal(office: OfficeId, number: usize) -> Peer {
        Peer { office, terminal: Code::new(&format!("t-{number}")).unwrap() }
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
    }

    #[test]
    fn no_more_batches_are_worked_on_than_one_commit_takes() {
        runtime().block_on(async {
            let rooms = Rooms { patience: Duration::from_millis(20), ..Rooms::default() };
            let (begun, begins) = std::sync::mpsc::channel();
            let mut ends = Vec::new();
            for at in 0..GROUP_MAX {
                let (end, ended) = std::sync::mpsc::channel::<()>();
                let (rooms, begun) = (rooms.clone(), begun.clone());
                let request = tokio::spawn(async move {
                    let work = move || {
                        begun.send(()).unwrap();
                        let _ = ended.recv();
                        Ok(())
                    };
                    rooms.work_on_batch(terminal(A, at), work).await
                });
                ends.push((end, request));
            }
            tokio::task::spawn_blocking(move || begins.into_iter().take(GROUP_MAX).for_each(drop)).await.unwrap();
            let comes = || terminal(A, 999);
            assert!(matches!(rooms.work_on_batch(comes(), || Ok(())).await, Err(Refusal::Busy)));
            assert_eq!(rooms.ahead(Some(A)), 0, "who has heard that waits no more");
            // One hangs up. His batch is worked on all the same, and the turn is his until that is done.
            let (end, request) = ends.pop().unwrap();
            request.abort();
            assert!(request.await.unwrap_err().is_cancelled());
            assert!(matches!(rooms.work_on_batch(comes(), || Ok(())).await, Err(Refusal::Busy)));
            drop(end);
            let patient = Rooms { patience: Duration::from_secs(60), ..rooms };
            patient.work_on_batch(comes(), || Ok(())).await.unwrap();
            drop(ends);
        });
    }

    #[test]
    fn an_office_that_floods_makes_no_other_wait_for_more_than_one_turn() {
        runtime().block_on(async {
            let rooms = Rooms { patience: Duration::from_secs(60), ..Rooms::default() };
            let turns: Vec<Turn> = {
                let mut all = Vec::new();
                for at in 0..GROUP_MAX {
                    all.push(Wait::enter(&rooms.batches, terminal(A, at)).unwrap().turn().await.unwrap());
                }
                all
            };
            let enter = |office, number| Wait::enter(&rooms.batches, terminal(office, number)).unwrap();
            let mut flood: Vec<Wait> = (100..1100).map(|number| enter(A, number)).collect();
            let (mut other, mut another) = (enter(B, 1), enter(B, 2));
            let has_come = |wait: &mut Wait| wait.comes.as_mut().unwrap().try_recv().ok();
            let (mut ends, mut worked) = (turns.into_iter(), Vec::new());
            // Each turn that ends is another's: at once the flood's first, then the other office's, whatever waits before it.
            drop(ends.next());
            worked.extend(has_come(&mut flood[0]));
            assert!(has_come(&mut other).is_none());
            drop(ends.next());
            worked.extend(has_come(&mut other));
            drop(ends.next());
            worked.extend(has_come(&mut flood[1]));
            drop(ends.next());
            worked.extend(has_come(&mut another));
            assert_eq!(worked.len(), 4);
            // Whoever goes while he waits is passed over, also where his turn has come already.
            flood.drain(2..990).for_each(drop);
            assert_eq!(rooms.ahead(Some(A)), 10);
            drop(ends.next());
            drop(flood);
            assert_eq!(rooms.ahead(Some(A)), 0);
            drop((ends, worked));
            assert_eq!(lock(&rooms.batches).free, GROUP_MAX);
        });
    }

    #[test]
    fn a_turn_that_nobody_takes_any_more_goes_to_the_next() {
        runtime().block_on(async {
            let rooms = Rooms { patience: Duration::from_secs(60), ..Rooms::default() };
            let enter = |number| Wait::enter(&rooms.batches, terminal(A, number)).unwrap();
            let mut first = enter(0);
            let first = first.turn().await.unwrap();
            // They have gone, and have not left the line yet.
            for _ in 0..3 {
                let (comes, gone) = channel();
                drop(gone);
                lock(&rooms.batches).line.enter(Lane::Of(A), Waits { peer: terminal(A, 0), comes }).unwrap();
            }
            let mut patient = enter(0);
            drop(first);
            assert!(patient.comes.as_mut().unwrap().try_recv().is_ok());
        });
    }

    #[test]
    fn a_terminal_that_comes_many_times_at_once_has_one_turn() {
        runtime().block_on(async {
            let rooms = Rooms { patience: Duration::from_secs(60), ..Rooms::default() };
            let enter = |number| Wait::enter(&rooms.batches, terminal(A, number)).unwrap();
            let mut greedy: Vec<Wait> = (0..GROUP_MAX).map(|_| enter(1)).collect();
            let first = greedy[0].turn().await.unwrap();
            assert!(greedy[1..].iter_mut().all(|wait| wait.comes.as_mut().unwrap().try_recv().is_err()));
            let colleague = enter(2).turn().await.unwrap();
            drop((first, colleague));
            let second = greedy[1].turn().await.unwrap();
            assert!(greedy[2].comes.as_mut().unwrap().try_recv().is_err());
            // Those whose turn has come go with it, one after the other.
            drop(greedy);
            drop(second);
            let turns = lock(&rooms.batches);
            assert_eq!((turns.free, turns.at_work.len()), (GROUP_MAX, 0));
        });
    }

    #[test]
    fn who_asks_much_at_once_leaves_as_much_to_others() {
        let rooms = Rooms::default();
        let mut searches: Vec<Room> = std::iter::from_fn(|| rooms.for_visit(A).ok()).collect();
        assert_eq!(searches.len(), VISITS / 2);
        assert!(matches!(rooms.for_visit(A), Err(Refusal::Busy)));
        rooms.for_visit(B).unwrap();
        searches.pop();
        rooms.for_visit(A).unwrap();
    }

    #[test]
    fn large_bodies_share_their_room_and_small_ones_need_none() {
        let runtime = runtime();
        let shares = Arc::new(Mutex::new(Shares::of(72)));
        let free = || lock(&shares).free();
        let read = |office, length: usize| {
            let room = Room { shares: Arc::clone(&shares), office, pieces: 0 };
            runtime.block_on(whole(Body::from(vec![7; length]), room))
        };
        let large = read(Some(A), BODY_MAX).unwrap();
        assert_eq!((large.bytes().len(), free()), (BODY_MAX, 40));
        assert!(matches!(read(Some(A), BODY_MAX), Err(Unread::NoRoom)), "it would have more than it leaves");
        assert_eq!(read(Some(A), PIECE - 1).unwrap().bytes().len(), PIECE - 1);
        assert_eq!(free(), 40, "what was refused holds nothing");
        let other = read(Some(B), BODY_MAX).unwrap();
        assert!(matches!(read(None, BODY_MAX), Err(Unread::NoRoom)));
        drop((large, other));
        read(None, BODY_MAX).unwrap();
        assert!(matches!(read(None, BODY_MAX + 1), Err(Unread::TooLarge)));
        assert_eq!(free(), 72);
    }
}
