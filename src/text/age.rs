//! How long something has lasted, in the unit that a reader would choose.

use std::time::Duration;

const MINUTE_S: u64 = 60;
const HOUR_S: u64 = 60 * MINUTE_S;
const DAY_S: u64 = 24 * HOUR_S;

/// For a table's cell: `12 s`, `7 min`, `3 h`, `15 d`.
pub fn short(age: Duration) -> String {
    let seconds = age.as_secs();
    match seconds {
        0..MINUTE_S => format!("{seconds} s"),
        MINUTE_S..HOUR_S => format!("{} min", seconds / MINUTE_S),
        HOUR_S..DAY_S => format!("{} h", seconds / HOUR_S),
        _ => format!("{} d", seconds / DAY_S),
    }
}

/// For a sentence: `12 seconds`, `1 minute`, `3 hours`, `15 days`.
pub fn words(age: Duration) -> String {
    let seconds = age.as_secs();
    let (count, unit) = match seconds {
        0..MINUTE_S => (seconds, "second"),
        MINUTE_S..HOUR_S => (seconds / MINUTE_S, "minute"),
        HOUR_S..DAY_S => (seconds / HOUR_S, "hour"),
        _ => (seconds / DAY_S, "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_has_the_unit_that_a_reader_would_choose() {
        for (seconds, cell, sentence) in [
            (0, "0 s", "0 seconds"),
            (59, "59 s", "59 seconds"),
            (60, "1 min", "1 minute"),
            (3_599, "59 min", "59 minutes"),
            (3_600, "1 h", "1 hour"),
            (86_399, "23 h", "23 hours"),
            (86_400, "1 d", "1 day"),
            (3 * 86_400 + 5, "3 d", "3 days"),
            (u64::MAX, "213503982334601 d", "213503982334601 days"),
        ] {
            let age = Duration::from_secs(seconds);
            assert_eq!((short(age).as_str(), words(age).as_str()), (cell, sentence));
        }
    }
}
