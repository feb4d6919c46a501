//! Chains of real certificates, some of them damaged, judged by drawn records and real signatures.
//!
//! Whatever is authenticated must be justified by what we know of the certificates, without reading a signature: who issued
//! whom. And a sound chain that a record names must be authenticated.

use arbitrary::{Result, Unstructured};
use pki_types::CertificateDer;
use smtp_dane::cert::RawCertificate;
use smtp_dane::tlsa::{Record, Role, Usage};
use smtp_dane::{AnchorDates, Authentication, MAX_CHAIN, Name, Policy, Verified};

use crate::certificate::key_of;
use crate::fixtures::{CHAINS, FIXTURES, Fixture, MUCH_LATER, NOW, names, record};

/// A certificate as the server sends it.
struct Presented {
    octets: Vec<u8>,
    fixture: &'static Fixture,
}

impl Presented {
    fn is_whole(&self) -> bool {
        self.octets == self.fixture.der
    }

    fn key(&self) -> Option<&[u8]> {
        any_key_of(&self.octets)
    }
}

/// The key by another reader, or by ours where the other one is too strict: it wants sound dates, and an anchor need have none
/// where they are to be ignored.
fn any_key_of(certificate: &[u8]) -> Option<&[u8]> {
    let ours = || RawCertificate::parse(certificate).ok();
    key_of(certificate).or_else(|| Some(ours()?.subject_public_key_info()))
}

pub fn run(data: &[u8]) {
    let mut input = Unstructured::new(data);
    // Input that runs out reads as zeros; there is nothing else to go wrong.
    let _ = judge(&mut input);
}

fn judge(input: &mut Unstructured<'_>) -> Result<()> {
    let setting: u8 = input.arbitrary()?;
    let chain = presented(input)?;
    let records = records(input, &chain)?;
    let sound = is_named_and_sound(&chain, &records);
    let base = match setting & 1 {
        0 => "mx.example.com",
        _ => "other.example",
    };
    let mut policy = Policy::default();
    if setting & 2 != 0 {
        policy.anchor_dates = AnchorDates::Ignore;
    }
    let now = if setting & 4 == 0 { NOW } else { MUCH_LATER };
    let base: Name = base.parse().expect("a good name");
    let borne = (setting & 1 == 0).then(|| base.clone());
    let wanted = Authentication::from_vouched_records(base, [], records, Role::Relay, &policy);
    let Ok(wanted) = wanted else { return Ok(()) };
    let certificates: Vec<_> = chain
        .iter()
        .map(|presented| CertificateDer::from(presented.octets.as_slice()))
        .collect();
    let verdict = wanted.verify(&certificates, now, webpki::ALL_VERIFICATION_ALGS);
    let unsigned = wanted.verify(&certificates, now, &[]);
    if let Ok(verified) = &unsigned {
        assert_eq!(
            usage(verified),
            Usage::DANE_EE,
            "nobody checked a signature"
        );
        assert_eq!(&verdict, &unsigned);
    }
    match &verdict {
        Ok(verified) if usage(verified) == Usage::DANE_EE => {
            let leaf = chain.first().expect("a leaf");
            assert!(names(record_of(verified), &leaf.octets, leaf.key()));
            assert_eq!((verified.depth(), verified.name()), (0, None));
        }
        Ok(verified) => {
            assert_eq!(usage(verified), Usage::DANE_TA);
            assert_eq!(now, NOW, "certificates that have run out");
            assert!(borne.is_some(), "no server here bears the name");
            assert_eq!(verified.name(), borne.as_ref());
            assert!(is_justified(&chain, verified), "{verified:?}");
        }
        Err(error) => {
            let must_hold = sound && now == NOW && borne.is_some();
            assert!(!must_hold, "{error:?}");
        }
    }
    Ok(())
}

fn record_of(verified: &Verified) -> &Record {
    verified
        .record()
        .expect("a relay is authenticated by a record")
}

fn usage(verified: &Verified) -> Usage {
    record_of(verified).fields().expect("a usable record").0
}

fn presented(input: &mut Unstructured<'_>) -> Result<Vec<Presented>> {
    let shape: u8 = input.arbitrary()?;
    let mut places = Vec::new();
    if let Some(chain) = CHAINS.get(usize::from(shape & 3)) {
        places.extend_from_slice(chain);
    }
    let extra = usize::from(shape >> 2) % (MAX_CHAIN + 2);
    for _ in 0..extra {
        let place: u8 = input.arbitrary()?;
        let at: u8 = input.arbitrary()?;
        let at = usize::from(at) % (places.len() + 1);
        places.insert(at, usize::from(place) % FIXTURES.len());
    }
    let mut chain = Vec::new();
    for place in places {
        let fixture = &FIXTURES[place];
        let octets = damaged(input, fixture.der)?;
        chain.push(Presented { octets, fixture });
    }
    Ok(chain)
}

fn damaged(input: &mut Unstructured<'_>, der: &[u8]) -> Result<Vec<u8>> {
    let mut octets = der.to_vec();
    let kind: u8 = input.arbitrary()?;
    if kind < 8 {
        return Ok(octets);
    }
    let place: u16 = input.arbitrary()?;
    let place = usize::from(place) % octets.len();
    let value: u8 = input.arbitrary()?;
    match kind & 3 {
        0 => octets[place] ^= value,
        1 => octets.truncate(place),
        2 => octets.insert(place, value),
        _ => {
            let other = FIXTURES[usize::from(value) % FIXTURES.len()].der;
            let patch = other.iter().skip(place).take(usize::from(kind >> 2));
            for (octet, patch) in octets.iter_mut().skip(place).zip(patch) {
                *octet = *patch;
            }
        }
    }
    Ok(octets)
}

fn records(input: &mut Unstructured<'_>, chain: &[Presented]) -> Result<Vec<Record>> {
    let count: u8 = input.arbitrary()?;
    let mut records = Vec::new();
    for _ in 0..=count & 3 {
        let [kind, place, flip]: [u8; 3] = input.arbitrary()?;
        let usage = 2 + (kind & 1);
        let (selector, matching) = (kind >> 1 & 1, (kind >> 2) % 3);
        let place = usize::from(place);
        let certificate = match chain.get(place) {
            Some(presented) => &presented.octets,
            None => FIXTURES[place % FIXTURES.len()].der,
        };
        let sound = record(usage, selector, matching, certificate);
        let mut rdata = sound.as_rdata().to_vec();
        if flip > 200
            && let Some(octet) = rdata.get_mut(3 + usize::from(flip - 200))
        {
            *octet ^= 1;
        }
        records.push(Record::from_rdata(&rdata));
    }
    Ok(records)
}

/// Whether a path of whole certificates, each issued by the next, leads from the leaf to an anchor that the record names.
/// The anchor may be damaged: it is trusted for being named; but it must have the key that issued the one below it.
fn is_justified(chain: &[Presented], verified: &Verified) -> bool {
    let record = record_of(verified);
    let leaf = chain.first().expect("a leaf");
    let mut paths = vec![vec![leaf]];
    while let Some(path) = paths.pop() {
        let top = path.last().expect("a leaf");
        if !top.is_whole() || path.len() > MAX_CHAIN {
            continue;
        }
        let issuer = top.fixture.issuer;
        let issuer_key = FIXTURES
            .iter()
            .find(|fixture| fixture.subject == issuer)
            .and_then(|fixture| key_of(fixture.der));
        let issued = |key: Option<&[u8]>| key.is_some() && key == issuer_key;
        let above = chain.iter().filter(|other| issued(other.key()));
        let depth_here = path.len() - 1;
        for anchor in above.clone() {
            if names(record, &anchor.octets, anchor.key()) && verified.depth() == path.len() {
                return true;
            }
        }
        // The anchor stands in the record: a certificate, or a bare key that signed the topmost certificate.
        let (_, selector, _, data) = record.fields().expect("a usable record");
        let in_record = match selector.0 {
            0 => issued(any_key_of(data)) && verified.depth() == path.len(),
            _ => issued(Some(data)) && verified.depth() == depth_here,
        };
        if in_record {
            return true;
        }
        for next in above {
            if !path.iter().any(|passed| std::ptr::eq(*passed, next)) && next.is_whole() {
                let mut longer = path.clone();
                longer.push(next);
                paths.push(longer);
            }
        }
    }
    false
}

/// Whether the chain is one of the sound ones, whole and in order, and a record of usage 2 names one of its authorities, or
/// one of usage 3 its leaf.
fn is_named_and_sound(chain: &[Presented], records: &[Record]) -> bool {
    let is_sound = CHAINS.iter().any(|places| {
        places.len() == chain.len()
            && places
                .iter()
                .zip(chain)
                .all(|(place, presented)| presented.octets == FIXTURES[*place].der)
    });
    // A record with a stronger digest may take the place of another one, so only a lone record is certain.
    let [only] = records else { return false };
    let depth = |record: &Record| {
        let is_named = |presented: &Presented| names(record, &presented.octets, presented.key());
        chain.iter().position(is_named)
    };
    match (only.fields(), depth(only)) {
        (Some((Usage::DANE_TA, ..)), Some(depth)) => is_sound && depth > 0,
        (Some((Usage::DANE_EE, ..)), Some(depth)) => is_sound && depth == 0,
        _ => false,
    }
}
