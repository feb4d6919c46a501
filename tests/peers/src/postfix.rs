//! A Postfix of our own: the server of one domain, with a mailbox, and a client that is given mail for all domains.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use pem::Pem;

use crate::Fallible;
use crate::certificates::Identity;
use crate::daemons::{Daemon, output};
use crate::servers::PORT;

/// Mail from this address is sent with the level `dane-only`, all other mail with `dane`.
pub(crate) const INSISTENT: &str = "insistent@client.test";

/// Postfix while it runs.
pub(crate) struct Postfix {
    /// The folder of its settings.
    pub(crate) settings: PathBuf,
    /// Its log.
    pub(crate) log: PathBuf,
    /// The maildir for all mail that it keeps.
    pub(crate) maildir: PathBuf,
    /// Where it listens.
    pub(crate) address: Ipv4Addr,
    _master: Daemon,
}

impl Postfix {
    /// Starts Postfix below `folder`; nothing of `/etc/postfix` is used.
    pub(crate) fn start(identity: &Identity, folder: &Path) -> Fallible<Self> {
        let base = folder.join("postfix");
        let settings = base.join("settings");
        let default = |name: &str| -> Fallible<String> {
            let value = output("postconf", &["-dh", name], folder)?;
            Ok(value.trim().to_owned())
        };
        let (owner, group) = (default("mail_owner")?, default("setgid_group")?);
        make_folders(&base, &owner, &group)?;
        fs::write(base.join("chain.pem"), pem(identity))?;
        let id = output("id", &["-u", &owner], folder)?;
        let main = main_cf(&base, identity.address, id.trim());
        fs::write(settings.join("main.cf"), main)?;
        fs::write(settings.join("master.cf"), MASTER_CF)?;
        fs::write(settings.join("dynamicmaps.cf"), "")?;
        // Postfix listens only on addresses that an interface has, although all of 127.0.0.0/8 leads here.
        let local = format!("{}/8", identity.address);
        output("ip", &["address", "add", &local, "dev", "lo"], folder)?;
        let master = format!("{}/master", default("daemon_directory")?);
        let arguments = ["-d", "-c", &settings.display().to_string()];
        let address = format!("{}:{PORT}", identity.address);
        Ok(Self {
            _master: Daemon::start("postfix", &master, &arguments, &address, folder)?,
            log: base.join("log"),
            maildir: base.join("mail/inbox"),
            address: identity.address,
            settings,
        })
    }
}

/// The queue as `postfix check` would make it, which wants files of `/etc/postfix` for that.
fn make_folders(base: &Path, owner: &str, group: &str) -> Fallible<()> {
    for folder in ["settings", "data", "mail", "queue/pid"] {
        fs::create_dir_all(base.join(folder))?;
    }
    let own = |owner: &str, folder: &str| output("chown", &[owner, folder], base);
    own(owner, "data")?;
    own(owner, "mail")?;
    for folder in
        "active bounce corrupt defer deferred flush hold incoming private saved trace".split(' ')
    {
        let folder = format!("queue/{folder}");
        fs::create_dir(base.join(&folder))?;
        own(owner, &folder)?;
        output("chmod", &["700", &folder], base)?;
    }
    for (folder, mode) in [("queue/maildrop", "1730"), ("queue/public", "2710")] {
        fs::create_dir(base.join(folder))?;
        own(&format!("{owner}:{group}"), folder)?;
        output("chmod", &[mode, folder], base)?;
    }
    Ok(())
}

fn pem(identity: &Identity) -> String {
    let certificates = identity
        .chain
        .iter()
        .map(|der| pem::encode(&Pem::new("CERTIFICATE", der.as_slice())));
    identity.key.serialize_pem() + &certificates.collect::<String>()
}

fn main_cf(base: &Path, address: Ipv4Addr, user: &str) -> String {
    let base = base.display();
    format!(
        "compatibility_level = 3.6
queue_directory = {base}/queue
data_directory = {base}/data
meta_directory = {base}/settings
maillog_file = {base}/log
maillog_file_prefixes = {base}
myhostname = client.test
mydestination =
alias_maps =
local_recipient_maps =
inet_protocols = all
inet_interfaces = {address}
mynetworks = 127.0.0.0/8
smtpd_peername_lookup = no
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_tls_security_level = may
smtpd_tls_chain_files = {base}/chain.pem
smtpd_tls_received_header = yes
virtual_mailbox_domains = client.test, postfix.nsec.test
virtual_mailbox_base = {base}/mail
virtual_mailbox_maps = static:inbox/
virtual_uid_maps = static:{user}
virtual_gid_maps = static:{user}
smtp_dns_support_level = dnssec
smtp_host_lookup = dns
smtp_tls_security_level = dane
smtp_tls_loglevel = 1
smtp_connect_timeout = 20s
smtp_helo_timeout = 20s
smtp_connection_cache_on_demand = no
sender_dependent_default_transport_maps = inline:{{ {INSISTENT}=insistent }}
"
    )
}

const MASTER_CF: &str = "\
smtp      inet n - n - - smtpd
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
tlsmgr    unix - - n 1000? 1 tlsmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
smtp      unix - - n - - smtp
insistent unix - - n - - smtp -o smtp_tls_security_level=dane-only
error     unix - - n - - error
retry     unix - - n - - error
virtual   unix - n n - - virtual
anvil     unix - - n - 1 anvil
scache    unix - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
";
