//! A bound on how long anything is waited for: no other party can make a future of ours last for
//! ever.
//!
//! A loop that reads from somebody else must yield between reads, or a sender who never pauses
//! would keep the timer, and every member's session, from being looked at.

use smol::{Timer, future};
use std::time::Duration;

/// What `work` comes to, or `None` if it takes longer than `limit`; it is dropped then.
pub async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    let late = async {
        Timer::after(limit).await;
        None
    };
    future::or(async { Some(work.await) }, late).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_with_the_work_or_with_the_limit() {
        smol::block_on(async {
            assert_eq!(within(Duration::from_secs(9), async { 7 }).await, Some(7));
            assert_eq!(within(Duration::from_millis(5), future::pending::<u8>()).await, None);
        });
    }

    #[test]
    fn busy_work_that_yields_is_ended_too() {
        let busy = async {
            loop {
                future::yield_now().await;
            }
        };
        assert_eq!(smol::block_on(within::<u8>(Duration::from_millis(5), busy)), None);
    }
}
