//! What is happening, on standard error: one line a step, with how far it is and how long it took.

use std::{
    io::{self, IsTerminal, Write},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

/// The display. Cheap to clone.
#[derive(Clone)]
pub struct Progress(Arc<Inner>);

struct Inner {
    step: Mutex<Step>,
    /// A line is drawn again while it changes only where that works.
    terminal: bool,
}

struct Step {
    name: &'static str,
    done: usize,
    of: usize,
    began: Instant,
}

impl Progress {
    /// Nothing has begun.
    pub fn new() -> Self {
        let step = Mutex::new(Step { name: "", done: 0, of: 0, began: Instant::now() });
        Self(Arc::new(Inner { step, terminal: io::stderr().is_terminal() }))
    }

    /// The next step; with how many things there are to do, where that is known.
    pub fn begin(&self, name: &'static str, of: usize) {
        self.end();
        let mut step = self.lock();
        *step = Step { name, done: 0, of, began: Instant::now() };
        self.draw(&step, false);
    }

    /// One more is done.
    pub fn tick(&self) {
        let mut step = self.lock();
        step.done += 1;
        self.draw(&step, false);
    }

    /// The step is done.
    pub fn end(&self) {
        let step = self.lock();
        if !step.name.is_empty() {
            self.draw(&step, true);
        }
    }

    /// Name of the current step.
    pub fn step(&self) -> &'static str {
        self.lock().name
    }

    fn draw(&self, step: &Step, done: bool) {
        let count = match (step.done, step.of) {
            (_, 0) => String::new(),
            (now, of) => format!("{now} of {of}"),
        };
        let line = format!("  {:<48} {count:>12} {:>7.1} s", step.name, step.began.elapsed().as_secs_f64());
        let mut out = io::stderr().lock();
        // A display that cannot be written to stops nothing.
        let _ = match (self.0.terminal, done) {
            (true, false) => write!(out, "\r\x1b[2K{line}").and_then(|()| out.flush()),
            (true, true) => writeln!(out, "\r\x1b[2K{line}"),
            (false, true) => writeln!(out, "{line}"),
            (false, false) => Ok(()),
        };
    }

    fn lock(&self) -> MutexGuard<'_, Step> {
        self.0.step.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
