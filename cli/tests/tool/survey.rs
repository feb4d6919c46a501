//! `probe -`: many domains, one after the other, in bounded memory and with few connections to one address.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::net::UdpSocket;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use super::faults::network::{Query, Running, Way, resolver, slow_mail_server};
use super::files::Files;
use super::shape::assert_shape;
use crate::{assert_unusable, at, objects, program, text};

const A: u16 = 1;
const MX: u16 = 15;

const NOW: Duration = Duration::ZERO;

/// Longer than any of these runs takes.
const LONG: Duration = Duration::from_secs(30);

/// Every domain has the same host on this machine, and no TLSA record; but `none` domains do not exist to mail, of `liar` domains
/// nothing sensible is said, and those that are `slow` come late.
fn habit(query: &Query, _way: Way) -> Vec<(Duration, Vec<u8>)> {
    let is = |word| query.name.starts_with(word);
    let rdata = match query.query_type {
        MX if !is("none") && !is("mx") => vec![b"\x00\x0a\x02mx\x04test\x00".to_vec()],
        A if query.name == "mx.test" => vec![vec![127, 0, 0, 1]],
        _ => Vec::new(),
    };
    let mut reply = query.reply(&rdata);
    if is("liar") {
        reply.pop();
    }
    let pause = match is("slow") {
        true => Duration::from_millis(700),
        false => NOW,
    };
    vec![(pause, reply)]
}

/// A probe in JSON that asks this resolver, and finds this mail server.
fn survey(resolver: &Running, server: &Running, line: &str) -> Command {
    let (resolver, port) = (resolver.address, server.address.port());
    let mut command = program();
    command
        .args(["probe", "--json"])
        .args(["--resolver", &resolver.to_string()])
        .args(["--port", &port.to_string()])
        .args(line.split(' '))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn start(command: &mut Command, input: Vec<u8>) -> Child {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A program that ends reads no further.
    thread::spawn(move || stdin.write_all(&input));
    child
}

fn fed(command: &mut Command, input: impl Into<Vec<u8>>) -> Output {
    let child = start(command, input.into());
    child.wait_with_output().unwrap()
}

fn domains(output: &Output) -> Vec<String> {
    let objects = objects(output);
    objects.iter().for_each(assert_shape);
    let domain = |object| at(object, "/domain").to_owned();
    objects.iter().map(domain).collect()
}

/// That many different domains, each on a line.
fn many(word: &str, count: usize) -> String {
    (0..count).map(|n| format!("{word}-{n}.test\n")).collect()
}

#[test]
fn no_more_domains_are_under_way_than_jobs_says() {
    let resolver = resolver(&habit);
    let (server, crowd) = slow_mail_server(Duration::from_millis(100));
    let mut command = survey(&resolver, &server, "- --jobs 3 --per-address 200");
    let output = fed(&mut command, many("a", 12));
    assert_eq!(domains(&output).len(), 12, "{output:?}");
    assert_eq!(crowd.most(), 3);
}

#[test]
fn no_more_connections_go_to_one_address_and_who_waits_is_not_timed_out() {
    let resolver = resolver(&habit);
    let (server, crowd) = slow_mail_server(Duration::from_millis(300));
    // Without the bound all would be there at once; with it, the last one waits longer than a step may take.
    let line = "- --jobs 40 --per-address 2 --timeout 4";
    let output = fed(&mut survey(&resolver, &server, line), many("a", 40));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(domains(&output).len(), 40);
    assert_eq!(crowd.most(), 2);
}

/// A command of the program in a process that may have so many files and sockets open.
#[cfg(unix)]
fn limited(command: &Command, files: u16) -> Command {
    let mut limited = Command::new("sh");
    limited
        .args(["-c", &format!("ulimit -n {files} && exec \"$0\" \"$@\"")])
        .arg(command.get_program())
        .args(command.get_args())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    limited
}

#[cfg(unix)]
#[test]
fn no_domain_is_blamed_for_sockets_that_the_system_does_not_give() {
    let resolver = resolver(&habit);
    let (server, _crowd) = slow_mail_server(Duration::from_millis(100));
    for jobs in [20, 200] {
        let line = format!("- --jobs {jobs} --per-address 200");
        let mut command = limited(&survey(&resolver, &server, &line), 40);
        let output = fed(&mut command, many("a", 100));
        assert_unusable(&output, &line, &["--jobs <N>: ", "sockets", "ulimit -n"]);
    }
    // As many as there is room for have all that they need; nor does one domain need what fifty would.
    for (line, count) in [("- --jobs 10 --per-address 200", 100), ("a-0.test", 1)] {
        let mut command = limited(&survey(&resolver, &server, line), 40);
        let output = fed(&mut command, many("a", count));
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert_eq!(domains(&output).len(), count);
    }
}

#[test]
fn results_of_a_stream_come_as_they_are_had_and_those_of_arguments_in_order() {
    let resolver = resolver(&habit);
    let (server, _) = slow_mail_server(NOW);
    let output = fed(
        &mut survey(&resolver, &server, "-"),
        "slow.test\na.test\na.test",
    );
    assert_eq!(domains(&output), ["a.test", "a.test", "slow.test"]);
    let output = fed(&mut survey(&resolver, &server, "slow.test a.test"), "");
    assert_eq!(domains(&output), ["slow.test", "a.test"]);
}

#[test]
fn a_result_is_out_while_the_input_is_still_open_and_an_interrupt_ends_the_wait() {
    let resolver = resolver(&habit);
    let (server, _) = slow_mail_server(NOW);
    let mut command = survey(&resolver, &server, "-");
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"a.test\n").unwrap();
    let mut line = String::new();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    output.read_line(&mut line).unwrap();
    assert!(line.starts_with(r#"{"domain":"a.test""#), "{line}");
    let id = child.id().to_string();
    let begun = Instant::now();
    let killed = Command::new("kill").args(["-INT", &id]).status();
    assert!(killed.unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(begun.elapsed() < LONG);
    drop(input);
}

#[test]
fn lines_that_cannot_be_used_are_named_and_the_rest_goes_on() {
    let resolver = resolver(&habit);
    let (server, _) = slow_mail_server(NOW);
    let long = "x".repeat(9000);
    // The mark that editors and spreadsheets put first is no part of the first domain.
    let lines = format!("\u{feff}a.test\n\n \r\na..b\n{long}\nliar.test\n");
    let input = [lines.as_bytes(), b"\xe9.test\nnone.test\nb.test"].concat();
    let output = fed(&mut survey(&resolver, &server, "-"), input);
    let said = text(&output.stderr);
    let lines: Vec<_> = said.lines().collect();
    for (line, parts) in lines.iter().zip([
        ["line 4: 'a..b'", "empty label"],
        ["line 5: ", "longer than 4096"],
        ["line 7: ", "not UTF-8"],
    ]) {
        assert!(line.starts_with("smtp-dane: standard input, "), "{line}");
        assert!(parts.iter().all(|part| line.contains(part)), "{line}");
    }
    assert_eq!(lines.len(), 3, "{said}");
    assert_eq!(output.status.code(), Some(2));
    let outcomes = objects(&output);
    let outcome = |domain| {
        let object = outcomes.iter().find(|o| at(o, "/domain") == domain);
        at(object.unwrap(), "/outcome").to_owned()
    };
    assert_eq!(outcomes.len(), 4);
    assert_eq!(outcome("a.test"), "delivered");
    assert_eq!(outcome("b.test"), "delivered");
    assert_eq!(outcome("liar.test"), "deferred");
    assert_ne!(outcome("none.test"), "delivered");
}

#[test]
fn domains_that_stand_in_earlier_output_are_left_out_but_not_the_one_of_a_line_that_is_cut() {
    let resolver = resolver(&habit);
    let (server, _) = slow_mail_server(NOW);
    let files = Files::new();
    let output = fed(&mut survey(&resolver, &server, "-"), "a.test\nb.test\n");
    files.write("first.jsonl", &text(&output.stdout));
    let output = fed(&mut survey(&resolver, &server, "-"), "c.test\n");
    let whole = text(&output.stdout);
    files.write("cut.jsonl", whole.trim_end());
    let others =
        "{\"domain\":\"D.test.\",\"outcome\":\"failed\"}\n\n{\"domain\":\"e.test\"}\n{\"dom\n";
    files.write("others.jsonl", others);
    // As an editor on Windows leaves it.
    let edited = "\u{feff}{\"domain\":\"f.test\",\"outcome\":\"failed\"}\r\n\r\n \r\n";
    files.write("edited.jsonl", edited);
    let line = "- --skip-done first.jsonl --skip-done cut.jsonl --skip-done others.jsonl --skip-done edited.jsonl";
    let mut command = survey(&resolver, &server, line);
    command.current_dir(files.path());
    let input = "a.test\nB.test.\nc.test\nd.test\ne.test\nf.test\n";
    let output = fed(&mut command, input);
    let left: BTreeSet<_> = domains(&output).into_iter().collect();
    assert!(left.iter().eq(["c.test", "e.test"]), "{left:?}");
    assert_eq!(output.status.code(), Some(0));
    let said = text(&output.stderr);
    assert_eq!(said.lines().count(), 2, "{said}");
    assert!(said.contains("warning: others.jsonl, line 3: "), "{said}");
    assert!(said.contains("warning: others.jsonl, line 4: "), "{said}");
}

#[test]
fn a_file_that_is_no_earlier_output_is_complained_about_ten_times() {
    let files = Files::new();
    files.write("nonsense", &"x\n".repeat(1000));
    let line = "probe|[127.0.0.1]|--port|1|--skip-done|nonsense|--resolver|127.0.0.1";
    let said = text(&files.run(line).stderr);
    assert_eq!(said.lines().count(), 11, "{said}");
    assert!(said.contains("nonsense: 990 more lines"), "{said}");
    let line = "probe|a.test|--skip-done|absent";
    assert_unusable(&files.run(line), line, &["absent: "]);
    let line = "probe|a.test|--skip-done|.";
    assert_unusable(&files.run(line), line, &[".: "]);
}

/// Waits until there are that many whole lines in the file.
fn wait_for_lines(files: &Files, name: &str, count: usize) {
    let begun = Instant::now();
    while files.read(name).matches('\n').count() < count {
        assert!(begun.elapsed() < LONG);
        sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_run_that_is_killed_loses_no_more_than_its_last_line_and_another_one_goes_on_from_there() {
    let resolver = resolver(&habit);
    let (server, _) = slow_mail_server(NOW);
    let files = Files::new();
    // It is killed while the last ones are under way.
    let all = many("none", 30) + &many("slow", 100);
    let mut command = survey(&resolver, &server, "- --jobs 5");
    let output = File::create(files.path().join("first.jsonl")).unwrap();
    let mut child = start(command.stdout(output), all.clone().into());
    wait_for_lines(&files, "first.jsonl", 20);
    child.kill().unwrap();
    child.wait().unwrap();
    let first = files.read("first.jsonl");
    // The system may leave a write where a page of the file ends, if the process is killed in it.
    let whole = first
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'));
    let done: Vec<_> = whole.map(domain_of).collect();
    assert!(done.len() >= 20, "{first}");
    assert!(done.len() < 130, "it ended before it was killed");

    let line = "- --jobs 200 --skip-done first.jsonl";
    let mut command = survey(&resolver, &server, line);
    let output = fed(command.current_dir(files.path()), all.clone());
    let mut domains = domains(&output);
    assert_eq!(domains.len(), 130 - done.len());
    domains.extend(done);
    let domains: BTreeSet<_> = domains.iter().map(String::as_str).collect();
    assert_eq!(domains, all.lines().collect());
}

fn domain_of(line: &str) -> String {
    let object: serde_json::Value = serde_json::from_str(line).unwrap();
    at(&object, "/domain").to_owned()
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_full_is_named_in_one_line() {
    let resolver = resolver(&habit);
    let (server, _) = slow_mail_server(NOW);
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut command = survey(&resolver, &server, "-");
    let output = fed(command.stdout(full), many("none", 20));
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("the output cannot be written: "), "{said}");
}

#[test]
fn a_reader_that_has_seen_enough_ends_it_in_silence() {
    let resolver = resolver(&habit);
    let (server, _) = slow_mail_server(NOW);
    let mut child = start(
        &mut survey(&resolver, &server, "- --jobs 2"),
        many("none", 10_000).into(),
    );
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(line.ends_with("}\n"), "{line}");
    assert!(output.stderr.is_empty(), "{output:?}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn the_input_is_read_no_further_than_there_is_room() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let line = format!("probe - --timeout 60 --resolver {address}");
    let mut child = program()
        .args(line.split(' '))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let written = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&written);
    let writer = thread::spawn(move || {
        for number in 0_u64.. {
            let line = format!("a-{number}.test\n");
            if input.write_all(line.as_bytes()).is_err() {
                break;
            }
            counted.fetch_add(line.len(), Ordering::SeqCst);
        }
    });
    // Its query shows that it is at work.
    silent.recv(&mut [0; 512]).unwrap();
    sleep(Duration::from_millis(500));
    let written = written.load(Ordering::SeqCst);
    child.kill().unwrap();
    child.wait().unwrap();
    writer.join().unwrap();
    // What the pipe holds, and some hundred lines.
    assert!(written < 128 * 1024, "{written}");
}

/// The most memory that the process had so far, in kilobytes.
#[cfg(target_os = "linux")]
pub(crate) fn most_memory(child: &Child) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number.unwrap().parse().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_the_input() {
    let resolver = resolver(&habit);
    let (server, _) = slow_mail_server(NOW);
    let mut child = start(
        &mut survey(&resolver, &server, "-"),
        many("none", 10_000).into(),
    );
    let mut results = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut after = |count| {
        assert_eq!(results.by_ref().take(count).count(), count);
        most_memory(&child)
    };
    let (early, late) = (after(2000), after(7900));
    child.kill().unwrap();
    child.wait().unwrap();
    // If they were kept, the results in between would take more than six thousand.
    assert!(late - early < 3000, "{early} kB, then {late} kB");
}
