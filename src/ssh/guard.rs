//! A fault of ours ends what it befell, and nothing else.
//!
//! No code of ours panics, and no client has been seen to make a library panic. Should one, it ends
//! the connection, and the others go on: nothing of what they share stays borrowed, and what is
//! saved is saved in transactions.

use smol::future::FutureExt as _;
use std::panic::AssertUnwindSafe;

/// The same work; a panic ends it and is logged, with `what` it ended.
pub async fn guarded(what: String, work: impl Future<Output = ()>) {
    if AssertUnwindSafe(work).catch_unwind().await.is_err() {
        report(&what);
    }
}

/// Says that a fault of ours ended something.
pub fn report(what: &str) {
    log::error!(
        "a fault of ours ended {what}; everything else goes on. Please report the line above"
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use smol::LocalExecutor;
    use std::cell::RefCell;
    use std::rc::Rc;

    #[test]
    fn a_fault_ends_one_and_the_others_go_on() {
        let executor = LocalExecutor::new();
        let shared = Rc::new(RefCell::new(0));
        let (at_fault, other) = (shared.clone(), shared.clone());
        let faulty = executor.spawn(guarded("one".into(), async move {
            smol::future::yield_now().await;
            let mut held = at_fault.borrow_mut();
            *held += 1;
            assert!(*held > 1, "a fault while something shared is borrowed");
        }));
        let sound = executor.spawn(guarded("the other".into(), async move {
            while other.try_borrow_mut().is_err() {
                smol::future::yield_now().await;
            }
            *other.borrow_mut() += 10;
        }));
        smol::block_on(executor.run(async {
            faulty.await;
            sound.await;
        }));
        assert_eq!(*shared.borrow(), 11);
    }
}
