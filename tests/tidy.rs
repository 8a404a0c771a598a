//! What the compiler does not check: the map of modules, what the pure ones must not touch, and the
//! manners of every file. The rules are data; each violation is reported with its place.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

#[path = "support/measures.rs"]
mod measures;

use measures::Measures;

/// A module and the modules that it may use. Pure ones come first; nobody uses what stands below.
const MAP: &[(&str, Purity, &[&str])] = &[
    ("limits", Purity::Pure, &[]),
    ("model", Purity::Pure, &["limits"]),
    ("text", Purity::Pure, &["limits"]),
    ("peering", Purity::Pure, &["limits", "model"]),
    ("mesh", Purity::Pure, &["limits", "model", "peering"]),
    ("backup", Purity::Pure, &[]),
    ("config", Purity::Pure, &["limits", "model", "text", "mesh"]),
    ("registry", Purity::Pure, &["limits", "model"]),
    ("adopt", Purity::Pure, &["limits", "model", "text", "registry"]),
    ("command", Purity::Pure, &["limits", "model", "text"]),
    ("answer", Purity::Pure, &["limits", "model", "text", "peering", "command"]),
    ("access", Purity::Pure, &["model", "registry", "command"]),
    ("diagnosis", Purity::Pure, &["limits", "model", "peering", "answer"]),
    ("shell", Purity::Pure, &["limits", "model", "text", "peering", "command", "answer"]),
    ("plan", Purity::Pure, &["limits", "model", "peering", "mesh", "config", "adopt"]),
    ("runtime", Purity::Effects, &[]),
    ("sys", Purity::Effects, &["limits", "model", "registry", "plan", "runtime"]),
    ("store", Purity::Effects, &["limits", "model", "peering", "sys"]),
    ("board", Purity::Effects, &["limits", "model", "peering", "diagnosis", "plan", "sys"]),
    (
        "control",
        Purity::Effects,
        &[
            "limits",
            "model",
            "peering",
            "mesh",
            "backup",
            "registry",
            "command",
            "answer",
            "access",
            "diagnosis",
            "plan",
            "store",
            "runtime",
            "sys",
            "board",
        ],
    ),
    (
        "apply",
        Purity::Effects,
        &["limits", "model", "peering", "mesh", "plan", "store", "runtime", "sys", "board"],
    ),
    (
        "ssh",
        Purity::Effects,
        &[
            "limits", "model", "text", "registry", "command", "answer", "access", "shell",
            "runtime", "sys", "control",
        ],
    ),
    (
        "local",
        Purity::Effects,
        &["limits", "model", "answer", "access", "shell", "runtime", "sys", "board", "control"],
    ),
    (
        "daemon",
        Purity::Effects,
        &[
            "limits", "model", "mesh", "backup", "config", "registry", "peering", "plan", "store",
            "runtime", "sys", "board", "control", "apply", "ssh", "local",
        ],
    ),
    (
        "cli",
        Purity::Effects,
        &[
            "limits", "model", "text", "peering", "mesh", "config", "registry", "adopt", "command",
            "shell", "plan", "store", "runtime", "sys", "board", "apply", "ssh", "local", "daemon",
        ],
    ),
];

/// Does a module touch the world?
#[derive(PartialEq, Eq)]
enum Purity {
    Pure,
    Effects,
}

/// What the pure ones must not know: files, processes, the environment, clocks, tasks, sockets.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::process",
    "std::env",
    "std::net::Tcp",
    "std::net::Udp",
    "std::os::unix::net",
    "std::thread",
    "::now()",
    "async fn",
    "async move",
    "async {",
    ".await",
    "smol::",
    "russh::",
    "rustix::",
    "tokio::",
    "rusqlite::",
];

/// Left-overs, and what has a better place.
const BANNED: &[&str] = &[
    "FIXME",
    "TODO",
    "XXX",
    "dbg!(",
    "println!(",
    "eprintln!(",
    "#[ignore",
    // Tokio's tasks would not have their turn: `runtime::give_way` lets everybody.
    "future::yield_now",
];

const COLUMNS_MAX: usize = 100;
const FUNCTION_LINES_MAX: usize = 60;
const FILE_LINES_MAX: usize = 450;

/// A file with less than so many lines that are no test is a small one.
const SMALL_FILE_LINES: usize = 60;
/// What makes code harder to read, over all files of `src` but tests. Each number may only fall:
/// who makes one smaller writes the new one here.
const MOST: &[(&str, usize)] = &[
    ("small files", 16),
    ("closures with a name, let f = |..|", 13),
    ("parameters of closures called it", 18),
    ("matches on a bool", 0),
    ("parameters that are tuples", 1),
    ("parameters that are a bool", 6),
];

struct Source {
    /// Below `src/`, or below the repository for tests and benches.
    name: String,
    text: String,
}

fn sources(below: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(below);
    let (mut found, mut open) = (Vec::new(), vec![root.clone()]);
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory).into_iter().flatten() {
            let path = entry.expect("a directory entry").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let name = path.strip_prefix(&root).expect("below its root").display().to_string();
                let text = fs::read_to_string(&path).expect("a source file");
                found.push(Source { name, text });
            }
        }
    }
    assert!(!found.is_empty() || !root.exists(), "nothing found below {below}");
    found
}

fn module(name: &str) -> &str {
    name.split(['/', '.']).next().unwrap_or(name)
}

/// The lines of everything but test modules and what else is for tests only: those may do what they
/// need. Where they end, indentation tells, which rustfmt guarantees.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    let mut kept = Vec::new();
    while let Some((number, line)) = lines.next() {
        if line.trim() != "#[cfg(test)]" {
            kept.push((number, line));
            continue;
        }
        let item = lines.by_ref().find(|(_, line)| !line.trim_start().starts_with("#["));
        let is_block = item.is_some_and(|(_, line)| line.ends_with('{'));
        if is_block {
            let end = line.replace("#[cfg(test)]", "}");
            lines.by_ref().find(|(_, line)| *line == end);
        }
    }
    kept.into_iter()
}

/// Is it a file of tests, and nothing else?
fn is_test(source: &Source) -> bool {
    source.name.ends_with("tests.rs")
        || source.name.contains("/tests/")
        || source.name == "testing.rs"
}

#[test]
fn code_is_all_but_what_is_for_tests() {
    let text = "one\n#[cfg(test)]\nmod tests;\n\ntwo\n    #[cfg(test)]\n    #[allow(unused)]\n    \
                fn help() {\n        x\n    }\nthree\n#[cfg(test)]\nmod tests {\n    }\n}\nfour\n";
    let kept: Vec<_> = code(text).filter(|(_, line)| !line.is_empty()).collect();
    assert_eq!(kept, [(1, "one"), (5, "two"), (11, "three"), (16, "four")]);
}

fn report(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn modules_use_only_what_the_map_allows() {
    let map: BTreeMap<_, _> = MAP.iter().map(|(name, _, uses)| (*name, *uses)).collect();
    let mut faults = Vec::new();
    for source in sources("src").iter().filter(|it| !is_test(it)) {
        let own = module(&source.name);
        let Some(allowed) = map.get(own) else {
            if !["lib", "main", "testing"].contains(&own) {
                faults.push(format!("{}: {own} is not on the map", source.name));
            }
            continue;
        };
        for (number, line) in code(&source.text) {
            for used in line.split("crate::").skip(1) {
                let name: String =
                    used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if map.contains_key(name.as_str())
                    && name != own
                    && !allowed.contains(&name.as_str())
                {
                    faults.push(format!("{}:{number}: {own} must not use {name}", source.name));
                }
            }
            if line.contains("use crate::{") {
                faults.push(format!("{}:{number}: one `use crate::…` per module", source.name));
            }
        }
    }
    report(&faults);
}

/// Whoever needs a task, a timer or a socket of Tokio's has it from there.
#[test]
fn one_file_names_tokio() {
    let mut faults = Vec::new();
    for source in sources("src").iter().filter(|it| it.name != "runtime.rs") {
        for (index, line) in source.text.lines().enumerate() {
            if line.contains("tokio::") {
                faults.push(format!("{}:{}: tokio:: outside runtime.rs", source.name, index + 1));
            }
        }
    }
    report(&faults);
}

/// Nobody uses what stands below on the map, so there is no circle.
#[test]
fn the_map_goes_one_way() {
    for (index, (name, _, uses)) in MAP.iter().enumerate() {
        let above: Vec<_> = MAP.iter().take(index).map(|it| it.0).collect();
        for used in *uses {
            assert!(above.contains(used), "{name} uses {used}, which does not stand above it");
        }
    }
}

#[test]
fn the_pure_core_touches_nothing() {
    let pure: Vec<_> = MAP.iter().filter(|it| it.1 == Purity::Pure).map(|it| it.0).collect();
    let mut faults = Vec::new();
    for source in
        sources("src").iter().filter(|it| pure.contains(&module(&it.name)) && !is_test(it))
    {
        for (number, line) in code(&source.text).filter(|it| !it.1.trim_start().starts_with("//")) {
            for word in IMPURE.iter().filter(|word| line.contains(**word)) {
                faults.push(format!("{}:{number}: {word} in the pure core", source.name));
            }
        }
    }
    report(&faults);
}

#[test]
fn every_file_has_manners() {
    let mut faults = Vec::new();
    for source in ["src", "tests", "benches"].into_iter().flat_map(sources) {
        let name = &source.name;
        if !source.text.starts_with("//!") {
            faults.push(format!("{name}: does not begin with a comment that says what it is"));
        }
        let lines = source.text.lines().count();
        if lines > FILE_LINES_MAX {
            faults.push(format!("{name}: {lines} lines, more than {FILE_LINES_MAX}"));
        }
        for (index, line) in source.text.lines().enumerate() {
            // Tables of tests hold texts that would be harder to read in two pieces.
            if !is_test(&source) && line.chars().count() > COLUMNS_MAX {
                faults.push(format!("{name}:{}: wider than {COLUMNS_MAX} columns", index + 1));
            }
        }
    }
    report(&faults);
}

#[test]
fn nothing_is_left_over() {
    let mut faults = Vec::new();
    for source in sources("src").iter().filter(|it| !is_test(it)) {
        for (number, line) in code(&source.text) {
            for word in BANNED.iter().filter(|word| line.contains(**word)) {
                faults.push(format!("{}:{number}: {word}", source.name));
            }
        }
    }
    report(&faults);
}

/// Lengths by indentation, which rustfmt guarantees: a function ends with a brace as far in as it
/// began.
#[test]
fn functions_are_short() {
    let mut faults = Vec::new();
    for source in sources("src").iter().filter(|it| !is_test(it)) {
        let lines: Vec<_> = code(&source.text).collect();
        for (index, (number, line)) in lines.iter().enumerate() {
            let words = line.trim_start();
            let starts = [
                "fn ",
                "pub fn ",
                "async fn ",
                "pub async fn ",
                "pub(crate) fn ",
                "pub(super) fn ",
            ];
            if !starts.iter().any(|start| words.starts_with(start)) || words.ends_with(';') {
                continue;
            }
            let end = format!("{}}}", " ".repeat(line.len() - words.len()));
            let length = lines.iter().skip(index).take_while(|it| it.1 != end).count();
            if length > FUNCTION_LINES_MAX {
                faults.push(format!("{}:{number}: a function of {length} lines", source.name));
            }
        }
    }
    report(&faults);
}

#[test]
fn what_is_hard_to_read_only_gets_less() {
    let mut measures = Measures::default();
    let mut small_files = 0;
    for source in sources("src").iter().filter(|source| !is_test(source)) {
        let lines: Vec<&str> = code(&source.text).map(|(_, line)| line).collect();
        small_files += usize::from(lines.len() < SMALL_FILE_LINES);
        measures.add(&lines.join("\n"));
    }
    let counts = [
        small_files,
        measures.let_closures,
        measures.parameters_it,
        measures.matches_on_bool,
        measures.tuple_parameters,
        measures.bool_parameters,
    ];
    let mut faults = Vec::new();
    for ((what, most), count) in MOST.iter().zip(counts) {
        if count > *most {
            faults.push(format!("{what}: {count}, and there were {most}: write it another way"));
        } else if count < *most {
            println!("{what}: {count} now; MOST in tests/tidy.rs can say so");
        }
    }
    report(&faults);
}
