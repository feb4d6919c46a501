//! DNS replies written octet by octet, so that a test can break any of them.

use smtp_dane::dns::Question;

use super::name;

pub const SOA: u16 = 6;
pub const OPT: u16 = 41;

/// A reply, part by part. The counts of the header are those of the parts unless a test changes the octets afterwards.
#[derive(Clone, Debug)]
pub struct Message {
    pub id: u16,
    pub flags: u16,
    pub question: Option<Question>,
    pub answers: Vec<Rr>,
    pub authorities: Vec<Rr>,
    pub additionals: Vec<Rr>,
}

/// Flags of an ordinary reply: QR, RD, RA.
pub const REPLY: u16 = 0x8180;
pub const AD: u16 = 0x0020;
pub const TC: u16 = 0x0200;

impl Message {
    /// A reply with no records, from a resolver that knows EDNS.
    pub fn reply(id: u16, question: &Question) -> Self {
        Self {
            id,
            flags: REPLY,
            question: Some(question.clone()),
            answers: Vec::new(),
            authorities: Vec::new(),
            additionals: vec![Rr::opt(0, &[])],
        }
    }

    pub fn secure(mut self) -> Self {
        self.flags |= AD;
        self
    }

    pub fn rcode(mut self, rcode: u16) -> Self {
        self.flags = (self.flags & !0xf) | rcode;
        self
    }

    pub fn answer(mut self, record: Rr) -> Self {
        self.answers.push(record);
        self
    }

    pub fn authority(mut self, record: Rr) -> Self {
        self.authorities.push(record);
        self
    }

    pub fn additional(mut self, record: Rr) -> Self {
        self.additionals.push(record);
        self
    }

    /// The message in wire form, without compression.
    pub fn to_bytes(&self) -> Vec<u8> {
        let count = |records: &[Rr]| u16::try_from(records.len()).unwrap();
        let mut bytes = Vec::new();
        for field in [
            self.id,
            self.flags,
            u16::from(self.question.is_some()),
            count(&self.answers),
            count(&self.authorities),
            count(&self.additionals),
        ] {
            bytes.extend(field.to_be_bytes());
        }
        if let Some(question) = &self.question {
            bytes.extend(question.name().as_wire());
            bytes.extend(question.query_type().code().to_be_bytes());
            bytes.extend(1_u16.to_be_bytes());
        }
        for record in [&self.answers, &self.authorities, &self.additionals]
            .into_iter()
            .flatten()
        {
            record.write(&mut bytes);
        }
        bytes
    }
}

/// A record, in raw parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rr {
    /// Wire form, which may hold compression pointers.
    pub owner: Vec<u8>,
    pub record_type: u16,
    pub class: u16,
    pub ttl: u32,
    pub rdata: Vec<u8>,
}

impl Rr {
    pub fn new(owner: &str, record_type: u16, ttl: u32, rdata: &[u8]) -> Self {
        Self {
            owner: name(owner).as_wire().to_vec(),
            record_type,
            class: 1,
            ttl,
            rdata: rdata.to_vec(),
        }
    }

    /// A record from text such as `"example.com MX 10 mx.example.com"`, with a TTL of an hour.
    pub fn text(text: &str) -> Self {
        let mut fields = text.split_whitespace();
        let owner = fields.next().unwrap();
        let record_type = fields.next().unwrap();
        let rest: Vec<&str> = fields.collect();
        let wire = |text: &str| name(text).as_wire().to_vec();
        let (code, rdata) = match record_type {
            "A" => (
                1,
                rest[0]
                    .parse::<std::net::Ipv4Addr>()
                    .unwrap()
                    .octets()
                    .to_vec(),
            ),
            "AAAA" => (
                28,
                rest[0]
                    .parse::<std::net::Ipv6Addr>()
                    .unwrap()
                    .octets()
                    .to_vec(),
            ),
            "CNAME" => (5, wire(rest[0])),
            "DNAME" => (39, wire(rest[0])),
            "MX" => {
                let preference: u16 = rest[0].parse().unwrap();
                (
                    15,
                    [preference.to_be_bytes().to_vec(), wire(rest[1])].concat(),
                )
            }
            "TLSA" => {
                let fields = rest[..3].iter().map(|field| field.parse::<u8>().unwrap());
                (52, fields.chain(hex(&rest[3..].concat())).collect())
            }
            other => panic!("no text form for {other}"),
        };
        Self::new(owner, code, 3600, &rdata)
    }

    pub fn ttl(mut self, ttl: u32) -> Self {
        self.ttl = ttl;
        self
    }

    /// A denial's SOA: may be kept for `ttl` seconds by its own TTL, for `minimum` by its last field.
    pub fn soa(owner: &str, ttl: u32, minimum: u32) -> Self {
        let mut rdata = vec![0, 0];
        for field in [1, 7200, 3600, 86400, minimum] {
            rdata.extend(u32::to_be_bytes(field));
        }
        Self::new(owner, SOA, ttl, &rdata)
    }

    /// An OPT record with the upper bits of the RCODE and raw options.
    pub fn opt(extended_rcode: u8, options: &[u8]) -> Self {
        Self {
            owner: vec![0],
            record_type: OPT,
            class: 1232,
            ttl: u32::from_be_bytes([extended_rcode, 0, 0x80, 0]),
            rdata: options.to_vec(),
        }
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(&self.owner);
        bytes.extend(self.record_type.to_be_bytes());
        bytes.extend(self.class.to_be_bytes());
        bytes.extend(self.ttl.to_be_bytes());
        bytes.extend(u16::try_from(self.rdata.len()).unwrap().to_be_bytes());
        bytes.extend(&self.rdata);
    }
}

pub fn hex(text: &str) -> Vec<u8> {
    let octets = text.as_bytes().chunks(2);
    let octet = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    octets.map(octet).collect()
}
