//! Reading ahead with several threads, handing out in order.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use super::FrameStack;
use crate::error::{Error, Result};
use crate::frame::Frame;

/// Frames of a stack in order, read by several threads: made by [`FrameStack::stream`].
/// A frame that cannot be read is an error in its place; the others follow.
pub struct Stream {
    shared: Arc<Shared>,
    next: usize,
    end: usize,
    workers: Vec<JoinHandle<()>>,
}

struct Shared {
    stack: FrameStack,
    state: Mutex<State>,
    changed: Condvar,
    /// Frames in memory: being read, or waiting for those before.
    window: usize,
    end: usize,
}

struct State {
    /// The next frame that nobody reads yet.
    start: usize,
    /// The first frame that was not handed out.
    wanted: usize,
    done: BTreeMap<usize, Result<Frame>>,
    stop: bool,
    working: usize,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed
            .wait(state)
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        /// Wakes the others also if reading panics, so that nobody waits for this thread.
        struct Leaving<'a>(&'a Shared);
        impl Drop for Leaving<'_> {
            fn drop(&mut self) {
                self.0.lock().working -= 1;
                self.0.changed.notify_all();
            }
        }
        let _leaving = Leaving(self);
        loop {
            let mut state = self.lock();
            while !state.stop && state.start < self.end && state.start >= state.wanted + self.window
            {
                state = self.wait(state);
            }
            if state.stop || state.start >= self.end {
                return;
            }
            let index = state.start;
            state.start += 1;
            drop(state);
            let frame = self.stack.frame(index);
            self.lock().done.insert(index, frame);
            self.changed.notify_all();
        }
    }
}

impl Stream {
    pub(super) fn start(stack: FrameStack, range: Range<usize>, threads: usize) -> Self {
        let threads = threads.clamp(1, range.len().max(1));
        let shared = Arc::new(Shared {
            stack,
            state: Mutex::new(State {
                start: range.start,
                wanted: range.start,
                done: BTreeMap::new(),
                stop: false,
                working: threads,
            }),
            changed: Condvar::new(),
            window: 2 * threads,
            end: range.end,
        });
        let mut workers = Vec::with_capacity(threads);
        for _ in 0..threads {
            let own = Arc::clone(&shared);
            match std::thread::Builder::new().spawn(move || own.work()) {
                Ok(worker) => workers.push(worker),
                // Fewer threads do the same; with none, `next` reads.
                Err(_) => shared.lock().working -= 1,
            }
        }
        Self {
            shared,
            next: range.start,
            end: range.end,
            workers,
        }
    }
}

impl Iterator for Stream {
    type Item = Result<Frame>;

    fn next(&mut self) -> Option<Result<Frame>> {
        if self.next >= self.end {
            return None;
        }
        let index = self.next;
        self.next += 1;
        let mut state = self.shared.lock();
        loop {
            if let Some(frame) = state.done.remove(&index) {
                state.wanted = index + 1;
                drop(state);
                self.shared.changed.notify_all();
                return Some(frame);
            }
            if state.working == 0 {
                // No thread could be started, or it left.
                drop(state);
                return Some(self.shared.stack.frame(index));
            }
            state = self.shared.wait(state);
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.end.saturating_sub(self.next);
        (left, Some(left))
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.shared.lock().stop = true;
        self.shared.changed.notify_all();
        for worker in self.workers.drain(..) {
            // A panic of a worker was met as an error of its frame.
            let _ = worker.join();
        }
    }
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream")
            .field("next", &self.next)
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}

impl FrameStack {
    /// Threads that reading ahead may use when the caller does not say.
    pub(super) fn usual_threads() -> usize {
        std::thread::available_parallelism().map_or(1, |n| n.get().min(4))
    }

    /// Checks that a range has a frame and lies in the stack.
    pub(super) fn check_range(&self, range: &Range<usize>) -> Result<()> {
        if range.start < range.end && range.end <= self.len() {
            return Ok(());
        }
        Err(Error::Value {
            file: self.file.clone(),
            key: "frames".to_owned(),
            value: format!("{}..{}", range.start, range.end),
            expected: format!("a range of at least one of the frames 0..{}", self.len()),
        })
    }
}
