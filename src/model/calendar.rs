//! Days and dates. Two small formulas (Howard Hinnant's, for the proleptic Gregorian calendar)
//! instead of a library of time zones: everything here is UTC, or a difference between two moments.

use super::Timestamp;

const SECONDS_A_DAY: i64 = 86_400;
/// Days from 0000-03-01 to 1970-01-01: years begin in March there, so that leap days come last.
const EPOCH_DAYS: i64 = 719_468;
/// Days of 400 years.
const ERA_DAYS: i64 = 146_097;

impl Timestamp {
    /// `YYYYmmddHHMMSS` in UTC, as directories of generated files are named.
    pub fn compact(self) -> String {
        let (days, seconds) = (self.0.div_euclid(SECONDS_A_DAY), self.0.rem_euclid(SECONDS_A_DAY));
        let [year, month, day] = date(days);
        let [hour, minute, second] = [seconds / 3600, seconds / 60 % 60, seconds % 60];
        format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}")
    }

    /// `YYYY-mm-ddTHH:MM:SSZ`, for programs (RFC 3339).
    pub fn rfc3339(self) -> String {
        let (date, time) = self.parts();
        format!("{date}T{time}Z")
    }

    /// `YYYY-mm-dd HH:MM:SS` in UTC, for people.
    pub fn readable(self) -> String {
        let (date, time) = self.parts();
        format!("{date} {time}")
    }

    fn parts(self) -> (String, String) {
        let (days, seconds) = (self.0.div_euclid(SECONDS_A_DAY), self.0.rem_euclid(SECONDS_A_DAY));
        let [year, month, day] = date(days);
        let [hour, minute, second] = [seconds / 3600, seconds / 60 % 60, seconds % 60];
        (format!("{year:04}-{month:02}-{day:02}"), format!("{hour:02}:{minute:02}:{second:02}"))
    }

    /// Reads a moment as people name one that is over: a day (`2026-01-31`) or a moment of it
    /// (`2026-01-31T12:00:00Z`) in UTC, or how long before `now` it was (`90m`, `12h`, `7d`, `2w`).
    /// `None` for anything else, and for a day that no month has.
    pub fn earlier(text: &str, now: Timestamp) -> Option<Timestamp> {
        ago(text).and_then(|seconds| now.0.checked_sub(seconds)).map(Timestamp).or_else(|| {
            let text = text.trim_end_matches('Z');
            let whole = if text.contains(':') { text.to_string() } else { format!("{text}T0:0:0") };
            let found = Timestamp::from_iso(&whole)?;
            let day = numbers(text.split(['T', ' ']).next()?, '-')?;
            (date(found.0.div_euclid(SECONDS_A_DAY)) == day).then_some(found)
        })
    }

    /// Reads `YYYY-mm-dd HH:MM:SS`, with or without a fraction, as if it were UTC. `None` for
    /// anything else.
    pub fn from_iso(text: &str) -> Option<Timestamp> {
        let (date, time) = text.trim().split_once([' ', 'T'])?;
        let [year, month, day] = numbers(date, '-')?;
        let [hour, minute, second] = numbers(time.split('.').next()?, ':')?;
        let sound = (1970..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=31).contains(&day)
            && hour < 24
            && minute < 60
            && second <= 60;
        let days = days([year, month, day]);
        sound.then(|| Timestamp(days * SECONDS_A_DAY + hour * 3600 + minute * 60 + second))
    }
}

/// Seconds of a span such as `12h`.
fn ago(text: &str) -> Option<i64> {
    let (last, unit) = text.char_indices().next_back()?;
    let seconds = match unit {
        'm' => 60,
        'h' => 3600,
        'd' => SECONDS_A_DAY,
        'w' => 7 * SECONDS_A_DAY,
        _ => return None,
    };
    let digits =
        text.get(..last).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    digits.parse::<i64>().ok()?.checked_mul(seconds)
}

fn numbers(text: &str, between: char) -> Option<[i64; 3]> {
    let mut parts = text.split(between).map(|part| {
        let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse::<i64>().ok().filter(|_| digits && part.len() <= 4)
    });
    let three = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(three)
}

/// Year, month and day of a number of days since 1970-01-01.
fn date(days: i64) -> [i64; 3] {
    let shifted = days + EPOCH_DAYS;
    let (era, day_of_era) = (shifted.div_euclid(ERA_DAYS), shifted.rem_euclid(ERA_DAYS));
    let leaps = day_of_era / 1460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leaps) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    [year_of_era + era * 400 + i64::from(month <= 2), month, day]
}

/// The number of days since 1970-01-01 of a year, month and day.
fn days([year, month, day]: [i64; 3]) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let from_march = (month + 9) % 12;
    let day_of_year = (153 * from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * ERA_DAYS + day_of_era - EPOCH_DAYS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_have_names() {
        for (seconds, name) in [
            (0, "19700101000000"),
            (951_782_399, "20000228235959"),
            (951_782_400, "20000229000000"),
            (1_709_251_199, "20240229235959"),
            (1_749_049_077, "20250604145757"),
            (4_107_542_400, "21000301000000"),
        ] {
            assert_eq!(Timestamp(seconds).compact(), name);
        }
    }

    #[test]
    fn moments_for_programs_and_people() {
        let moment = Timestamp(1_749_049_077);
        assert_eq!(moment.rfc3339(), "2025-06-04T14:57:57Z");
        assert_eq!(moment.readable(), "2025-06-04 14:57:57");
        assert_eq!(Timestamp(-1).rfc3339(), "1969-12-31T23:59:59Z");
    }

    #[test]
    fn moments_before_now() {
        let now = Timestamp(1_749_049_077);
        let read = |text| Timestamp::earlier(text, now).map(Timestamp::rfc3339);
        for (text, moment) in [
            ("0m", "2025-06-04T14:57:57Z"),
            ("90m", "2025-06-04T13:27:57Z"),
            ("12h", "2025-06-04T02:57:57Z"),
            ("7d", "2025-05-28T14:57:57Z"),
            ("2w", "2025-05-21T14:57:57Z"),
            ("2024-02-29", "2024-02-29T00:00:00Z"),
            ("2026-01-31", "2026-01-31T00:00:00Z"),
            ("2025-06-04T12:00:00Z", "2025-06-04T12:00:00Z"),
            ("2025-06-04 12:00:01", "2025-06-04T12:00:01Z"),
        ] {
            assert_eq!(read(text).as_deref(), Some(moment), "{text}");
        }
        for text in [
            "",
            "m",
            "h",
            "-1h",
            "+1h",
            "1.5h",
            "1y",
            "12",
            "h12",
            "１２h",
            "2025-02-29",
            "2025-6",
            "2025-06-31",
            "yesterday",
            "2025-06-04T25:00:00",
            "9223372036854775807w",
            "Z",
            "T",
            "99999999999999999999d",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(Timestamp::earlier("9223372036854775807m", Timestamp(0)), None);
    }

    #[test]
    fn names_are_moments() {
        let read = |text| Timestamp::from_iso(text).map(|it| it.0);
        assert_eq!(read("1970-01-01 00:00:00"), Some(0));
        assert_eq!(read("2025-06-04 14:57:57.530"), Some(1_749_049_077));
        assert_eq!(read("2000-02-29T00:00:00"), Some(951_782_400));
        for text in
            ["", "14:57:57", "2025-06-04", "2025-13-01 00:00:00", "2025-06-04 24:00:00", "x y"]
        {
            assert_eq!(read(text), None, "{text}");
        }
        for days_since in (0..60_000).step_by(7) {
            assert_eq!(days(date(days_since)), days_since);
        }
    }
}
