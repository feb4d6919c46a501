//! Draws a table as an SVG: nothing but text, and readable on any background.

use super::{Axes, Cost, Series, Table};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 440.0;
const LEFT: f64 = 80.0;
const RIGHT: f64 = 670.0;
const TOP: f64 = 60.0;
const BOTTOM: f64 = 380.0;

/// They differ in brightness, too.
const COLOURS: [&str; 4] = ["#0b4f8a", "#d1590a", "#4c8c2b", "#8a63b8"];

/// One of the two directions: from values to places on the drawing.
struct Axis {
    logarithmic: bool,
    values: (f64, f64),
    places: (f64, f64),
}

impl Axis {
    fn place(&self, value: f64) -> f64 {
        let along = |value: f64| if self.logarithmic { value.ln() } else { value };
        let (low, high) = (along(self.values.0), along(self.values.1));
        let part = (along(value) - low) / (high - low);
        self.places.0 + part * (self.places.1 - self.places.0)
    }
}

/// The whole drawing.
///
/// # Panics
/// If the table is empty.
#[must_use]
pub fn draw(series: &Series, table: &Table) -> String {
    let sizes: Vec<f64> = table.rows.iter().map(|(size, _)| *size as f64).collect();
    let costs = || table.rows.iter().flat_map(|(_, costs)| costs).copied();
    let marks = marks(
        series.axes == Axes::Logarithmic,
        costs().fold(f64::INFINITY, f64::min),
        costs().fold(0.0, f64::max),
    );
    let across = Axis {
        logarithmic: series.axes != Axes::Linear,
        values: (sizes[0], sizes[sizes.len() - 1]),
        places: (LEFT, RIGHT),
    };
    let up = Axis {
        logarithmic: series.axes == Axes::Logarithmic,
        values: (marks[0], marks[marks.len() - 1]),
        places: (BOTTOM, TOP),
    };
    let mut svg = head(series);
    for mark in &marks {
        svg += &cost_mark(up.place(*mark), &time(*mark));
    }
    for size in &sizes {
        svg += &size_mark(across.place(*size), &grouped(*size));
    }
    if series.axes == Axes::Logarithmic {
        svg += &proportion(table, &across, &up);
    }
    for (number, (label, _)) in series.lines.iter().enumerate() {
        let costs = table.rows.iter().map(|(_, costs)| costs[number]);
        let points = sizes.iter().zip(costs);
        let points = points.map(|(size, cost)| (across.place(*size), up.place(cost)));
        svg += &line(COLOURS[number], &points.collect::<Vec<_>>());
        svg += &legend(number, label);
    }
    svg + "</svg>\n"
}

/// The background, which must not be that of the page, the title, and what stands along the axes.
fn head(series: &Series) -> String {
    let of = match series.cost {
        Cost::Whole => "time",
        Cost::Each => "time for each",
    };
    let (middle, below) = ((LEFT + RIGHT) / 2.0, BOTTOM + 42.0);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"13\" fill=\"#222\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n\
         <text x=\"{LEFT}\" y=\"26\" font-size=\"15\" font-weight=\"bold\">{}</text>\n\
         <text x=\"{middle}\" y=\"{below}\" text-anchor=\"middle\">{}</text>\n\
         <text x=\"10\" y=\"48\">{of}</text>\n",
        series.title, series.size,
    )
}

fn cost_mark(place: f64, text: &str) -> String {
    let (before, base) = (LEFT - 8.0, place + 4.0);
    format!(
        "<path d=\"M{LEFT} {place:.1}H{RIGHT}\" stroke=\"#ddd\"/>\n\
         <text x=\"{before}\" y=\"{base:.1}\" text-anchor=\"end\">{text}</text>\n"
    )
}

fn size_mark(place: f64, text: &str) -> String {
    let below = BOTTOM + 20.0;
    format!(
        "<path d=\"M{place:.1} {TOP}V{BOTTOM}\" stroke=\"#eee\"/>\n\
         <text x=\"{place:.1}\" y=\"{below}\" text-anchor=\"middle\">{text}</text>\n"
    )
}

/// What would be proportional to the size, through the last point of the first line: nothing is steeper in the long run.
fn proportion(table: &Table, across: &Axis, up: &Axis) -> String {
    let (size, costs) = &table.rows[table.rows.len() - 1];
    let each = costs[0] / *size as f64;
    let first = across.values.0.max(up.values.0 / each);
    let from = (across.place(first), up.place(first * each));
    let to = (across.place(*size as f64), up.place(costs[0]));
    format!(
        "<path d=\"M{:.1} {:.1}L{:.1} {:.1}\" stroke=\"#888\" stroke-dasharray=\"4 4\"/>\n\
         <text x=\"{RIGHT}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#666\">dashed: proportional</text>\n",
        from.0,
        from.1,
        to.0,
        to.1,
        BOTTOM - 8.0,
    )
}

fn line(colour: &str, points: &[(f64, f64)]) -> String {
    let path: Vec<_> = points
        .iter()
        .map(|(x, y)| format!("{x:.1} {y:.1}"))
        .collect();
    let dot = |(x, y): &(f64, f64)| format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\"/>");
    let dots: String = points.iter().map(dot).collect();
    format!(
        "<path d=\"M{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\n<g fill=\"{colour}\">{dots}</g>\n",
        path.join("L"),
    )
}

fn legend(number: usize, label: &str) -> String {
    let y = TOP + 16.0 + 20.0 * number as f64;
    let (from, to, text) = (LEFT + 14.0, LEFT + 38.0, LEFT + 46.0);
    format!(
        "<path d=\"M{from} {y}H{to}\" stroke=\"{}\" stroke-width=\"3\"/><text x=\"{text}\" y=\"{}\">{label}</text>\n",
        COLOURS[number],
        y + 4.0,
    )
}

/// Round values that reach from below the least cost, or from nothing, to above the greatest.
fn marks(logarithmic: bool, least: f64, greatest: f64) -> Vec<f64> {
    if logarithmic {
        let lowest = 10_f64.powf(least.log10().floor());
        let highest = 10_f64.powf(greatest.log10().ceil());
        let tenfold = |mark: &f64| Some(mark * 10.0);
        return std::iter::successors(Some(lowest), tenfold)
            .take_while(|mark| *mark <= highest * 1.01)
            .collect();
    }
    let power = 10_f64.powf(greatest.log10().floor());
    let steps = [0.2, 0.5, 1.0, 2.0].map(|part| part * power);
    let step = steps.into_iter().find(|step| greatest / step <= 6.0);
    let step = step.unwrap_or(2.0 * power);
    std::iter::successors(Some(0.0), |mark| (*mark < greatest).then_some(mark + step)).collect()
}

fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        0.0 => "0".to_owned(),
        ..1e3 => format!("{nanoseconds:.0} ns"),
        ..1e6 => format!("{} µs", nanoseconds / 1e3),
        _ => format!("{} ms", nanoseconds / 1e6),
    }
}

/// A whole number with its digits in groups of three.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let separated = |(place, digit): (usize, char)| {
        let is_start = place > 0 && (digits.len() - place).is_multiple_of(3);
        is_start.then_some(',').into_iter().chain([digit])
    };
    digits.chars().enumerate().flat_map(separated).collect()
}
