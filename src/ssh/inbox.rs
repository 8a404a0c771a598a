//! What a client sends to a channel, kept until the channel gets to it.
//!
//! Whoever puts something in never waits. A channel may be waiting for its client to take output,
//! and what tells us that it did comes behind its input: if the input waited for the channel, both
//! would wait for ever. So there is a bound instead, beyond which the rest is not read.

use super::handler::ChannelEvent;
use crate::limits::{INBOX_BYTES_MAX, INBOX_EVENT_BYTES};
use smol::channel::{Receiver, Sender, unbounded};
use std::cell::Cell;
use std::rc::Rc;

/// The connection's end.
pub struct Postbox {
    sender: Sender<ChannelEvent>,
    waiting: Rc<Cell<usize>>,
}

/// The channel's end.
pub struct Inbox {
    receiver: Receiver<ChannelEvent>,
    waiting: Rc<Cell<usize>>,
}

/// Both ends of an empty inbox.
pub fn inbox() -> (Postbox, Inbox) {
    let (sender, receiver) = unbounded();
    let waiting = Rc::new(Cell::new(0));
    (Postbox { sender, waiting: waiting.clone() }, Inbox { receiver, waiting })
}

fn size(event: &ChannelEvent) -> usize {
    match event {
        ChannelEvent::Data(bytes) => INBOX_EVENT_BYTES + bytes.len(),
        _ => INBOX_EVENT_BYTES,
    }
}

impl Postbox {
    /// Puts an event in. If it is too much, the inbox takes this and everything after it no more.
    pub fn put(&self, event: ChannelEvent) {
        let waiting = self.waiting.get() + size(&event);
        self.waiting.set(waiting);
        if waiting > INBOX_BYTES_MAX {
            self.sender.close();
        }
        // A channel that ended, or took too much, wants nothing more.
        let _ = self.sender.try_send(event);
    }

    /// Has the channel ended?
    pub fn is_abandoned(&self) -> bool {
        self.sender.receiver_count() == 0
    }
}

impl Inbox {
    /// The next event; `None`: there will be no more.
    pub async fn next(&self) -> Option<ChannelEvent> {
        let event = self.receiver.recv().await.ok()?;
        self.waiting.set(self.waiting.get().saturating_sub(size(&event)));
        Some(event)
    }

    /// Was there too much in it?
    pub fn overflowed(&self) -> bool {
        self.waiting.get() > 0 && self.receiver.is_closed() && self.receiver.is_empty()
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
