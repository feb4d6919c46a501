//! How the cost grows: what is measured against which size, and the tables that come of it.
//!
//! ```console
//! $ cargo run --release -p smtp-dane-benches --bin scaling             # measures, prints tables, writes target/scaling
//! $ cargo run --release -p smtp-dane-benches --bin scaling -- --plot   # draws docs/performance from these files
//! ```

mod certificates;
mod clock;
mod machines;
mod messages;
mod plot;

pub use plot::draw;

/// One plot: a few kinds of work over the same sizes.
#[derive(Clone, Copy, Debug)]
pub struct Series {
    /// The name of its files.
    pub file: &'static str,
    /// What is plotted.
    pub title: &'static str,
    /// What is counted along the axis.
    pub size: &'static str,
    /// The sizes, in order.
    pub sizes: &'static [u64],
    /// What a cost is of.
    pub cost: Cost,
    /// How the axes are divided.
    pub axes: Axes,
    /// What is measured.
    pub lines: &'static [Line],
}

/// Some work, and the nanoseconds that it takes at one size.
pub type Line = (&'static str, fn(u64) -> f64);

/// What a cost is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// Of the whole, which grows with the size.
    Whole,
    /// Of each of as many as the size says.
    Each,
}

/// How the axes are divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axes {
    /// Both evenly.
    Linear,
    /// Both by their logarithms.
    Logarithmic,
    /// The sizes by their logarithms, the costs evenly.
    LogarithmicSizes,
}

const POWERS: &[u64] = &[1, 2, 4, 8, 16, 32, 64];

/// All of them.
pub const SERIES: &[Series] = &[
    Series {
        file: "mx-hosts",
        title: "A delivery by the number of MX hosts, of which the last one answers",
        size: "MX hosts",
        sizes: POWERS,
        cost: Cost::Whole,
        axes: Axes::Logarithmic,
        lines: &[
            ("the MX reply and the route", machines::route),
            (
                "the whole delivery, replies read before",
                machines::delivery,
            ),
        ],
    },
    Series {
        file: "tlsa-records",
        title: "TLSA records 3 1 1, of which the last one matches",
        size: "TLSA records",
        sizes: POWERS,
        cost: Cost::Whole,
        axes: Axes::Logarithmic,
        lines: &[
            ("the reply is read", messages::records),
            ("the set is made", certificates::set),
            (
                "a certificate is held against the set",
                certificates::last_of_set,
            ),
        ],
    },
    Series {
        file: "chain",
        title: "2 1 1 that names the root, signatures taken for good",
        size: "certificates in the chain, the root among them",
        sizes: &[2, 3, 4, 5, 6, 7, 8],
        cost: Cost::Whole,
        axes: Axes::Linear,
        lines: &[
            ("in order", certificates::chain),
            (
                "in reverse behind the server's own",
                certificates::reversed_chain,
            ),
        ],
    },
    Series {
        file: "aliases",
        title: "The plan for one host, replies read, by the aliases before its addresses",
        size: "aliases",
        sizes: &[0, 1, 2, 3, 4, 5, 6, 7, 8],
        cost: Cost::Whole,
        axes: Axes::Linear,
        lines: &[
            ("all aliases in one reply", machines::aliases_at_once),
            ("one alias in each reply", machines::aliases_one_by_one),
        ],
    },
    Series {
        file: "messages",
        title: "A reply is read, by its octets",
        size: "octets",
        sizes: &[256, 1_024, 4_096, 16_384, 65_535],
        cost: Cost::Whole,
        axes: Axes::Logarithmic,
        lines: &[
            ("A records", messages::addresses),
            ("MX records", messages::exchangers),
            ("TLSA records 3 1 1", messages::digests),
            ("TLSA records of up to 1400 octets", messages::long_data),
        ],
    },
    Series {
        file: "machines",
        title: "One machine takes its first answer, by the machines that wait beside it",
        size: "machines",
        sizes: &[1, 10, 100, 1_000, 10_000, 100_000, 1_000_000],
        cost: Cost::Each,
        axes: Axes::LogarithmicSizes,
        lines: &[
            ("answers in random order", machines::in_random_order),
            ("answers in the order of the machines", machines::in_order),
        ],
    },
];

/// What was measured: for each size, the nanoseconds of each line.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The sizes and the costs.
    pub rows: Vec<(u64, Vec<f64>)>,
}

impl Series {
    /// Measures all.
    #[must_use]
    pub fn measure(&self) -> Table {
        let row = |size: &u64| {
            let costs = self.lines.iter().map(|(_, line)| line(*size)).collect();
            (*size, costs)
        };
        Table {
            rows: self.sizes.iter().map(row).collect(),
        }
    }

    /// A file of values parted by commas, with a line of names.
    #[must_use]
    pub fn to_csv(&self, table: &Table) -> String {
        let mut text = self.size.replace(',', "");
        for (label, _) in self.lines {
            text += &format!(",{}", label.replace(',', ""));
        }
        text.push('\n');
        for (size, costs) in &table.rows {
            let costs: Vec<_> = costs.iter().map(|cost| format!("{cost:.1}")).collect();
            text += &format!("{size},{}\n", costs.join(","));
        }
        text
    }

    /// Reads what [`Self::to_csv`] wrote; `None` if it is not of this series.
    #[must_use]
    pub fn read_csv(&self, text: &str) -> Option<Table> {
        let row = |line: &str| {
            let (size, costs) = line.split_once(',')?;
            let costs: Result<Vec<f64>, _> = costs.split(',').map(str::parse).collect();
            Some((size.parse().ok()?, costs.ok()?))
        };
        let rows: Vec<_> = text.lines().skip(1).map(row).collect::<Option<_>>()?;
        let of_series = rows.iter().map(|(size, _): &(u64, _)| size).eq(self.sizes)
            && rows
                .iter()
                .all(|(_, costs)| costs.len() == self.lines.len());
        of_series.then_some(Table { rows })
    }

    /// The table in Markdown: nanoseconds, and nanoseconds for each of what is counted.
    #[must_use]
    pub fn to_markdown(&self, table: &Table) -> String {
        let mut text = format!("| {} |", self.size);
        let mut rule = String::from("|--:|");
        for (label, _) in self.lines {
            let columns = match self.cost {
                Cost::Whole => format!(" {label}, ns | for each |"),
                Cost::Each => format!(" {label}, ns |"),
            };
            rule += &"--:|".repeat(columns.matches('|').count());
            text += &columns;
        }
        text += &format!("\n{rule}\n");
        for (size, costs) in &table.rows {
            text += &format!("| {size} |");
            for cost in costs {
                text += &format!(" {cost:.0} |");
                if self.cost == Cost::Whole {
                    text += &match size {
                        0 => " |".to_owned(),
                        _ => format!(" {:.1} |", cost / *size as f64),
                    };
                }
            }
            text.push('\n');
        }
        text
    }
}
