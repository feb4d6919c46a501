//! Programs of the system: those that are asked once, and those that serve until the end.

use std::env;
use std::fs::{self, File};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::Fallible;
use crate::zones::{AUTHORITY, Hierarchy, file_name};

/// The resolver that validates.
pub(crate) const RESOLVER: &str = "127.0.0.1:53";

/// A resolver that passes signatures on and looks at none.
pub(crate) const BLIND_RESOLVER: &str = "127.0.0.2:53";

/// How long a server may take to start.
const START: Duration = Duration::from_secs(20);

/// How long a server may take to end.
const END: Duration = Duration::from_secs(3);

/// Runs a program in `folder` and returns what it printed.
pub(crate) fn output(program: &str, arguments: &[&str], folder: &Path) -> Fallible<String> {
    let run = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{program}: {error}"))?;
    if !run.status.success() {
        let said = String::from_utf8_lossy(&run.stderr);
        return Err(format!("{program} {}: {said}", arguments.join(" ")).into());
    }
    Ok(String::from_utf8(run.stdout)?)
}

/// A server that is stopped when this is dropped.
pub(crate) struct Daemon(Child);

impl Daemon {
    /// Starts a server in the foreground, with its log in `folder`, and waits until it takes connections.
    pub(crate) fn start(
        name: &str,
        program: &str,
        arguments: &[&str],
        address: &str,
        folder: &Path,
    ) -> Fallible<Self> {
        let log = folder.join(format!("{name}.log"));
        let (out, err) = (
            File::create(&log)?,
            File::options().append(true).open(&log)?,
        );
        let child = Command::new(program)
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .spawn()
            .map_err(|error| format!("{program}: {error}"))?;
        let mut daemon = Self(child);
        let address: SocketAddr = address.parse()?;
        let begun = Instant::now();
        while TcpStream::connect(address).is_err() {
            let ended = daemon.0.try_wait()?;
            if ended.is_some() || begun.elapsed() > START {
                let said = fs::read_to_string(&log)?;
                return Err(format!("{name} does not start ({ended:?}):\n{said}").into());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(daemon)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            let _asked = Command::new("kill").arg(self.0.id().to_string()).status();
        }
        let begun = Instant::now();
        while matches!(self.0.try_wait(), Ok(None)) && begun.elapsed() < END {
            thread::sleep(Duration::from_millis(20));
        }
        let _gone = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// Starts the name server of all zones.
pub(crate) fn nsd(hierarchy: &Hierarchy, folder: &Path) -> Fallible<Daemon> {
    let mut text = format!(
        "server:\n  ip-address: {AUTHORITY}\n  username: \"\"\n  zonesdir: \"{0}\"\n  pidfile: \"\"\n  database: \"\"\n  \
         zonelistfile: \"{0}/nsd.zones\"\n  xfrdfile: \"\"\n  xfrdir: \"{0}\"\n  server-count: 1\n  verbosity: 1\n  \
         rrl-ratelimit: 0\nremote-control:\n  control-enable: no\n",
        folder.display()
    );
    for zone in &hierarchy.served {
        let file = file_name(zone);
        text.push_str(&format!(
            "zone:\n  name: \"{zone}.\"\n  zonefile: \"{file}\"\n"
        ));
    }
    fs::write(folder.join("nsd.conf"), text)?;
    let address = format!("{AUTHORITY}:53");
    Daemon::start("nsd", "nsd", &["-d", "-c", "nsd.conf"], &address, folder)
}

/// Starts both resolvers: the one whose AD bit is believed, and the one that leaves validation to others.
pub(crate) fn resolvers(hierarchy: &Hierarchy, folder: &Path) -> Fallible<[Daemon; 2]> {
    fs::write(folder.join("anchor.key"), &hierarchy.anchor)?;
    let hints = format!(". 3600 NS ns.test.\nns.test. 3600 A {AUTHORITY}\n");
    fs::write(folder.join("hints"), hints)?;
    let program = copy_of("unbound", folder)?.display().to_string();
    let start = |name: &str, address: &str, modules: &str| {
        let ip = address.trim_end_matches(":53");
        let text = format!(
            "server:\n  interface: {ip}\n  access-control: 127.0.0.0/8 allow\n  username: \"\"\n  chroot: \"\"\n  \
             directory: \"{}\"\n  pidfile: \"\"\n  use-syslog: no\n  logfile: \"\"\n  num-threads: 1\n  do-ip6: no\n  \
             do-not-query-localhost: no\n  root-hints: \"hints\"\n  trust-anchor-file: \"anchor.key\"\n  \
             module-config: \"{modules}\"\n  local-zone: \"test.\" nodefault\n  val-log-level: 2\n  \
             target-fetch-policy: \"0 0 0 0 0\"\nremote-control:\n  control-enable: no\n",
            folder.display()
        );
        let file = format!("{name}.conf");
        fs::write(folder.join(&file), text)?;
        Daemon::start(name, &program, &["-d", "-c", &file], address, folder)
    };
    Ok([
        start("unbound", RESOLVER, "validator iterator")?,
        start("unbound-blind", BLIND_RESOLVER, "iterator")?,
    ])
}

/// A copy of a program in `folder`. Debian's `AppArmor` profile for unbound lets `/usr/sbin/unbound` read its settings in
/// `/etc/unbound` alone. It goes by the program's path, so it does not hold for a copy. nsd has no such profile.
fn copy_of(program: &str, folder: &Path) -> Fallible<PathBuf> {
    let folders = env::var_os("PATH").unwrap_or_default();
    let mut places = env::split_paths(&folders).map(|place| place.join(program));
    let found = places.find(|place| place.is_file());
    let copy = folder.join(program);
    fs::copy(found.ok_or_else(|| format!("no {program}"))?, &copy)?;
    Ok(copy)
}
