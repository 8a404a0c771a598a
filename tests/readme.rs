//! The README must be true: its list of commands is the table's, its list of operations is the
//! help's. `make bless` writes both lists. What else it names exists, and the command lines that
//! need no root are run, each as it stands there.

use peerling::cli::table::{OPERATIONS, OPTIONS};
use peerling::command::{COMMANDS, CommandSpec, lookup};
use peerling::config::{keys, sections, tables};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

#[path = "../src/testing.rs"]
mod testing;

/// The program that is tested.
const PEERLING: &str = env!("CARGO_BIN_EXE_peerling");

/// Pages that name files, and things to type.
const PAGES: [&str; 4] =
    ["README.md", "CONTRIBUTING.md", "cross/README.md", "cross/russh-util/README.md"];

fn page(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    std::fs::read_to_string(path).expect("a page of documentation")
}

fn readme() -> String {
    page("README.md")
}

/// Compares the lines between two marks with what they should be, or writes them.
fn between(mark: &str, expected: &str) {
    let (open, close) = (format!("<!-- {mark} -->\n"), format!("<!-- /{mark} -->"));
    let text = readme();
    let (before, rest) = text.split_once(&open).expect("the mark where the list begins");
    let (found, after) = rest.split_once(&close).expect("the mark where the list ends");
    if std::env::var_os("BLESS").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
        let text = format!("{before}{open}{expected}{close}{after}");
        return std::fs::write(path, text).expect("README.md can be written");
    }
    assert_eq!(found, expected, "README.md is not up to date: make bless");
}

#[test]
fn the_readme_is_up_to_date() {
    let rows: String =
        COMMANDS.iter().map(|it| format!("| `{}` | {} |\n", it.name, it.summary)).collect();
    between("commands", &format!("| command | what it does |\n|---|---|\n{rows}"));
    let help = Command::new(env!("CARGO_BIN_EXE_peerling")).arg("--help").output().expect("help");
    let help = String::from_utf8(help.stdout).expect("UTF-8");
    between("operations", &format!("```\n{help}```\n"));
    between("placeholders", &format!("```\n{}```\n", peerling::plan::form::placeholders()));
}

/// What stands between backquotes.
fn spans(text: &str) -> Vec<String> {
    let mut spans = Vec::new();
    let mut is_fenced = false;
    for line in text.lines() {
        if line.starts_with("```") {
            is_fenced = !is_fenced;
        } else if !is_fenced {
            spans.extend(line.split('`').skip(1).step_by(2).map(str::to_string));
        }
    }
    spans
}

/// Lines to be typed: indented ones and those of blocks, without comments, each whole.
fn typed_lines(text: &str) -> Vec<String> {
    let text = text.replace("\\\n", " ");
    let mut lines = Vec::new();
    let mut is_fenced = false;
    for line in text.lines() {
        is_fenced ^= line.starts_with("```");
        if is_fenced || line.starts_with("    ") {
            lines.push(line.split(" # ").next().unwrap_or(line).trim().to_string());
        }
    }
    lines
}

/// The commands of a line, without what they write into.
fn commands(line: &str) -> Vec<String> {
    let parts = line.split("&&").flat_map(|it| it.split(';')).flat_map(|it| it.split('|'));
    let bare = parts.map(|it| it.split('>').next().unwrap_or(it).trim());
    bare.map(|it| it.trim_start_matches("sudo ").to_string()).collect()
}

/// Every `peerling …` of the README, in lines and in sentences.
fn operations() -> BTreeSet<String> {
    let lines = [spans(&readme()), typed_lines(&readme())].concat();
    let all = lines.iter().flat_map(|line| commands(line));
    all.filter(|line| line.starts_with("peerling ") && !line.contains('<')).collect()
}

/// Every command of the shell that a line gives to ssh.
fn by_ssh() -> Vec<String> {
    let lines = [spans(&readme()), typed_lines(&readme())].concat();
    let all = lines.iter().flat_map(|line| commands(line));
    let words = all.filter(|it| it.starts_with("ssh -p 4242 ")).filter_map(|line| {
        let (_, words) = line.split_once("@")?;
        Some(words.split_once(' ')?.1.to_string())
    });
    words.filter(|it| it != "COMMAND").collect()
}

fn has_flag(spec: &CommandSpec, word: &str) -> bool {
    let name = word.split(['=', '[']).next().unwrap_or(word);
    spec.flags.iter().any(|flag| flag.name == name)
}

#[test]
fn every_command_and_flag_that_is_named_exists() {
    let mut wrong = Vec::new();
    for line in by_ssh().into_iter().chain(spans(&readme())) {
        let mut words = line.split_whitespace();
        let Some(spec) = words.next().and_then(|it| COMMANDS.iter().find(|spec| spec.name == it))
        else {
            continue;
        };
        for flag in words.filter(|word| word.starts_with("--")) {
            if !has_flag(spec, flag) {
                wrong.push(format!("{line}: {} has no {flag}", spec.name));
            }
        }
    }
    for line in by_ssh() {
        let first = line.split_whitespace().next().unwrap_or_default();
        if lookup(first).is_err() {
            wrong.push(format!("{line}: there is no such command"));
        }
    }
    for span in spans(&readme()).iter().filter(|span| span.starts_with("--")) {
        let name = span.split([' ', '=', '[']).next().unwrap_or(span);
        let operator = OPERATIONS.iter().flat_map(|it| it.arguments).chain(OPTIONS);
        let known = COMMANDS.iter().any(|spec| has_flag(spec, name))
            || operator.map(|it| it.name).any(|known| known == name);
        if !known {
            wrong.push(format!("nothing has {span}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_file_and_target_that_is_named_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let makefile = page("Makefile");
    let mut wrong = Vec::new();
    for name in PAGES {
        let text = page(name);
        for file in missing_files(&text, root) {
            wrong.push(format!("{name}: there is no {file}"));
        }
        let lines = [spans(&text), typed_lines(&text)].concat();
        for line in lines.iter().filter_map(|line| line.strip_prefix("make ")) {
            let target = line.split_whitespace().next().unwrap_or_default();
            if !makefile.lines().any(|it| it.starts_with(&format!("{target}:"))) {
                wrong.push(format!("{name}: there is no make {target}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What a page names or links to below the repository and is not there. `NAME` stands for a name
/// that the reader chooses, so the directory must be there.
fn missing_files(text: &str, root: &Path) -> Vec<String> {
    let directories = ["src/", "tests/", "packaging/", "fixtures/", "cross/", "benches/"];
    let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let mut names = spans(text);
    names.extend(links.map(str::to_string));
    let mut missing = Vec::new();
    for name in names {
        let path = name.split(['#', ' ']).next().unwrap_or_default();
        let path = path.split("NAME").next().unwrap_or_default();
        if directories.iter().any(|it| path.starts_with(it)) && !root.join(path).exists() {
            missing.push(name);
        }
    }
    missing
}

#[test]
fn every_key_that_is_named_exists() {
    let mut wrong = Vec::new();
    for span in spans(&readme()) {
        let name = span.split([' ', '=']).next().unwrap_or_default();
        let Some((section, key)) = name.split_once('.') else { continue };
        let is_section = sections().iter().any(|it| it.name == section);
        let is_key = keys().iter().any(|it| it.section == section && it.key == key);
        let is_table = tables().iter().any(|it| it.path == name.trim_matches(['[', ']']));
        let is_file = key.ends_with("conf");
        if is_section && !is_key && !is_table && !is_file {
            wrong.push(format!("there is no key {name}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Lines of a script that runs a command, and says so where it does not end as it should.
fn step(script: &mut String, name: &str, command: &str, statuses: &str) {
    let _ = writeln!(
        script,
        "status=0; ( {command} ) >out 2>&1 </dev/null || status=$?\n\
         case $status in {statuses}) ;; *) echo '{name}:' $status; cat out ;; esac"
    );
}

/// Gives the POP the README's own network in the place of the demo's, with its key, and a place for
/// `genconfig`.
fn inventory() -> String {
    let text = readme();
    let (_, rest) = text.split_once("```toml\n").expect("the inventory of a network");
    let (mesh, _) = rest.split_once("```").expect("its end");
    let mesh = mesh.replace("\"...\"", "\"$key\"");
    format!(
        "key=$($PEERLING_DEMO_SSH peer_list --json | \
         sed 's/.*\"our\":{{\"wg_pub_key\":\"\\([^\"]*\\)\".*/\\1/')\n\
         sed -i '/^.mesh.$/,$d' peerling.toml\n\
         cat >>peerling.toml <<X\n[genconfig]\nwireguard_directory = \"$PWD/staged-wireguard\"\n\
         bird_directory = \"$PWD/staged-bird\"\n{mesh}X\n"
    )
}

/// A POP in a directory of its own, without root: every operation and every command by ssh that
/// the README tells is run there.
#[test]
fn what_needs_no_root_does_what_is_told() {
    if let Err(error) = Command::new("ssh").arg("-V").output() {
        return testing::skipped("the README's command lines", &format!("ssh: {error}"));
    }
    let mut script = "cd \"$PEERLING_DEMO_DIR\"\n".to_string();
    let key = "Gci1GkI8rPJh2gyXXbhDty1dOP0nRHfuuBjnlYR72RA=";
    let commands = by_ssh();
    assert!(commands.len() > 5, "{commands:?}");
    for words in &commands {
        let words = words.replace("KEY", key).replace("node.example.org", "2001:db8::42");
        let words = words.replace("NAME-MNT", "NEWCOMER-MNT");
        let from = if words.contains("--from -") { "cat exported |" } else { "" };
        step(
            &mut script,
            &words.replace('\'', ""),
            &format!("{from} $PEERLING_DEMO_SSH {words}"),
            "0",
        );
        if words == "peer_export" {
            script += "cp out exported\n";
        }
    }
    script += &inventory();
    let mut run = 0;
    for line in operations() {
        let words = line.trim_start_matches("peerling ");
        let operation = words.split_whitespace().next().unwrap_or_default();
        // Two that serve, and one whose command is not told.
        if ["serve", "demo"].contains(&operation) && !words.contains("--test") || words == "exec" {
            continue;
        }
        // It is about the whole machine: tests/packages/init.sh takes its line to a fresh one.
        if operation == "init" {
            continue;
        }
        let statuses = match operation {
            "check" => "0|1",
            "plan" => "0|2",
            // There is no BIRD, and nothing that was made by hand.
            "import" => "1",
            // The service runs, and would not know of it.
            "restore" | "down" => "1",
            _ => "0",
        };
        let words = words.replace("DIR", "told").replace("/etc/bird", "told-bird");
        let words = words.replace("NAME-MNT", "NEWCOMER-MNT");
        let program = format!("{PEERLING} --config \"$PWD/peerling.toml\" {words}");
        step(&mut script, &line.replace('\'', ""), &program, statuses);
        run += 1;
    }
    assert!(run > 5, "{:?}", operations());
    script += "for it in wireguard bird peering.db; do [ -e told/servers/*/$it ] || \
               echo \"export made no $it\"; done\n";
    let said = Command::new(PEERLING).args(["demo", "--run", &script]).output();
    let said = said.expect("the demo runs");
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    let told: Vec<&str> = text.lines().filter(|line| !line.starts_with("ssh -p ")).collect();
    let log = String::from_utf8_lossy(&said.stderr);
    assert!(told.is_empty() && said.status.success(), "{}\n{log}", told.join("\n"));
}
