//! The names of the properties. A property that several models check bears one name.

pub const PROOF: &str =
    "a host with usable TLSA records gets no mail before it proved one of their certificates";
pub const ENCRYPTION: &str = "a host whose TLSA records are all unusable gets no mail in cleartext";
pub const SILENCE: &str =
    "a host whose lookups failed or that must not be used is never connected to";
pub const ANSWERED: &str = "only addresses that were answered for the host are connected to";
pub const USED: &str = "a host that nothing bars is connected to";
pub const TRIED: &str =
    "mail waits only after each host was tried at each of its addresses, or for a reason why not";
pub const ORDER: &str =
    "hosts are tried in the order of their preferences, and none is passed over without a reason";
pub const LOOP: &str = "no host is tried that is no better than this site";
pub const MANDATORY: &str = "mandatory DANE gives no mail to a host that is not authenticated";
pub const AUDIT: &str = "an audit connects and sends just where no DANE would";
pub const BOUND: &str = "every run ends within the bound of its world";
pub const WAY_ON: &str = "every state that is not the end has a way on";
pub const BELONGS: &str =
    "an event that does not belong to the state is refused and changes nothing";
pub const INJECTED: &str = "no mail follows octets behind the reply to STARTTLS";
pub const OPEN: &str = "no mail goes over a connection that was lost or had to be closed";
pub const FAILED_TLS: &str =
    "where failed TLS is refused no mail goes in cleartext to a server that offered TLS";
pub const REACHED: &str = "a server that lives up to the demands gets the mail";
pub const RETURNED: &str = "mail is returned on nothing but a definite answer";
pub const ROUTED: &str =
    "there is a route only to the hosts of the MX answer, and none after a failure";
pub const ACCEPTED: &str = "mail is delivered if and only if a server accepted it, and once";
pub const ONCE_MORE: &str = "no second connection is asked for but once for each address";

/// Every property, by the name that the list of mutants gives it.
pub const PROPERTIES: [(&str, &str); 21] = [
    ("PROOF", PROOF),
    ("ENCRYPTION", ENCRYPTION),
    ("SILENCE", SILENCE),
    ("ANSWERED", ANSWERED),
    ("USED", USED),
    ("TRIED", TRIED),
    ("ORDER", ORDER),
    ("LOOP", LOOP),
    ("MANDATORY", MANDATORY),
    ("AUDIT", AUDIT),
    ("BOUND", BOUND),
    ("WAY_ON", WAY_ON),
    ("BELONGS", BELONGS),
    ("INJECTED", INJECTED),
    ("OPEN", OPEN),
    ("FAILED_TLS", FAILED_TLS),
    ("REACHED", REACHED),
    ("RETURNED", RETURNED),
    ("ROUTED", ROUTED),
    ("ACCEPTED", ACCEPTED),
    ("ONCE_MORE", ONCE_MORE),
];

/// The property that the list of mutants calls so.
pub fn by_key(key: &str) -> Option<&'static str> {
    let mut all = PROPERTIES.into_iter();
    all.find_map(|(name, property)| (name == key).then_some(property))
}
