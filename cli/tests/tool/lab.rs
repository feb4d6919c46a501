//! The demo's network, kept by a process of its own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

use crate::{at, program};

/// A running network; it stops when this is dropped.
pub(crate) struct Lab {
    child: Child,
    pub(crate) place: Value,
}

impl Lab {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// The network with further arguments of `demo`.
    pub(crate) fn start_with(arguments: &[&str]) -> Self {
        let mut child = program()
            .args(["demo", "--serve", "--json"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let output = child.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        let place = serde_json::from_str(&line).unwrap();
        Self { child, place }
    }

    /// A probe that asks the validating resolver.
    pub(crate) fn probe(&self, line: &str) -> Output {
        self.probe_by("/resolver", line)
    }

    /// A probe that asks one of the servers.
    pub(crate) fn probe_by(&self, server: &str, line: &str) -> Output {
        self.command(server, line).output().unwrap()
    }

    pub(crate) fn command(&self, server: &str, line: &str) -> Command {
        let port = self.place.pointer("/mail_port").unwrap().to_string();
        let mut command = program();
        command
            .args(["probe", "--json", "--timeout", "30", "--port", &port])
            .args(["--resolver", at(&self.place, server)])
            .args(line.split(' '));
        command
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}
