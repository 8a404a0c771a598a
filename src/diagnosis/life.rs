//! Is a peering up? One word from what was saved, what was reached and what was seen.

use crate::answer::{Life, PeeringState, Sign, Signs};

/// A peering's life in one word. What cannot be looked at speaks neither for it nor against it; a
/// peering of which nothing can be seen is never called up.
pub fn life(state: PeeringState, signs: Signs) -> Life {
    match state {
        PeeringState::Disabled | PeeringState::Suspended => return Life::Off,
        PeeringState::Pending | PeeringState::Queued => return Life::Waiting,
        PeeringState::Failed => return Life::Down,
        PeeringState::Applied => {}
    }
    match (signs.tunnel, signs.bgp) {
        (Sign::Down, _) | (_, Sign::Down) => Life::Down,
        (Sign::Unseen, Sign::Unseen) => Life::Waiting,
        (Sign::Up, _) | (_, Sign::Up) => Life::Up,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn applied_is_not_up() {
        use Sign::{Down, Unseen, Up};
        for (tunnel, bgp, expect) in [
            (Up, Up, Life::Up),
            (Up, Down, Life::Down),
            (Down, Up, Life::Down),
            (Down, Down, Life::Down),
            (Down, Unseen, Life::Down),
            (Unseen, Down, Life::Down),
            (Unseen, Up, Life::Up),
            (Up, Unseen, Life::Up),
            (Unseen, Unseen, Life::Waiting),
        ] {
            let seen = life(PeeringState::Applied, Signs { tunnel, bgp });
            assert_eq!(seen, expect, "{tunnel:?} {bgp:?}");
        }
    }

    #[test]
    fn what_is_not_set_up_is_not_looked_at() {
        let both = Signs { tunnel: Sign::Up, bgp: Sign::Up };
        for (state, expect) in [
            (PeeringState::Pending, Life::Waiting),
            (PeeringState::Queued, Life::Waiting),
            (PeeringState::Failed, Life::Down),
            (PeeringState::Disabled, Life::Off),
            (PeeringState::Suspended, Life::Off),
        ] {
            assert_eq!(life(state, both), expect, "{state}");
        }
    }
}
