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
