//! What a bird.conf is: the distribution's, which does nothing; `peerling bird-init`'s; or the
//! operator's own, and what that lacks for peerling.

use crate::model::BirdForm;
use crate::plan::symbols;
use std::collections::BTreeSet;
use std::path::Path;

/// With these words begins the file that BIRD itself installs (doc/bird.conf.example), and with it
/// Debian, Alpine and others.
const STOCK_MARKS: [&str; 2] = [
    "This is a basic configuration file, which contains boilerplate options",
    "some basic examples",
];
/// With these words begin all files of bird-init.
const OURS_MARK: &str = "`peerling bird-init`";
/// The functions that the form "reference" calls.
pub(super) const FILTERS: [&str; 4] =
    ["dn42_import_filter", "dn42_import_filter_v6", "dn42_export_filter", "dn42_export_filter_v6"];

/// Whose the configuration is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// The distribution's, without a statement that does anything.
    Stock,
    /// Written by bird-init.
    Ours,
    /// The operator's.
    Own,
}

/// Judges a bird.conf by its text.
pub(super) fn whose(text: &str) -> Whose {
    let words = text.replace('#', " ").split_whitespace().collect::<Vec<_>>().join(" ");
    if words.contains(OURS_MARK) {
        return Whose::Ours;
    }
    let is_marked = STOCK_MARKS.iter().all(|mark| words.contains(mark));
    let does_nothing = statements(text).iter().all(|statement| is_idle(statement));
    if is_marked && does_nothing { Whose::Stock } else { Whose::Own }
}

/// Does a statement bring no route and no session about, but for what every BIRD has?
fn is_idle(statement: &str) -> bool {
    let words: Vec<&str> = statement.split_whitespace().collect();
    match words.as_slice() {
        [] | ["log" | "watchdog" | "debug", ..] | ["router", "id", ..] => true,
        ["protocol", "device", ..] => true,
        ["protocol", "direct", rest @ ..] => rest.contains(&"disabled"),
        // Without other protocols there is nothing that it could export.
        ["protocol", "kernel", rest @ ..] => !rest.contains(&"learn"),
        ["protocol", "static", rest @ ..] => !rest.contains(&"route"),
        _ => false,
    }
}

/// The statements outside of all braces, each with what is in its own, without comments; marks
/// stand alone.
fn statements(text: &str) -> Vec<String> {
    let mut statements = Vec::new();
    let (mut statement, mut depth) = (String::new(), 0_usize);
    let bare = without_comments(text);
    let mut quoted = false;
    for letter in bare.chars() {
        quoted ^= letter == '"';
        if quoted || letter == '"' {
            statement.push(letter);
            continue;
        }
        match letter {
            '{' => {
                depth += 1;
                statement.push_str(" { ");
            }
            '}' => {
                depth = depth.saturating_sub(1);
                statement.push_str(" } ");
            }
            ';' => statement.push_str(" ; "),
            other => statement.push(other),
        }
        if depth == 0 && matches!(letter, '}' | ';') {
            let done = std::mem::take(&mut statement);
            // A semicolon behind a brace is a statement of nothing.
            if done.trim() != ";" {
                statements.push(done);
            }
        }
    }
    if !statement.trim().is_empty() {
        statements.push(statement);
    }
    statements
}

/// `#` to the end of a line, and what is between `/*` and `*/`, outside of strings.
fn without_comments(text: &str) -> String {
    let mut bare = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['#', '"', '/']) {
        let (before, from) = rest.split_at(at);
        bare.push_str(before);
        let end = if from.starts_with('#') {
            from.find('\n').unwrap_or(from.len())
        } else if from.starts_with("/*") {
            from.find("*/").map_or(from.len(), |end| end + 2)
        } else if from.starts_with('"') {
            let end = from.get(1..).and_then(|inner| inner.find('"'));
            let end = end.map_or(from.len(), |end| end + 2);
            bare.push_str(from.get(..end).unwrap_or_default());
            end
        } else {
            bare.push('/');
            1
        };
        rest = from.get(end..).unwrap_or_default();
    }
    bare + rest
}

/// What peerling needs of a configuration.
pub(super) struct Needs<'a> {
    /// `bird.directory`.
    pub(super) peers: &'a Path,
    /// A file that would lie there.
    pub(super) peer: &'a Path,
    /// `bird.template`.
    pub(super) template: &'a str,
    /// `bird.form`.
    pub(super) form: &'a BirdForm,
    /// `bird.include_directory`.
    pub(super) origins: Option<&'a Path>,
}

/// What an operator's configuration says, files that it includes taken with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// The names that it defines.
    pub(super) names: BTreeSet<String>,
    /// The patterns of what it includes, as absolute paths.
    pub(super) includes: Vec<String>,
    /// Has it tables of route origins?
    pub(super) has_origins: bool,
    /// What bird-init's `ROA_CHECK` is defined as, if it is.
    pub(super) origins: Option<Origins>,
}

/// Does the registry decide who may announce what?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origins {
    /// Yes: `define ROA_CHECK = true;`.
    Checked,
    /// No: anybody may announce anything.
    Unchecked,
}

/// What it lacks: a line for each thing that is to be added.
pub(super) fn missing(said: &Said, needs: &Needs<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    if !said.names.contains(needs.template) {
        lines.push(format!(
            "template bgp {} {{ … }}    # what all BGP sessions have in common; `peerling \
             bird-init DIR` writes a whole configuration to take it from",
            needs.template
        ));
    }
    if *needs.form == BirdForm::Reference {
        let absent: Vec<&str> =
            FILTERS.into_iter().filter(|name| !said.names.contains(*name)).collect();
        if !absent.is_empty() {
            lines.push(format!(
                "functions {}, as in the filters.conf of `peerling bird-init DIR`; or, where the \
                 template has the filters, form = \"wiki\" below [bird] in peerling.toml",
                absent.join(", ")
            ));
        }
    }
    if !is_included(said, needs.peer) {
        lines.push(format!("include \"{}/*\";", needs.peers.display()));
    }
    if let Some(directory) = needs.origins
        && !said.has_origins
    {
        let shown = directory.display();
        lines.push("roa4 table dn42_roa; roa6 table dn42_roa_v6;".to_string());
        for (family, suffix) in [("4", ""), ("6", "_v6")] {
            lines.push(format!(
                "protocol static {{ roa{family} {{ table dn42_roa{suffix}; }}; include \
                 \"{shown}/roa_dn42{suffix}.conf\"; }}"
            ));
        }
        lines.push("roa_check(dn42_roa, net, bgp_path.last) in your import filter".to_string());
    }
    lines
}

/// Is there a pattern that takes the file up?
fn is_included(said: &Said, file: &Path) -> bool {
    let mut patterns = said.includes.iter().filter_map(|text| glob::Pattern::new(text).ok());
    patterns.any(|pattern| pattern.matches_path(file))
}

/// Takes what one of its files says.
pub(super) fn take(said: &mut Said, text: &str, directory: &Path) {
    let source = symbols::read(text, &|_| true);
    for pattern in source.includes {
        said.includes.push(directory.join(pattern).display().to_string());
    }
    said.names.extend(source.defined);
    let bare = without_comments(text).replace(['=', ';'], " ");
    let words: Vec<&str> = bare.split_whitespace().collect();
    for triple in words.windows(3) {
        match triple {
            ["define", "ROA_CHECK", "true"] => said.origins = Some(Origins::Checked),
            ["define", "ROA_CHECK", "false"] => said.origins = Some(Origins::Unchecked),
            _ => {}
        }
    }
    said.has_origins |= words.windows(2).any(|pair| matches!(pair, ["roa4" | "roa6", "table"]));
}

/// Which form an operator's configuration is made for: where the template has everything, as in
/// dn42's wiki, the files of peerings call no functions.
pub(super) fn form(said: &Said, template: &str) -> BirdForm {
    let has_filters = FILTERS.iter().all(|name| said.names.contains(*name));
    if said.names.contains(template) && !has_filters { BirdForm::Wiki } else { BirdForm::Reference }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of the kind that distributions install, in words of our own but for the marks.
    const STOCK: &str = r#"# This is a basic configuration file, which contains boilerplate
# options and some basic examples.

log syslog all;   # to the system
/* router id 198.51.100.1; */
protocol device {
}
protocol direct {
	disabled;		# for now
	ipv4;
	ipv6;
}
protocol kernel {
	ipv4 {			# a channel
#	      import all;
	      export all;
	};
}
protocol kernel { ipv6 { export all; }; }
protocol static {
	ipv4;
#	route 192.0.2.0/24 blackhole;
}
# protocol bgp uplink1 { neighbor 198.51.100.10 as 64496; }
"#;

    /// The form of dn42's wiki: everything in the template.
    const WIKI: &str = r#"define OWNAS = 4242420001;
router id 172.20.0.1;
roa4 table dn42_roa;
template bgp dnpeers {
    local as OWNAS;
    ipv4 { import filter { accept; }; };
}
include "peers/*";
"#;

    fn needs(form: &BirdForm) -> Needs<'_> {
        Needs {
            peers: Path::new("/etc/bird/bgp_peers"),
            peer: Path::new("/etc/bird/bgp_peers/ebgp_as1"),
            template: "dnpeers",
            form,
            origins: Some(Path::new("/etc/bird/peerling")),
        }
    }

    fn said(text: &str) -> Said {
        let mut said = Said::default();
        take(&mut said, text, Path::new("/etc/bird"));
        said
    }

    #[test]
    fn the_distributions_file_is_known_by_its_words_and_by_doing_nothing() {
        assert_eq!(whose(STOCK), Whose::Stock);
        assert_eq!(whose(&STOCK.replace('\n', "\r\n")), Whose::Stock);
        let with_id = STOCK.replace("log syslog", "router id 192.0.2.1;\nlog syslog");
        assert_eq!(whose(&with_id), Whose::Stock);
        for change in [
            "protocol bgp x { neighbor 192.0.2.1 as 1; }",
            "protocol static { ipv4; route 10.0.0.0/8 unreachable; }",
            "include \"mine.conf\";",
            "define A = 1;",
            "protocol direct { ipv4; }",
            "protocol kernel { learn; ipv4 { import all; }; }",
            "filter x { accept; }",
            "protocol ospf {",
            "log \"/a#b\" all; protocol babel { }",
        ] {
            assert_eq!(whose(&format!("{STOCK}{change}\n")), Whose::Own, "{change}");
        }
        let unmarked = STOCK.replace("boilerplate", "");
        assert_eq!(whose(&unmarked), Whose::Own, "nothing tells whose it is");
        assert_eq!(whose(""), Whose::Own);
    }

    #[test]
    fn what_bird_init_wrote_is_known() {
        let texts = ["bird.conf", "variables.conf"].map(|name| {
            let root = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/bird-init/alone");
            std::fs::read_to_string(Path::new(root).join(name)).unwrap()
        });
        assert!(texts.iter().all(|text| whose(text) == Whose::Ours));
        let off = said(&texts[1]);
        assert_eq!(off.origins, Some(Origins::Unchecked), "nobody keeps tables up");
        let on = said(&texts[1].replace("ROA_CHECK = false", "ROA_CHECK=true"));
        assert_eq!(on.origins, Some(Origins::Checked));
        assert_eq!(said("# define ROA_CHECK = false;").origins, None);
    }

    #[test]
    fn what_an_own_configuration_lacks_is_listed() {
        let found = said(WIKI);
        assert_eq!(form(&found, "dnpeers"), BirdForm::Wiki);
        let lines = missing(&found, &needs(&BirdForm::Wiki));
        assert_eq!(lines, ["include \"/etc/bird/bgp_peers/*\";"]);
        let lines = missing(&found, &needs(&BirdForm::Reference));
        assert!(lines[0].starts_with("functions dn42_import_filter, dn42_import_filter_v6"));
        let included = said(&format!("{WIKI}include \"/etc/bird/bgp_peers/*\";"));
        assert_eq!(missing(&included, &needs(&BirdForm::Wiki)), [""; 0]);
        let relative = said(&format!("{WIKI}include \"bgp_peers/*\";"));
        assert_eq!(missing(&relative, &needs(&BirdForm::Wiki)), [""; 0]);
        // roa in a comment is none.
        let bare = said("# roa4 table x;\nrouter id 192.0.2.1;");
        assert_eq!(form(&bare, "dnpeers"), BirdForm::Reference);
        let lines = missing(&bare, &needs(&BirdForm::Reference)).join("\n");
        for needed in
            ["template bgp dnpeers", "functions ", "include \"/etc", "roa6 table", "roa_check"]
        {
            assert!(lines.contains(needed), "{needed}: {lines}");
        }
    }
}
