//! The one thread that everything runs on, and the only file that names Tokio.
//!
//! Tasks, channels and most timers of ours are smol's. russh is written for Tokio: it spawns a task
//! of Tokio's for each connection and reads from Tokio's sockets. So the outermost call is Tokio's,
//! and our executor is a future inside it. What a session waits for is Tokio's too, sockets and
//! timers: those of smol are waited for by a thread of their own, and a login that is handed over
//! from thread to thread at each of its dozen packets costs twice the processor time.

use smol::LocalExecutor;
use std::io;
use std::rc::Rc;
use std::time::Duration;
use tokio::runtime::{Builder, LocalOptions};
use tokio::time::error::Elapsed;

pub use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
pub use tokio::net::{TcpListener, TcpStream};
pub use tokio::time::sleep;

/// Starts tasks on this thread.
#[derive(Clone, Default)]
pub struct Spawner(Rc<LocalExecutor<'static>>);

impl Spawner {
    /// Starts a task that ends by itself, or with the program.
    pub fn spawn(&self, work: impl Future<Output = ()> + 'static) {
        self.0.spawn(work).detach();
    }
}

/// Runs a future, and the tasks that it spawns, on this thread until the future ends.
///
/// The future is a task itself, so that sockets know it by a task's waker. Tokio's own is not
/// always equal to its copies, and async-io wakes a waker that it replaces: the two would wake each
/// other without an end.
///
/// # Errors
///
/// The system gives no descriptors to wait with.
pub fn block_on<T>(work: impl AsyncFnOnce(Spawner) -> T) -> io::Result<T> {
    // A runtime that is nothing but this thread's: with `build` the one with many threads is linked
    // too, which russh switches on.
    let runtime = Builder::new_current_thread()
        .enable_time()
        .enable_io()
        .build_local(LocalOptions::default())?;
    let spawner = Spawner::default();
    let main = LocalExecutor::new();
    let task = main.spawn(work(spawner.clone()));
    Ok(runtime.block_on(spawner.0.run(main.run(task))))
}

/// What `work` comes to, unless it takes longer than `limit`; it is dropped then.
pub fn within<F: Future>(
    limit: Duration,
    work: F,
) -> impl Future<Output = Result<F::Output, Elapsed>> {
    // Not an async function: that would hold `work` twice, and a session has many of these.
    tokio::time::timeout(limit, work)
}

/// Lets every other task run, russh's too: smol's own `yield_now` would come back to us two hundred
/// times before Tokio is asked.
pub async fn give_way() {
    tokio::task::yield_now().await;
}

/// Listens as this socket does, which is bound and does not block.
///
/// # Errors
///
/// The socket cannot be waited for.
pub fn listener(socket: std::net::TcpListener) -> io::Result<TcpListener> {
    TcpListener::from_std(socket)
}

/// The stream of this socket, which is connected and does not block.
///
/// # Errors
///
/// The socket cannot be waited for.
pub fn stream(socket: std::net::TcpStream) -> io::Result<TcpStream> {
    TcpStream::from_std(socket)
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_io::Async;
    use smol::future::{FutureExt as _, pending, poll_fn};
    use std::os::unix::net::UnixStream;

    /// A future that waits for a socket and is woken by something else once, as the service is
    /// between signals: it sleeps on after that.
    #[test]
    fn waiting_costs_nothing() {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let mut polls = 0;
        block_on(async |_| {
            let ours = Async::new(ours).unwrap();
            let readable = poll_fn(|context| {
                polls += 1;
                ours.poll_readable(context).map(|_| ())
            });
            let moments = async {
                smol::Timer::after(Duration::from_millis(5)).await;
                smol::future::yield_now().await;
                smol::Timer::after(Duration::from_millis(50)).await;
            };
            readable.or(moments).await;
        })
        .unwrap();
        assert!(polls < 20, "polled {polls} times");
    }

    #[test]
    fn who_gives_way_is_overtaken_by_a_task_of_tokio() {
        let overtaken = block_on(async |_| {
            let other = tokio::spawn(async {});
            give_way().await;
            other.is_finished()
        });
        assert!(overtaken.unwrap());
    }

    #[test]
    fn work_ends_in_time_or_with_the_limit() {
        let hour = Duration::from_secs(3600);
        block_on(async |_| {
            assert_eq!(within(hour, async { 7 }).await.ok(), Some(7));
            assert!(within(Duration::from_millis(5), pending::<()>()).await.is_err());
        })
        .unwrap();
    }
}
