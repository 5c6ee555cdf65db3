//! Samples on the fly: the same samples without files, for training.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;

use super::error::Result;
use super::generator::{Generator, Record};

/// Blocks that may wait for the consumer.
const WAITING: usize = 2;

/// Samples in order of their index, made ahead by a pool of threads. Memory is bounded: at most
/// two blocks wait while a third is in work, besides the one that is being handed out.
#[derive(Debug)]
pub struct Stream {
    made: Arc<AtomicU64>,
    blocks: Option<Receiver<Result<Vec<Record>>>>,
    current: std::vec::IntoIter<Record>,
    stop: Arc<AtomicBool>,
    maker: Option<JoinHandle<()>>,
}

impl Stream {
    /// The samples of `range`, made by `threads` threads in blocks of `block` samples (at least
    /// one; whole groups waste no setups).
    ///
    /// # Errors
    /// If the threads cannot be started.
    pub fn new(
        generator: Generator,
        range: Range<u64>,
        threads: usize,
        block: u64,
    ) -> Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let (sender, blocks) = sync_channel(WAITING);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|e| super::Error::Argument {
                name: "threads",
                value: threads.to_string(),
                expected: format!("a number of threads that can be started ({e})"),
            })?;
        let stopped = Arc::clone(&stop);
        let made = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&made);
        let maker = std::thread::spawn(move || {
            let block = block.max(1);
            let mut start = range.start;
            while start < range.end && !stopped.load(Ordering::Relaxed) {
                let end = (start + block).min(range.end);
                let count = || _ = counter.fetch_add(1, Ordering::Relaxed);
                let records = pool.install(|| generator.range(start..end, &stopped, &count));
                let failed = records.is_err();
                // Nobody listens any more, or the rest would fail the same way.
                if sender.send(records).is_err() || failed {
                    return;
                }
                start = end;
            }
        });
        Ok(Self {
            made,
            blocks: Some(blocks),
            current: Vec::new().into_iter(),
            stop,
            maker: Some(maker),
        })
    }

    /// Samples made so far, handed out or not.
    #[must_use]
    pub fn made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }
}

impl Iterator for Stream {
    type Item = Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(record) = self.current.next() {
                return Some(Ok(record));
            }
            match self.blocks.as_ref()?.recv() {
                Ok(Ok(records)) => self.current = records.into_iter(),
                Ok(Err(error)) => {
                    self.blocks = None;
                    return Some(Err(error));
                }
                Err(_) => {
                    self.blocks = None;
                    return None;
                }
            }
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Closing the channel wakes a maker that waits for room.
        self.blocks = None;
        if let Some(maker) = self.maker.take() {
            // Its panic has been printed; there is nobody left to hand it to.
            let _ = maker.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::super::config::Config;
    use super::*;

    #[test]
    fn samples_are_not_made_far_ahead() {
        let generator = Generator::new(Config::preset("general").unwrap(), 1, 4096).unwrap();
        let block = 3;
        let mut stream = Stream::new(generator, 0..4096, 2, block).unwrap();
        for taken in 1..=7 {
            assert!(stream.next().unwrap().is_ok());
            // The block in hand, those that wait, and the one that waits for room.
            let bound = ((taken - 1) / block + 2 + WAITING as u64) * block;
            let deadline = Instant::now() + Duration::from_secs(60);
            while stream.made() < bound {
                assert!(Instant::now() < deadline, "{} of {bound}", stream.made());
                std::thread::sleep(Duration::from_millis(5));
            }
            std::thread::sleep(Duration::from_millis(50));
            assert_eq!(stream.made(), bound, "after {taken}");
        }
    }
}
