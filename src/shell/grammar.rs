//! A line becomes words, and words become a request. Everything it knows comes from the table of
//! commands.
//!
//! Words are not as a POSIX shell has them, which is why no library splits them: a backslash is a
//! letter like any other, a `#` begins no comment inside a line, every blank of Unicode ends a
//! word, and the quote that is not closed is named.

use crate::command::{
    CommandSpec, Depth, ExitTells, Field, Flag, Form, Format, Only, Request, Scope, Words,
    lookup_for,
};
use crate::limits::{WAIT_DEFAULT, WAIT_MAX};
use crate::model::{Mntner, Refusal, Role};
use crate::peering::pasted;
use std::time::Duration;

/// Reads a line.
///
/// # Errors
///
/// What is no command is refused with the code `usage`.
pub fn parse_line(line: &str, role: Role) -> Result<Request, Refusal> {
    refuse_file(line)?;
    request(&split(line)?, role)
}

/// Reads a command that is split into words already; else as [`parse_line`].
pub fn parse(words: &[String], role: Role) -> Result<Request, Refusal> {
    refuse_file(&words.join(" "))?;
    request(words, role)
}

/// Words between blanks; quotes of either kind hold blanks together.
///
/// # Errors
///
/// A quote that is not closed is a refusal with the code `usage`.
pub fn split(line: &str) -> Result<Vec<String>, Refusal> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for letter in line.chars() {
        match (quote, letter) {
            (Some(open), close) if open == close => quote = None,
            (None, '"' | '\'') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, blank) if blank.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    match quote {
        None => Ok(words),
        Some(open) => Err(Refusal::usage(
            format!("The quote {open} is not closed"),
            "Close it, or leave it out",
        )),
    }
}

fn refuse_file(line: &str) -> Result<(), Refusal> {
    if is_file(line) {
        let message = "That is a piece of a WireGuard file, not a command";
        return Err(Refusal::usage(message, "peer_create asks for what is in it"));
    }
    Ok(())
}

/// `peer list`, `peer_list`, `peer-list` and `peer_l` are one. A flag's value follows it or an
/// equals sign. A bare word after a command that takes `--asn` is that AS number, or a maintainer
/// if it is a whole name and the command takes one. Only what is listed for `role` is abbreviated.
fn request(words: &[String], role: Role) -> Result<Request, Refusal> {
    let (spec, rest) = command(words, role)?;
    let mut request = Request::new(spec.command);
    if spec.words == Words::Command {
        let (json, rest): (Vec<String>, Vec<String>) =
            rest.iter().cloned().partition(|word| word == "--json");
        request.format = if json.is_empty() { Format::Text } else { Format::Json };
        request.topic = topic(&rest, role)?;
        return Ok(request);
    }
    let mut words = rest.iter();
    let mut seen = Vec::new();
    while let Some(word) = words.next() {
        let name = word.split('=').next().unwrap_or(word);
        if seen.contains(&name) {
            return Err(usage(format!("{name} is given twice"), spec));
        }
        seen.push(name);
        apply(spec, word, &mut words, &mut request)?;
    }
    Ok(request)
}

/// How an error is to look. JSON is known to be asked for even where the rest is wrong.
pub fn format_asked(words: &[String]) -> Format {
    let mut before = "";
    for word in words {
        let json = before == "--format" && word == "json";
        if json || word == "--json" || word == "--format=json" {
            return Format::Json;
        }
        before = word;
    }
    Format::Text
}

/// The same for a line, whose quotes may be what is wrong.
pub fn format_asked_in_line(line: &str) -> Format {
    let words: Vec<String> = line.split_whitespace().map(str::to_string).collect();
    format_asked(&words)
}

/// Is it a piece of a WireGuard file?
pub(super) fn is_file(line: &str) -> bool {
    !line.starts_with(['#', ';']) && pasted::read(line).is_some()
}

fn apply<'a>(
    spec: &CommandSpec,
    word: &'a str,
    rest: &mut impl Iterator<Item = &'a String>,
    request: &mut Request,
) -> Result<(), Refusal> {
    let (name, inline) = match word.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (word, None),
    };
    let Some(flag) = spec.flags.iter().find(|flag| flag.name == name) else {
        return positional(spec, word, request);
    };
    let needs_value = matches!(flag.flag, Flag::Answer(_) | Flag::From | Flag::Form);
    let value = match inline {
        None if needs_value => match rest.next() {
            Some(value) => value.as_str(),
            None => return Err(usage(format!("{name} needs a value"), spec)),
        },
        inline => inline.unwrap_or_default(),
    };
    match flag.flag {
        Flag::Answer(field) => drop(request.answers.insert(field, value.to_string())),
        Flag::Wait => request.wait = Some(seconds(inline, spec)?),
        Flag::From if value != "-" => {
            return Err(usage("--from takes -, which is standard input".to_string(), spec));
        }
        Flag::From => request.from_input = true,
        Flag::Form => {
            let form = form(value, spec)?;
            request.form = form;
            if form == Form::Json {
                request.format = Format::Json;
            }
        }
        _ if inline.is_some() => {
            return Err(usage(format!("{name} takes no value"), spec));
        }
        Flag::Yes => drop(request.answers.insert(Field::Confirm, "YES".to_string())),
        Flag::Json => request.format = Format::Json,
        Flag::All => request.scope = Scope::All,
        Flag::Raw => request.depth = Depth::Raw,
        Flag::Watch => request.watch = true,
        Flag::Down => request.only = Only::Down,
        Flag::ExitStatus => request.exit_tells = ExitTells::Checks,
    }
    Ok(())
}

fn positional(spec: &CommandSpec, word: &str, request: &mut Request) -> Result<(), Refusal> {
    if word.starts_with('-') {
        return Err(usage(format!("{} has no flag {word}", spec.name), spec));
    }
    let field = match word.parse::<Mntner>() {
        Ok(_) if spec.takes(Field::Maintainer) => Field::Maintainer,
        _ => Field::Asn,
    };
    if !spec.takes(field) || request.answers.contains_key(&field) {
        return Err(usage(format!("{} does not take {word}", spec.name), spec));
    }
    request.answers.insert(field, word.to_string());
    Ok(())
}

fn form(word: &str, spec: &CommandSpec) -> Result<Form, Refusal> {
    match Form::from_word(word) {
        Some(form) => Ok(form),
        None => {
            let words = Form::ALL.map(|(word, _)| word).join(", ");
            Err(usage(format!("--format takes one of {words}, not {word}"), spec))
        }
    }
}

fn seconds(text: Option<&str>, spec: &CommandSpec) -> Result<Duration, Refusal> {
    let Some(text) = text else {
        return Ok(WAIT_DEFAULT);
    };
    let max = WAIT_MAX.as_secs();
    match text.parse() {
        Ok(seconds) if (1..=max).contains(&seconds) => Ok(Duration::from_secs(seconds)),
        _ => Err(usage(format!("--wait takes 1 to {max} seconds"), spec)),
    }
}

/// The command that the first word or the first two mean, and the words after it.
pub(super) fn command(
    words: &[String],
    role: Role,
) -> Result<(&'static CommandSpec, &[String]), Refusal> {
    let two = match words {
        [first, second, rest @ ..] if !second.starts_with('-') => {
            Some((format!("{}_{}", spelt(first), spelt(second)), rest))
        }
        _ => None,
    };
    if let Some((name, rest)) = two
        && let Ok(spec) = lookup_for(&name, role)
    {
        return Ok((spec, rest));
    }
    let Some((first, rest)) = words.split_first() else {
        return Err(Refusal::usage("No command was given", "help lists them"));
    };
    lookup_for(&spelt(first), role).map(|spec| (spec, rest)).map_err(|near| unknown(first, &near))
}

fn unknown(word: &str, near: &[&'static str]) -> Refusal {
    let message = format!("There is no command {word}");
    match near {
        [] => Refusal::usage(message, "help lists them"),
        [only] => Refusal::usage(message, format!("Did you mean {only}?")),
        several => Refusal::usage(message, format!("It could be {}", several.join(", "))),
    }
}

fn topic(words: &[String], role: Role) -> Result<Option<&'static CommandSpec>, Refusal> {
    match words {
        [] => Ok(None),
        words => command(words, role).map(|(spec, _)| Some(spec)),
    }
}

fn usage(message: String, spec: &CommandSpec) -> Refusal {
    Refusal::usage(message, format!("help {} shows what it takes", spec.name))
}

/// A word of a command's name as the table spells it.
pub(super) fn spelt(word: &str) -> String {
    word.to_lowercase().replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{COMMANDS, Command};

    fn ok(line: &str) -> Request {
        parse_line(line, Role::Admin).unwrap_or_else(|refusal| panic!("{line}: {refusal}"))
    }

    fn no(line: &str) -> String {
        let refusal = parse_line(line, Role::Admin).expect_err(line);
        assert_eq!(refusal.code, "usage");
        refusal.to_string()
    }

    #[test]
    fn words_are_taken_as_they_are() {
        for reason in ["two words", "it's \"quoted\" twice", "", "--json is a flag"] {
            let words = ["ban", "EXAMPLE-MNT", "--reason", reason].map(str::to_string);
            let request = parse(&words, Role::Admin).unwrap();
            assert_eq!(request.answer(Field::Reason), Some(reason));
            assert_eq!(format_asked(&words), Format::Text, "{reason}");
        }
        let words = ["peer_list", "nonsense", "--json"].map(str::to_string);
        assert_eq!(format_asked(&words), Format::Json);
        let file = ["PrivateKey", "=", "x"].map(str::to_string);
        assert!(parse(&file, Role::Admin).unwrap_err().message.contains("WireGuard file"));
    }

    #[test]
    fn one_command_has_many_spellings() {
        for line in
            ["peer_list", "peer list", "peer-list", "PEER_LIST", " peer  list ", "peer_l", "peer l"]
        {
            assert_eq!(
                (ok(line).command, ok(line).scope),
                (Command::PeerList, Scope::Mine),
                "{line}"
            );
        }
        assert_eq!(ok("peer list --all --json").scope, Scope::All);
        assert!(ok("?").command == Command::Help && ok("?").topic.is_none());
        let topic = |line| ok(line).topic.map(|it| it.name);
        assert_eq!(topic("help peer create"), Some("peer_create"));
        for line in ["help --json peer_create", "help peer create --json"] {
            let request = ok(line);
            assert_eq!(topic(line), Some("peer_create"));
            assert_eq!(request.format, Format::Json);
        }
        assert_eq!(ok("quit").command, Command::Bye);
    }

    #[test]
    fn flags_answer_questions() {
        let line = "peer_create --asn AS64600 --wg-pub-key=K= --endpoint-addr none --link-local '' \
                    --yes \
                    --wait=5 --json";
        let request = ok(line);
        assert_eq!(request.answer(Field::Asn), Some("AS64600"));
        assert_eq!(request.answer(Field::WgPubKey), Some("K="));
        assert_eq!(request.answer(Field::LinkLocal), Some(""));
        assert_eq!(request.answer(Field::Confirm), Some("YES"));
        assert_eq!((request.wait, request.format), (Some(Duration::from_secs(5)), Format::Json));
        assert_eq!(ok("peer_create --wait").wait, Some(WAIT_DEFAULT));
        assert_eq!(ok("peer_status 64600").answer(Field::Asn), Some("64600"));
    }

    #[test]
    fn a_bare_word_is_a_number_or_a_whole_name() {
        assert_eq!(ok("ban EVE-MNT").answer(Field::Maintainer), Some("EVE-MNT"));
        assert_eq!(ok("ban AS64600 --reason 'x y'").answer(Field::Asn), Some("AS64600"));
        assert_eq!(ok("audit eve-mnt 64600 --since 7d").answer(Field::Asn), Some("64600"));
        assert_eq!(ok("ban eve").answer(Field::Asn), Some("eve"), "judged as what it is not");
        assert!(no("ban EVE-MNT EVE-MNT").contains("given twice"));
        assert!(no("ban EVE-MNT BOB-MNT").contains("does not take BOB-MNT"));
        assert_eq!(ok("peer_status EVE-MNT").answer(Field::Asn), Some("EVE-MNT"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (line, words) in [
            ("", "No command"),
            ("reboot", "no command reboot"),
            ("per_list", "Did you mean peer_list?"),
            ("peer", "peer_list, peer_create"),
            ("peer_list --asn 1", "no flag --asn"),
            ("peer_list 64600", "does not take 64600"),
            ("peer_config 1 2", "does not take 2"),
            ("peer_create --asn", "--asn needs a value"),
            ("peer_create --asn 1 --asn 2", "--asn is given twice"),
            ("peer_create --asn 1 --asn=2", "--asn is given twice"),
            ("peer_create --yes=no", "--yes takes no value"),
            ("peer_create --wait=0", "1 to 600"),
            ("peer_create --wait=x", "1 to 600"),
            ("peer_create --wait=99999999999999999999", "1 to 600"),
            ("peer_create --from file", "--from takes -"),
            ("peer_create --from", "--from needs a value"),
            ("peer_create 'x", "is not closed"),
            ("help reboot", "no command reboot"),
        ] {
            assert!(no(line).contains(words), "{line}: {}", no(line));
        }
    }

    #[test]
    fn json_is_one_of_the_forms() {
        for line in ["peer_config --format json", "peer_config --format=json", "peer_config --json"]
        {
            assert_eq!(ok(line).format, Format::Json, "{line}");
            assert_eq!(format_asked_in_line(line), Format::Json, "{line}");
        }
        let frr = ok("peer_config 64600 --format frr");
        assert_eq!((frr.form, frr.format), (Form::Frr, Format::Text));
        assert_eq!(format_asked_in_line("peer_config --format frr"), Format::Text);
        assert!(no("peer_config --format xml").contains("wg-quick, bird, networkd"));
    }

    #[test]
    fn every_command_of_the_table_parses_to_itself() {
        for spec in COMMANDS {
            assert_eq!(ok(spec.name).command, spec.command);
            for line in [spec.name, spec.example] {
                assert!(parse_line(line, Role::Admin).is_ok(), "{line}");
                assert!(parse_line(line, Role::Member).is_ok(), "{line}: refused as what it is");
            }
        }
    }

    #[test]
    fn quotes_hold_blanks_and_a_backslash_holds_nothing() {
        for (line, expect) in [
            ("", vec![]),
            (" peer  list\t", vec!["peer", "list"]),
            ("ban --reason 'two words'", vec!["ban", "--reason", "two words"]),
            ("--reason=\"it's\"' \"here\"'", vec!["--reason=it's \"here\""]),
            ("--link-local ''", vec!["--link-local", ""]),
            (r"a\ b \\ \'c'", vec![r"a\", "b", r"\\", r"\c"]),
            ("ban #1 # 2", vec!["ban", "#1", "#", "2"]),
            ("a\u{a0}b", vec!["a", "b"]),
        ] {
            assert_eq!(split(line).unwrap(), expect, "{line}");
        }
        for (line, quote) in [("peer_create 'x", '\''), ("ban \"it's", '"')] {
            let refusal = split(line).unwrap_err();
            assert_eq!(refusal.code, "usage");
            assert!(refusal.to_string().contains(&format!("{quote} is not closed")), "{refusal}");
        }
    }
}
