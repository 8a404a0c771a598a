//! What a client sends to a channel, kept until the channel gets to it.
//!
//! Whoever puts something in never waits. A channel may be waiting for its client to take output,
//! and what tells us that it did comes behind its input: if the input waited for the channel, both
//! would wait for ever. So there is a bound instead, beyond which the rest is not read.

use super::handler::ChannelEvent;
use crate::limits::{INBOX_BYTES_MAX, INBOX_EVENT_BYTES};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// The connection's end.
pub struct Postbox(Rc<RefCell<Queue>>);

/// The channel's end.
pub struct Inbox(Rc<RefCell<Queue>>);

/// What is between them. Both are on the one thread: a channel of smol's takes 2 kB for what is
/// here less than a tenth of that.
#[derive(Default)]
struct Queue {
    events: VecDeque<ChannelEvent>,
    /// The size of what was put in and not taken out, with what there was no room for.
    bytes: usize,
    /// Nothing more is put in.
    closed: bool,
    waiting: Option<Waker>,
}

/// Both ends of an empty inbox.
pub fn inbox() -> (Postbox, Inbox) {
    let queue = Rc::<RefCell<Queue>>::default();
    (Postbox(queue.clone()), Inbox(queue))
}

fn size(event: &ChannelEvent) -> usize {
    match event {
        ChannelEvent::Data(bytes) => INBOX_EVENT_BYTES + bytes.len(),
        _ => INBOX_EVENT_BYTES,
    }
}

impl Queue {
    fn put(&mut self, event: ChannelEvent) {
        self.bytes += size(&event);
        self.closed |= self.bytes > INBOX_BYTES_MAX;
        if !self.closed {
            self.events.push_back(event);
        }
        self.wake();
    }

    fn take(&mut self, context: &mut Context<'_>) -> Poll<Option<ChannelEvent>> {
        let Some(event) = self.events.pop_front() else {
            // What was pasted is gone; who types needs room for one.
            self.events.shrink_to(1);
            if self.closed {
                return Poll::Ready(None);
            }
            self.waiting = Some(context.waker().clone());
            return Poll::Pending;
        };
        self.bytes = self.bytes.saturating_sub(size(&event));
        Poll::Ready(Some(event))
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waiting.take() {
            waker.wake();
        }
    }
}

impl Postbox {
    /// Puts an event in. If it is too much, the inbox takes this and everything after it no more.
    pub fn put(&self, event: ChannelEvent) {
        self.0.borrow_mut().put(event);
    }

    /// Has the channel ended?
    pub fn is_abandoned(&self) -> bool {
        Rc::strong_count(&self.0) == 1
    }
}

impl Drop for Postbox {
    fn drop(&mut self) {
        let mut queue = self.0.borrow_mut();
        queue.closed = true;
        queue.wake();
    }
}

impl Inbox {
    /// The next event; `None`: there will be no more.
    pub async fn next(&self) -> Option<ChannelEvent> {
        poll_fn(|context| self.0.borrow_mut().take(context)).await
    }

    /// Was there too much in it?
    pub fn overflowed(&self) -> bool {
        let queue = self.0.borrow();
        queue.bytes > 0 && queue.closed && queue.events.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_ends_it_and_what_was_before_is_kept() {
        let (postbox, inbox) = inbox();
        let piece = || ChannelEvent::Data(vec![b'x'; INBOX_BYTES_MAX / 2]);
        postbox.put(piece());
        assert!(smol::block_on(inbox.next()).is_some());
        (0..3).for_each(|_| postbox.put(piece()));
        assert!(!inbox.overflowed() && !postbox.is_abandoned());
        assert!(smol::block_on(inbox.next()).is_some());
        assert!(smol::block_on(inbox.next()).is_none());
        assert!(inbox.overflowed());
        drop(inbox);
        assert!(postbox.is_abandoned());
    }

    #[test]
    fn who_just_leaves_has_not_sent_too_much() {
        let (postbox, inbox) = inbox();
        postbox.put(ChannelEvent::Eof);
        drop(postbox);
        assert!(smol::block_on(inbox.next()).is_some());
        assert!(smol::block_on(inbox.next()).is_none() && !inbox.overflowed());
    }
}
