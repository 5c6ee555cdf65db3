//! Reading ahead, and reducing, with several threads, handing out in order.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use super::FrameStack;
use crate::error::{Error, Result};
use crate::frame::Frame;

/// Frames of a stack, or what is made of them, in order, by several threads: made by
/// [`FrameStack::stream`] and [`FrameStack::map_stream`]. A frame that cannot be read is an
/// error in its place; the others follow.
pub struct Stream<T = Frame> {
    shared: Arc<Shared<T>>,
    next: usize,
    end: usize,
    workers: Vec<JoinHandle<()>>,
}

/// What a thread does with a frame.
type Step<T> = Box<dyn Fn(Frame) -> Result<T> + Send + Sync>;

struct Shared<T> {
    stack: FrameStack,
    step: Step<T>,
    state: Mutex<State<T>>,
    changed: Condvar,
    /// Frames in memory: being read, or waiting for those before.
    window: usize,
    end: usize,
}

struct State<T> {
    /// The next frame that nobody reads yet.
    start: usize,
    /// The first frame that was not handed out.
    wanted: usize,
    done: BTreeMap<usize, Result<T>>,
    stop: bool,
    working: usize,
}

impl<T> Shared<T> {
    fn make(&self, index: usize) -> Result<T> {
        (self.step)(self.stack.frame(index)?)
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State<T>>) -> MutexGuard<'a, State<T>> {
        self.changed
            .wait(state)
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        /// Wakes the others also if reading panics, so that nobody waits for this thread.
        struct Leaving<'a, T>(&'a Shared<T>);
        impl<T> Drop for Leaving<'_, T> {
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
            let made = self.make(index);
            self.lock().done.insert(index, made);
            self.changed.notify_all();
        }
    }
}

impl<T: Send + 'static> Stream<T> {
    pub(super) fn start(
        stack: FrameStack,
        range: Range<usize>,
        threads: usize,
        step: Step<T>,
    ) -> Self {
        let threads = threads.clamp(1, range.len().max(1));
        let shared = Arc::new(Shared {
            stack,
            step,
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

impl<T> Iterator for Stream<T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Result<T>> {
        if self.next >= self.end {
            return None;
        }
        let index = self.next;
        self.next += 1;
        let mut state = self.shared.lock();
        loop {
            if let Some(made) = state.done.remove(&index) {
                state.wanted = index + 1;
                drop(state);
                self.shared.changed.notify_all();
                return Some(made);
            }
            if state.working == 0 {
                // No thread could be started, or it left.
                drop(state);
                return Some(self.shared.make(index));
            }
            state = self.shared.wait(state);
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.end.saturating_sub(self.next);
        (left, Some(left))
    }
}

impl<T> Drop for Stream<T> {
    fn drop(&mut self) {
        self.shared.lock().stop = true;
        self.shared.changed.notify_all();
        for worker in self.workers.drain(..) {
            // A panic of a worker was met as an error of its frame.
            let _ = worker.join();
        }
    }
}

impl<T> std::fmt::Debug for Stream<T> {
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

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::super::{FrameStack, StackOptions, encode_tiff};
    use crate::frame::Frame;

    #[test]
    fn results_of_steps_come_in_order_with_errors_in_their_place() {
        let frames: Vec<Frame> = (0..20)
            .map(|i| Frame::new(Array2::from_elem((3, 4), i as f32)).unwrap())
            .collect();
        let bytes = encode_tiff(&frames).unwrap();
        let stack = FrameStack::from_bytes("s.tif", bytes, &StackOptions::default()).unwrap();
        for threads in [1, 3] {
            let sums = stack.map_stream(0..20, threads, |frame| {
                let sum: f32 = frame.as_slice().iter().sum();
                if sum == 12.0 * 7.0 {
                    return Frame::new(Array2::zeros((0, 0))).map(|_| 0.0);
                }
                Ok(sum)
            });
            for (i, sum) in sums.enumerate() {
                match sum {
                    Ok(sum) => assert_eq!(sum, 12.0 * i as f32),
                    Err(_) => assert_eq!(i, 7),
                }
            }
        }
    }
}
