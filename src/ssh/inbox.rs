//! What a client sends to a channel, kept until the channel gets to it.
//!
//! Whoever puts something in never waits. A channel may be waiting for its client to take output,
//! and what tells us that it did comes behind its input: if the input waited for the channel, both
//! would wait for ever. So there is a bound instead, beyond which the rest is not read.
//!
//! A session takes from it what it has room for. While a command runs, what is typed stays here;
//! Ctrl-C is heard, and makes what was typed before it be forgotten, as a terminal's own line
//! discipline does.

use super::handler::ChannelEvent;
use crate::limits::{INBOX_BYTES_MAX, INBOX_EVENT_BYTES, INBOXES_BYTES_MAX};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// What a terminal sends for Ctrl-C.
const CTRL_C: u8 = 0x03;

/// The connection's end.
pub(super) struct Postbox(Rc<RefCell<Queue>>);

/// The channel's end.
pub(super) struct Inbox(Rc<RefCell<Queue>>);

/// What all inboxes of one connection hold together, in bytes.
#[derive(Clone, Default)]
pub(super) struct Held(Rc<Cell<usize>>);

/// What is between them. Both are on the one thread: a channel of smol's takes 2 kB for what is
/// here less than a tenth of that.
struct Queue {
    events: VecDeque<ChannelEvent>,
    /// The size of what was put in and not taken out.
    bytes: usize,
    held: Held,
    /// Something found no room.
    overflowed: bool,
    /// Nothing more is put in.
    closed: bool,
    waiting: Option<Waker>,
}

/// Both ends of an empty inbox, one of those that hold `held` together.
pub(super) fn inbox(held: Held) -> (Postbox, Inbox) {
    let queue = Rc::new(RefCell::new(Queue {
        events: VecDeque::new(),
        bytes: 0,
        held,
        overflowed: false,
        closed: false,
        waiting: None,
    }));
    (Postbox(queue.clone()), Inbox(queue))
}

/// What an event holds, in bytes.
fn size(event: &ChannelEvent) -> usize {
    let text = match event {
        ChannelEvent::Data(bytes) => bytes.capacity(),
        ChannelEvent::Terminal(term, _) => term.capacity(),
        ChannelEvent::Start(Some(command)) => command.capacity(),
        ChannelEvent::Start(None)
        | ChannelEvent::NoColor
        | ChannelEvent::Resize(_)
        | ChannelEvent::Eof
        | ChannelEvent::Close => 0,
    };
    INBOX_EVENT_BYTES + text
}

impl Queue {
    fn put(&mut self, event: ChannelEvent) {
        let size = size(&event);
        let all = self.held.0.get();
        if self.bytes + size > INBOX_BYTES_MAX || all + size > INBOXES_BYTES_MAX {
            self.overflowed |= !self.closed;
            self.closed = true;
        }
        if !self.closed {
            self.bytes += size;
            self.held.0.set(all + size);
            self.events.push_back(event);
        }
        self.wake();
    }

    fn give_back(&mut self, size: usize) {
        self.bytes = self.bytes.saturating_sub(size);
        self.held.0.set(self.held.0.get().saturating_sub(size));
    }

    fn take(&mut self, room: usize, context: &mut Context<'_>) -> Poll<Option<ChannelEvent>> {
        if let Some(ChannelEvent::Data(bytes)) = self.events.front_mut()
            && bytes.len() > room
        {
            return Poll::Ready(Some(ChannelEvent::Data(bytes.drain(..room).collect())));
        }
        let Some(event) = self.events.pop_front() else {
            // What was pasted is gone; who types needs room for one.
            self.events.shrink_to(1);
            return self.wait(context);
        };
        self.give_back(size(&event));
        Poll::Ready(Some(event))
    }

    fn take_interrupt(&mut self, context: &mut Context<'_>) -> Poll<Option<()>> {
        if self.events.iter().any(|event| matches!(event, ChannelEvent::Close)) {
            return Poll::Ready(None);
        }
        let Some(last) = self.events.iter().rposition(is_interrupt) else {
            return self.wait(context);
        };
        for (index, mut event) in std::mem::take(&mut self.events).into_iter().enumerate() {
            if let ChannelEvent::Data(bytes) = &mut event
                && index <= last
            {
                let pressed = bytes.iter().rposition(|byte| *byte == CTRL_C);
                let gone = if index == last { pressed.map_or(0, |at| at + 1) } else { bytes.len() };
                bytes.drain(..gone);
                if bytes.is_empty() {
                    self.give_back(size(&event));
                    continue;
                }
            }
            self.events.push_back(event);
        }
        Poll::Ready(Some(()))
    }

    /// There is nothing now, or never again.
    fn wait<T>(&mut self, context: &mut Context<'_>) -> Poll<Option<T>> {
        if self.closed {
            return Poll::Ready(None);
        }
        self.waiting = Some(context.waker().clone());
        Poll::Pending
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waiting.take() {
            waker.wake();
        }
    }
}

impl Postbox {
    /// Puts an event in. If it is too much, the inbox takes this and everything after it no more.
    pub(super) fn put(&self, event: ChannelEvent) {
        self.0.borrow_mut().put(event);
    }

    /// Has the channel ended?
    pub(super) fn is_abandoned(&self) -> bool {
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
    /// The next event, of input at most `room` bytes; `None`: there will be no more.
    pub(super) async fn next(&self, room: usize) -> Option<ChannelEvent> {
        poll_fn(|context| self.0.borrow_mut().take(room, context)).await
    }

    /// Waits for Ctrl-C, and takes it and the input before it out; `None`: the client is gone.
    pub(super) async fn interrupted(&self) -> Option<()> {
        poll_fn(|context| self.0.borrow_mut().take_interrupt(context)).await
    }

    /// Was there too much in it?
    pub(super) fn overflowed(&self) -> bool {
        self.0.borrow().overflowed
    }
}

fn is_interrupt(event: &ChannelEvent) -> bool {
    matches!(event, ChannelEvent::Data(bytes) if bytes.contains(&CTRL_C))
}

impl Drop for Inbox {
    fn drop(&mut self) {
        let mut queue = self.0.borrow_mut();
        let rest = queue.bytes;
        queue.give_back(rest);
        queue.events = VecDeque::new();
        queue.closed = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smol::future::poll_once;

    fn piece() -> ChannelEvent {
        ChannelEvent::Data(vec![b'x'; INBOX_BYTES_MAX / 2 - INBOX_EVENT_BYTES])
    }

    #[test]
    fn what_is_too_much_ends_it_and_what_was_before_is_kept() {
        let (postbox, inbox) = inbox(Held::default());
        postbox.put(piece());
        assert!(smol::block_on(inbox.next(usize::MAX)).is_some());
        (0..3).for_each(|_| postbox.put(piece()));
        assert!(!postbox.is_abandoned());
        assert!(smol::block_on(inbox.next(usize::MAX)).is_some());
        assert!(smol::block_on(inbox.next(usize::MAX)).is_some());
        assert!(smol::block_on(inbox.next(usize::MAX)).is_none());
        assert!(inbox.overflowed());
        drop(inbox);
        assert!(postbox.is_abandoned());
    }

    fn typed(postbox: &Postbox, keys: &[u8]) {
        postbox.put(ChannelEvent::Data(keys.to_vec()));
    }

    fn read(inbox: &Inbox, room: usize) -> Vec<u8> {
        match smol::block_on(inbox.next(room)) {
            Some(ChannelEvent::Data(bytes)) => bytes,
            _ => panic!("input"),
        }
    }

    #[test]
    fn input_comes_in_pieces_of_what_there_is_room_for() {
        let held = Held::default();
        let (postbox, inbox) = inbox(held.clone());
        typed(&postbox, b"abcde");
        postbox.put(ChannelEvent::Eof);
        assert_eq!([read(&inbox, 2), read(&inbox, 2)], [b"ab", b"cd"]);
        assert!(held.0.get() > INBOX_EVENT_BYTES, "it is still held");
        assert_eq!(read(&inbox, 2), b"e");
        assert!(matches!(smol::block_on(inbox.next(2)), Some(ChannelEvent::Eof)));
        assert_eq!(held.0.get(), 0);
    }

    #[test]
    fn control_c_forgets_what_was_typed_before_it_and_nothing_else() {
        let held = Held::default();
        let (postbox, inbox) = inbox(held.clone());
        typed(&postbox, b"dropped\r");
        assert_eq!(smol::block_on(poll_once(inbox.interrupted())), None);
        postbox.put(ChannelEvent::Resize(70));
        typed(&postbox, b"too\x03and this\x03kept\r");
        typed(&postbox, b"this too");
        assert_eq!(smol::block_on(poll_once(inbox.interrupted())), Some(Some(())));
        assert!(matches!(smol::block_on(inbox.next(9)), Some(ChannelEvent::Resize(70))));
        assert_eq!([read(&inbox, 9), read(&inbox, 9)], [&b"kept\r"[..], b"this too"]);
        assert_eq!(held.0.get(), 0);
        assert_eq!(smol::block_on(poll_once(inbox.interrupted())), None);
        postbox.put(ChannelEvent::Close);
        assert_eq!(smol::block_on(inbox.interrupted()), None);
    }

    #[test]
    fn who_just_leaves_has_not_sent_too_much() {
        let (postbox, inbox) = inbox(Held::default());
        postbox.put(ChannelEvent::Eof);
        drop(postbox);
        assert!(smol::block_on(inbox.next(usize::MAX)).is_some());
        assert!(smol::block_on(inbox.next(usize::MAX)).is_none() && !inbox.overflowed());
    }

    /// The attack: each channel has room of its own, and a connection has many channels.
    #[test]
    fn the_channels_of_a_connection_have_one_bound_and_give_back_what_they_held() {
        let held = Held::default();
        let mut channels: Vec<_> = (0..8).map(|_| inbox(held.clone())).collect();
        for (postbox, _) in &channels {
            (0..4).for_each(|_| postbox.put(piece()));
        }
        assert!(held.0.get() <= INBOXES_BYTES_MAX);
        channels.clear();
        assert_eq!(held.0.get(), 0);
    }

    #[test]
    fn every_event_weighs_what_it_holds() {
        let long = "x".repeat(1_000);
        for event in [
            ChannelEvent::Terminal(long.clone(), 80),
            ChannelEvent::Start(Some(long.clone())),
            ChannelEvent::Data(long.into_bytes()),
        ] {
            assert!(size(&event) >= 1_000);
        }
    }
}
