//! What russh asks of a runtime, in the place of its own crate of this name.
//!
//! That one puts the future that it is given into another, which keeps it twice: as what was given,
//! and as what is waited for. A session's is 12 kB, and there are hundreds of sessions.

/// Tasks.
pub mod runtime {
    use std::fmt;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    /// A task that came to no end of its own.
    #[derive(Debug)]
    pub struct JoinError;

    /// The end of a task, to be waited for. Without it, the task goes on.
    pub struct JoinHandle<T>(tokio::task::JoinHandle<T>);

    /// Starts a task of the runtime that the caller is in.
    pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        JoinHandle(tokio::spawn(future))
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
