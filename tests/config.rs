//! Golden pairs: `fixtures/config/NAME.toml` with `NAME.env` (either may be missing) means
//! `NAME.ok`, the effective configuration, or is refused with the problems of `NAME.err`.
//!
//! With `BLESS=1` in the environment the expectations are written anew; the review is reading the
//! difference. The sample configuration is held to the same standard here.

use peerling::config::{
    Config, KeySpec, Kind, Preset, Problem, Source, keys, resolve, sections, tables,
};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const SAMPLE: &str = include_str!("../packaging/peerling.toml");

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/config")
}

fn file(text: &str) -> Result<Config, Vec<Problem>> {
    resolve(Some(Source { name: "peerling.toml", text }), &[])
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("{problem}\n")).collect()
}

/// `NAME=value` lines; a value is all that follows the first `=`.
fn environment(text: &str) -> Vec<(String, String)> {
    let pair = |line: &str| line.split_once('=').map(|(name, value)| (name.into(), value.into()));
    text.lines().filter_map(pair).collect()
}

/// The expectation's extension and text.
fn outcome(case: &Path) -> (&'static str, String) {
    let text = fs::read_to_string(case.with_extension("toml")).ok();
    let variables = fs::read_to_string(case.with_extension("env")).unwrap_or_default();
    let source = text.as_deref().map(|text| Source { name: "peerling.toml", text });
    match resolve(source, &environment(&variables)) {
        Ok(config) => ("ok", config.to_toml()),
        Err(problems) => ("err", lines(&problems)),
    }
}

#[test]
fn golden_pairs() {
    let names = fs::read_dir(fixtures()).unwrap().map(|entry| entry.unwrap().path());
    let cases: BTreeSet<PathBuf> = names.map(|name| name.with_extension("")).collect();
    assert!(cases.len() > 10, "the fixtures are missing");
    let bless = std::env::var_os("BLESS").is_some();
    let mut wrong = String::new();
    for case in cases {
        let (extension, got) = outcome(&case);
        let (good, bad) = (case.with_extension("ok"), case.with_extension("err"));
        if bless {
            let _ = (fs::remove_file(&good), fs::remove_file(&bad));
            fs::write(case.with_extension(extension), &got).unwrap();
        }
        let expected = fs::read_to_string(case.with_extension(extension)).unwrap_or_default();
        if got != expected || (good.exists() && bad.exists()) {
            let name = case.display();
            wrong += &format!("==== {name}.{extension} expected\n{expected}==== got\n{got}");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn the_effective_print_reads_as_the_same_configuration() {
    // `golden_pairs` writes them anew at this very moment; the next run judges them.
    if std::env::var_os("BLESS").is_some() {
        return;
    }
    for entry in fs::read_dir(fixtures()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "ok") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let config =
            file(&text).unwrap_or_else(|told| panic!("{}: {}", path.display(), lines(&told)));
        assert_eq!(config.to_toml(), text, "{}", path.display());
        assert_eq!(file(&config.to_toml()), Ok(config.clone()));
        let short = config.to_short_toml();
        assert!(short.len() < text.len(), "{short}");
        assert_eq!(file(&short), Ok(config), "{short}");
    }
}

#[test]
fn the_sample_says_what_holds_anyway() {
    let sample = file(SAMPLE).unwrap_or_else(|told| panic!("{}", lines(&told)));
    let minimal = "[pop]\nasn = 64511\nname = \"pop.example.net\"\n";
    assert_eq!(file(minimal), Ok(sample.clone()));
    // With every # before a key taken away, only those that have an example and no default differ.
    let is_key = |line: &str| line.starts_with(|letter: char| letter.is_ascii_lowercase());
    let bare = |line: &str| line.strip_prefix('#').filter(|rest| is_key(rest)).map(str::to_string);
    let all: Vec<_> = SAMPLE.lines().map(|line| bare(line).unwrap_or(line.into())).collect();
    let mut config = file(&all.join("\n")).unwrap_or_else(|told| panic!("{}", lines(&told)));
    let pop = &mut config.pop;
    let numbers = [pop.bandwidth, pop.linktype, pop.region, pop.country];
    assert!(numbers.iter().all(Option::is_some));
    (pop.bandwidth, pop.linktype, pop.region, pop.country) = (None, None, None, None);
    assert_eq!(pop.addresses.take().map(|addresses| addresses.len()), Some(2));
    assert!(pop.sysctl.take().is_some());
    assert_eq!(config, sample);
}

#[test]
fn the_sample_shows_every_section_and_key_in_order() {
    let name = |line: &str| Some(line.trim_start_matches('#').split_once(" = ")?.0.to_string());
    let plain = |name: &String| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let is_shown = |line: &&str| !line.starts_with("# ");
    let shown: Vec<_> = SAMPLE.lines().filter(is_shown).filter_map(name).filter(plain).collect();
    let known: Vec<_> = keys().iter().filter(|spec| spec.kind != Kind::Secret).collect();
    assert_eq!(shown, known.iter().map(|spec| spec.key).collect::<Vec<_>>());
    let headers: Vec<_> = SAMPLE.lines().filter(|line| line.starts_with('[')).collect();
    assert_eq!(headers, sections().iter().map(|it| format!("[{}]", it.name)).collect::<Vec<_>>());
    for spec in known {
        if let Preset::Value(toml) = spec.default {
            assert!(SAMPLE.contains(&format!("\n#{} = {toml}\n", spec.key)), "{spec}");
        }
    }
}

#[test]
fn the_example_of_a_mesh_in_the_sample_is_one() {
    let (_, example) = SAMPLE.split_once("#     [mesh]\n").unwrap();
    let bare: Vec<_> = example.lines().map_while(|it| Some(it.strip_prefix('#')?.trim())).collect();
    let required = "[pop]\nasn = 4242420263\nname = \"fr-par1.example.net\"\n";
    let text = format!("{required}[mesh]\n{}", bare.join("\n"));
    let inventory = file(&text).unwrap_or_else(|told| panic!("{}", lines(&told))).inventory;
    let inventory = inventory.expect("an inventory");
    assert_eq!((inventory.pops.len(), inventory.links().len()), (2, 1));
    assert_eq!(inventory.links()[0].cost, Some(120));
}

#[test]
fn every_key_has_one_name_and_one_line_of_explanation() {
    let plain = |spec: &KeySpec| {
        let about = spec.about();
        assert!(!about.is_empty() && !about.contains('\n') && !about.ends_with('.'), "{spec}");
    };
    let mut names = BTreeSet::new();
    for spec in keys() {
        assert!(names.insert(spec.variable()), "{spec}");
        assert!(spec.aliases.iter().all(|alias| names.insert(alias.to_string())), "{spec}");
        assert!(sections().iter().any(|section| section.name == spec.section), "{spec}");
        plain(spec);
    }
    for table in tables() {
        assert!(sections().iter().any(|section| section.name == table.names().0));
        assert!(table.keys.iter().all(|spec| spec.section == table.path), "{}", table.path);
        assert!(!table.about().is_empty() && !table.about().ends_with('.'), "{}", table.path);
        table.keys.iter().for_each(plain);
    }
}

#[test]
fn a_file_is_bounded() {
    let bound = peerling::limits::CONFIG_BYTES_MAX;
    let told = file(&"#".repeat(bound + 1)).unwrap_err();
    assert_eq!(lines(&told), "peerling.toml: the file has more than 1048576 bytes\n");
    // At the bound, the worst that one megabyte can hold still ends, with a bounded report.
    for piece in [
        "a=1\n",
        "[a]\n",
        "[",
        "{",
        "a=[\n",
        "\"",
        "'''",
        "\0",
        "a.b=1\n",
        "é=\"\n",
        "#",
        "a",
        "[[mesh.link]]\npops=['a','b']\nmtu=1400\n",
    ] {
        let told = file(&piece.repeat(bound / piece.len())).unwrap_err();
        assert!(told.len() <= peerling::limits::CONFIG_PROBLEMS_MAX + 1, "{piece:?}");
    }
    let list = |entries: usize| file(&format!("[ssh]\nlisten = [{}]", "1, ".repeat(entries)));
    assert!(lines(&list(300_000).unwrap_err()).contains("at most 32768 bytes"));
    assert!(lines(&list(2000).unwrap_err()).contains("not a list as long as this"));
    let pairs: String = (0..3000).map(|n| format!("k{n}.a=1,")).collect();
    assert!(file(&format!("pop = {{ {pairs} }}")).is_err());
}
