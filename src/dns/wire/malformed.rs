//! [`Malformed`]: where a reply breaks the format.

use core::fmt;

/// Where a reply breaks the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
#[non_exhaustive]
pub enum Malformed {
    /// It ends in the middle of a field.
    Truncated,
    /// It is longer than 65,535 octets.
    MessageTooLong,
    /// Octets are left behind the last record.
    LeftOver,
    /// A name is longer than 255 octets.
    NameTooLong,
    /// A label has a reserved type.
    LabelType,
    /// A compression pointer does not point backwards.
    ForwardPointer,
    /// A name has more pointers than it can have labels.
    TooManyPointers,
    /// Its names come to more labels than a message of its length has use for.
    TooManyLabels,
    /// The data of a record does not fill its length, or overruns it.
    RdataLength,
    /// A record of one of our types is not of class IN.
    Class,
    /// There are two OPT records.
    SecondOpt,
    /// An OPT record stands outside the additional section.
    MisplacedOpt,
    /// The OPT record is not at the root.
    OptOwner,
    /// NXDOMAIN came with records of the name that is said not to exist.
    DataDenied,
}

impl Malformed {
    /// The place in the standards that the reply breaks.
    #[must_use]
    pub const fn cite(self) -> &'static str {
        match self {
            Self::Truncated | Self::LeftOver => "RFC 1035 §4.1",
            Self::MessageTooLong => "RFC 1035 §4.2.2",
            Self::NameTooLong => "RFC 1035 §3.1",
            Self::LabelType
            | Self::ForwardPointer
            | Self::TooManyPointers
            | Self::TooManyLabels => "RFC 1035 §4.1.4",
            Self::RdataLength | Self::Class => "RFC 1035 §4.1.3",
            Self::SecondOpt | Self::MisplacedOpt => "RFC 6891 §6.1.1",
            Self::OptOwner => "RFC 6891 §6.1.2",
            Self::DataDenied => "RFC 1035 §4.1.1",
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Truncated => "it ends too early",
            Self::MessageTooLong => "it is longer than 65535 octets",
            Self::LeftOver => "octets are left behind the last record",
            Self::NameTooLong => "a name is longer than 255 octets",
            Self::LabelType => "a label has a reserved type",
            Self::ForwardPointer => "a compression pointer does not point backwards",
            Self::TooManyPointers => "a name has too many compression pointers",
            Self::TooManyLabels => "its names have too many labels for its length",
            Self::RdataLength => "the data of a record does not fit its length",
            Self::Class => "a record is not of class IN",
            Self::SecondOpt => "there are two OPT records",
            Self::MisplacedOpt => "an OPT record stands outside the additional section",
            Self::OptOwner => "the OPT record is not at the root",
            Self::DataDenied => "NXDOMAIN came with records of that name",
        })
    }
}

/// What an error of nom's means: the parsers used here fail on one thing only, too little input.
pub(super) fn truncated(_: nom::Err<()>) -> Malformed {
    Malformed::Truncated
}
