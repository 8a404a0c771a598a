//! Lines over a logarithmic plane, as SVG: what grows with the count of something is a straight
//! line, and its slope tells how steep it is.

use std::fmt::Write as _;

/// One panel of the picture.
pub struct Chart {
    pub title: &'static str,
    /// What is counted along the bottom.
    pub across: &'static str,
    /// What is measured upwards, with its unit.
    pub upwards: &'static str,
    pub lines: Vec<Line>,
}

/// One line: its name, and what was measured at each count.
pub struct Line {
    pub name: String,
    pub points: Vec<(f64, f64)>,
}

const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 320.0;
/// Room around the plane: left, right, above, below.
const MARGINS: (f64, f64, f64, f64) = (56.0, 130.0, 36.0, 44.0);
const COLOURS: [&str; 4] = ["#1b6ca8", "#c0392b", "#2e7d32", "#8e5ea2"];

/// The panels side by side.
pub fn svg(charts: &[Chart]) -> String {
    let width = WIDTH * charts.len() as f64;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"{width}\" height=\"{HEIGHT}\" fill=\"white\"/>\n"
    );
    for (place, chart) in charts.iter().enumerate() {
        let _ = writeln!(out, "<g transform=\"translate({}, 0)\">", WIDTH * place as f64);
        panel(&mut out, chart);
        out.push_str("</g>\n");
    }
    out.push_str("</svg>\n");
    out
}

/// The powers of ten around these values.
fn decades(values: impl Iterator<Item = f64>) -> (i32, i32) {
    let (mut low, mut high) = (f64::MAX, f64::MIN);
    values.for_each(|it| (low, high) = (low.min(it), high.max(it)));
    let (low, high) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    (low, high.max(low + 1))
}

fn panel(out: &mut String, chart: &Chart) {
    let points = || chart.lines.iter().flat_map(|line| line.points.iter().copied());
    let (x, y) = (decades(points().map(|it| it.0)), decades(points().map(|it| it.1)));
    let (left, right, above, below) = MARGINS;
    let share = |value: f64, (low, high): (i32, i32)| {
        (value.log10() - f64::from(low)) / f64::from(high - low)
    };
    let across = |value: f64| left + share(value, x) * (WIDTH - left - right);
    let up = |value: f64| HEIGHT - below - share(value, y) * (HEIGHT - above - below);
    let mut text = |x: f64, y: f64, more: &str, words: &str| {
        let _ = writeln!(out, "<text x=\"{x:.0}\" y=\"{y:.0}\" {more}>{words}</text>");
    };
    text(left, 20.0, "font-size=\"13\" font-weight=\"bold\"", chart.title);
    let middle = (left + WIDTH - right) / 2.0;
    text(middle, HEIGHT - 8.0, "text-anchor=\"middle\"", chart.across);
    text(left - 44.0, above - 4.0, "", chart.upwards);
    for power in x.0..=x.1 {
        let value = 10_f64.powi(power);
        text(across(value), HEIGHT - below + 16.0, "text-anchor=\"middle\"", &value.to_string());
    }
    for power in y.0..=y.1 {
        let value = 10_f64.powi(power);
        text(left - 6.0, up(value) + 4.0, "text-anchor=\"end\"", &value.to_string());
    }
    let mut stroke = |from: (f64, f64), to: (f64, f64)| {
        let _ = writeln!(
            out,
            "<path d=\"M{:.1} {:.1}L{:.1} {:.1}\" stroke=\"#ddd\"/>",
            from.0, from.1, to.0, to.1
        );
    };
    let (end, top) = (WIDTH - right, above);
    (x.0..=x.1)
        .map(|it| across(10_f64.powi(it)))
        .for_each(|it| stroke((it, top), (it, HEIGHT - below)));
    (y.0..=y.1).map(|it| up(10_f64.powi(it))).for_each(|it| stroke((left, it), (end, it)));
    let mut last = Vec::new();
    for (line, colour) in chart.lines.iter().zip(COLOURS) {
        let path: Vec<String> =
            line.points.iter().map(|it| format!("{:.1} {:.1}", across(it.0), up(it.1))).collect();
        let _ = writeln!(
            out,
            "<path d=\"M{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            path.join("L")
        );
        for (count, value) in &line.points {
            let (x, y) = (across(*count), up(*value));
            let _ =
                writeln!(out, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>");
        }
        last.extend(
            line.points.last().map(|it| (up(it.1) + 4.0, colour, &line.name, across(it.0))),
        );
    }
    names(out, last);
}

/// A name beside the end of its line, moved down where another one stands there.
fn names(out: &mut String, mut last: Vec<(f64, &str, &String, f64)>) {
    last.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut free = 0.0_f64;
    for (wish, colour, name, x) in last {
        let y = wish.max(free);
        free = y + 13.0;
        let _ = writeln!(
            out,
            "<text x=\"{:.0}\" y=\"{y:.0}\" fill=\"{colour}\">{name}</text>",
            x + 8.0
        );
    }
}
