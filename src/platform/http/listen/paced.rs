//! A connection's bytes, with the times in which they have to come and go.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep},
};

/// What a connection is doing.
#[derive(Clone, Default)]
pub struct Phase(Arc<AtomicU8>);

impl Phase {
    /// A head is on its way, from the first byte on; a new connection begins with it.
    pub const HEAD: u8 = 0;
    /// A request is being answered.
    pub const BUSY: u8 = 1;
    /// The answer is made; what comes next begins another head.
    pub const ANSWERED: u8 = 2;

    /// Says so.
    pub fn set(&self, phase: u8) {
        self.0.store(phase, Ordering::Release);
    }

    fn get(&self) -> u8 {
        self.0.load(Ordering::Acquire)
    }

    /// Whether a request is being answered.
    pub fn is_busy(&self) -> bool {
        self.get() == Self::BUSY
    }
}

/// The connection.
pub struct Paced {
    inner: TcpStream,
    phase: Phase,
    head: Duration,
    idle: Duration,
    stall: Duration,
    /// What is waited for, and until when.
    waiting: Option<(u8, Pin<Box<Sleep>>)>,
    /// Until when something of the answer has to be taken.
    writing: Option<Pin<Box<Sleep>>>,
}

impl Paced {
    /// A head has to be there within `head`, the next one has to begin within `idle`, and of an answer something has to be
    /// taken within `stall`.
    pub fn new(inner: TcpStream, phase: Phase, head: Duration, idle: Duration, stall: Duration) -> Self {
        Self { inner, phase, head, idle, stall, waiting: None, writing: None }
    }

    /// Whether the time for reading is over. A head's time begins once, and no byte begins it anew.
    fn is_late(&mut self, context: &mut Context<'_>) -> bool {
        let phase = self.phase.get();
        if phase == Phase::BUSY {
            self.waiting = None;
            return false;
        }
        let since = self.waiting.as_ref().map(|(phase, _)| *phase);
        if since != Some(phase) {
            let wait = if phase == Phase::HEAD { self.head } else { self.idle };
            self.waiting = Some((phase, Box::pin(sleep(wait))));
        }
        self.waiting.as_mut().is_some_and(|(_, sleep)| sleep.as_mut().poll(context).is_ready())
    }
}

fn late() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the caller took too long")
}

impl AsyncRead for Paced {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.is_late(context) {
            return Poll::Ready(Err(late()));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(context, buffer);
        if read.is_ready() && buffer.filled().len() > before && self.phase.get() == Phase::ANSWERED {
            self.phase.set(Phase::HEAD);
        }
        read
    }
}

impl Paced {
    /// Passes on how writing went, and gives up when nothing was taken for too long.
    fn written<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.writing = None;
            return written;
        }
        let stall = self.stall;
        let sleep = self.writing.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(Instant::now() + stall)));
        if sleep.as_mut().poll(context).is_ready() { Poll::Ready(Err(late())) } else { Poll::Pending }
    }
}

impl AsyncWrite for Paced {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.written(context, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.inner).poll_flush(context);
        self.written(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.inner).poll_shutdown(context);
        self.written(context, shut)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(context, slices);
        self.written(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}
