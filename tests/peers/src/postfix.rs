//! Postfix: its settings, and the instance that serves one of the domains.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Fallible;

/// Writes the settings into a folder of their own, so that nothing of `/etc/postfix` is used, and returns the folder.
pub(crate) fn settings(folder: &Path) -> Fallible<PathBuf> {
    let settings = folder.join("postfix");
    fs::create_dir(&settings)?;
    let text = "compatibility_level = 3.6\nmyhostname = client.test\ninet_protocols = ipv4\n";
    fs::write(settings.join("main.cf"), text)?;
    Ok(settings)
}
