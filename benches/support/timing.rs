//! How long something takes, and how that is printed.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// The times of several runs, sorted.
pub struct Times(Vec<Duration>);

impl Times {
    /// Of times that were taken elsewhere; there must be one.
    pub fn of(mut times: Vec<Duration>) -> Times {
        times.sort_unstable();
        Times(times)
    }

    /// As many were shorter as were longer.
    pub fn median(&self) -> Duration {
        self.0[self.0.len() / 2]
    }

    fn least(&self) -> Duration {
        self.0[0]
    }

    fn most(&self) -> Duration {
        self.0[self.0.len() - 1]
    }
}

/// Runs `work` once to warm up, then `runs` times.
pub fn times<T>(runs: usize, mut work: impl FnMut() -> T) -> Times {
    black_box(work());
    let one = |_| {
        let begin = Instant::now();
        black_box(work());
        begin.elapsed()
    };
    Times::of((0..runs).map(one).collect())
}

/// A heading with an empty line before it.
pub fn heading(text: &str) {
    println!("\n{text}");
}

/// One line: what was measured, its median, how far it spread, and what was aimed at.
pub fn told(what: &str, times: &Times, aim: Option<Duration>) {
    let spread = format!("{} to {}", brief(times.least()), brief(times.most()));
    let runs = format!("{} runs, {spread}", times.0.len());
    line(what, &brief(times.median()), &format!("{runs}{}", aimed(times.median(), aim)));
}

/// One line with a value in words.
pub fn line(what: &str, value: &str, note: &str) {
    println!("  {what:<48} {value:>10}   {note}");
}

/// The aim, and whether it was met: told, never asserted, since a slow machine is no fault.
pub fn aimed<T: PartialOrd + Shown>(value: T, aim: Option<T>) -> String {
    aim.map_or(String::new(), |aim| {
        let verdict = if value <= aim { "met" } else { "MISSED" };
        format!("; aim {}: {verdict}", aim.shown())
    })
}

/// Three digits and a unit.
pub fn brief(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    match micros {
        ..1e3 => format!("{micros:.1} µs"),
        1e3..1e6 => format!("{:.1} ms", micros / 1e3),
        _ => format!("{:.2} s", micros / 1e6),
    }
}

/// What an aim can be.
pub trait Shown {
    /// The value with its unit.
    fn shown(&self) -> String;
}

impl Shown for Duration {
    fn shown(&self) -> String {
        brief(*self)
    }
}

/// Kilobytes of 1024 bytes, as the kernel counts them.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
pub struct Kilobytes(pub f64);

impl Shown for Kilobytes {
    fn shown(&self) -> String {
        match self.0 {
            ..1024.0 => format!("{:.0} kB", self.0),
            _ => format!("{:.1} MB", self.0 / 1024.0),
        }
    }
}
