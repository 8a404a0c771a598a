//! What russh asks of a runtime, in the place of its own crate of this name.
//!
//! That one puts the future that it is given into another, which keeps it twice: as what was given,
//! and as what is waited for. A session's is 12 kB, and there are hundreds of sessions.
//!
//! This one also looks at how long a session works each time it has its turn. What a client can
//! make russh do costs us more than it costs them (a key exchange for each KEXINIT, a hash of
//! whatever they sign), and russh neither counts it nor tells anybody.

/// Tasks.
pub mod runtime {
    use rustix::time::{ClockId, clock_gettime};
    use std::fmt;
    use std::pin::Pin;
    use std::sync::Arc;
    use std::task::{Context, Poll, ready};
    use std::time::Duration;
    use tokio::time::Sleep;

    /// Whoever wants to know how long a task works, and may let it rest.
    pub trait Watch: Send + Sync {
        /// It worked for so much of the processor's time. How long shall it rest before its next
        /// turn?
        fn worked(&self, time: Duration) -> Duration;
    }

    tokio::task_local! {
        static WATCH: Arc<dyn Watch>;
    }

    /// The same future; tasks that it starts are watched.
    pub async fn watched<F: Future>(watch: Arc<dyn Watch>, future: F) -> F::Output {
        WATCH.scope(watch, future).await
    }

    /// A task that came to no end of its own.
    #[derive(Debug)]
    pub struct JoinError;

    /// The end of a task, to be waited for. Without it, the task goes on.
    pub struct JoinHandle<T>(tokio::task::JoinHandle<T>);

    /// A task with its watch.
    struct Watched<T> {
        task: Pin<Box<dyn Future<Output = T> + Send>>,
        watch: Option<Arc<dyn Watch>>,
        rest: Option<Pin<Box<Sleep>>>,
    }

    impl<T> Future for Watched<T> {
        type Output = T;

        fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
            if let Some(rest) = &mut self.rest {
                ready!(rest.as_mut().poll(context));
                self.rest = None;
            }
            let begin = processor_time();
            let polled = self.task.as_mut().poll(context);
            let worked = processor_time().saturating_sub(begin);
            let rest = self.watch.as_ref().map(|watch| watch.worked(worked)).unwrap_or_default();
            if polled.is_pending() && !rest.is_zero() {
                let mut sleep = Box::pin(tokio::time::sleep(rest));
                // It will wake this task; what the task itself waits for, it does not forget.
                if sleep.as_mut().poll(context).is_pending() {
                    self.rest = Some(sleep);
                } else {
                    context.waker().wake_by_ref();
                }
            }
            polled
        }
    }

    /// What this thread has had of the processor.
    fn processor_time() -> Duration {
        clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap_or_default()
    }

    /// Starts a task of the runtime that the caller is in.
    pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let watch = WATCH.try_with(Arc::clone).ok();
        JoinHandle(tokio::spawn(Watched { task: Box::pin(future), watch, rest: None }))
    }

    impl<T> Future for JoinHandle<T> {
        type Output = Result<T, JoinError>;

        fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
            Pin::new(&mut self.0).poll(context).map(|ended| ended.map_err(|_| JoinError))
        }
    }

    impl fmt::Display for JoinError {
        fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("a task came to no end of its own")
        }
    }

    impl std::error::Error for JoinError {}
}

/// Clocks.
pub mod time {
    pub use std::time::Instant;
}
