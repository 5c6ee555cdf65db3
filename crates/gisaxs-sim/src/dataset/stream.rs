//! Samples on the fly: the same samples without files, for training.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;

use super::error::Result;
use super::generator::{Generator, Record};

/// Samples in order of their index, made ahead by a pool of threads. Memory is bounded: at most
/// two blocks wait while a third is in work.
#[derive(Debug)]
pub struct Stream {
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
        let (sender, blocks) = sync_channel(2);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|e| super::Error::Argument {
                name: "threads",
                value: threads.to_string(),
                expected: format!("a number of threads that can be started ({e})"),
            })?;
        let stopped = Arc::clone(&stop);
        let maker = std::thread::spawn(move || {
            let block = block.max(1);
            let mut start = range.start;
            while start < range.end && !stopped.load(Ordering::Relaxed) {
                let end = (start + block).min(range.end);
                let records = pool.install(|| generator.range(start..end, &stopped, &|| ()));
                let failed = records.is_err();
                // Nobody listens any more, or the rest would fail the same way.
                if sender.send(records).is_err() || failed {
                    return;
                }
                start = end;
            }
        });
        Ok(Self {
            blocks: Some(blocks),
            current: Vec::new().into_iter(),
            stop,
            maker: Some(maker),
        })
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
