//! Tab: what may follow the text before the cursor. The words come from the table of commands and
//! from the caller's [`Vocabulary`]; nothing is completed that the grammar would not take.

use super::grammar;
use crate::answer::Question;
use crate::command::{
    About, COMMANDS, Command, CommandSpec, Field, Flag, FlagSpec, Form, Vocabulary, Words,
};
use crate::limits::COMPLETED_BYTES_MAX;
use crate::model::Asn;

/// What may stand in place of the word before the cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// How many characters before the cursor are that word.
    pub replaced: usize,
    /// What all candidates begin with; the only one has a blank after it if a word may follow.
    pub text: String,
    /// The candidates, in the order of the table.
    pub candidates: Vec<String>,
}

/// Completes a command.
pub fn command(before: &str, vocabulary: &Vocabulary) -> Completion {
    let Some((words, word)) = words(before) else { return Completion::default() };
    let mut found = pick(&word, candidates(&words, &word, vocabulary));
    if let [only] = found.candidates.as_slice() {
        found.text = format!("{only} ");
    }
    found
}

/// Completes the answer to a question that a command has asked. Whether something is really meant
/// is nobody's to complete.
pub fn answer(
    before: &str,
    question: &Question,
    command: &Command,
    vocabulary: &Vocabulary,
) -> Completion {
    let mut flags = COMMANDS.iter().flat_map(|spec| spec.flags);
    let mut all = match flags.find(|spec| spec.flag == Flag::Answer(question.field)) {
        Some(flag) => values(flag, numbers(command.spec(), vocabulary), before),
        None => Vec::new(),
    };
    if let Some(suggestion) = &question.suggestion
        && question.field != Field::Confirm
        && !suggestion.is_empty()
        && !all.contains(suggestion)
    {
        all.push(suggestion.clone());
    }
    pick(before, all)
}

/// The AS numbers that a command may be about: only a new peering is with one that has none.
fn numbers<'a>(spec: &CommandSpec, vocabulary: &'a Vocabulary) -> &'a [Asn] {
    match spec.about {
        About::NewPeering => &vocabulary.own,
        About::Peering => &vocabulary.peered,
    }
}

/// The words that are complete, and the one that the cursor is at, which may be empty. `None`: the
/// cursor is inside quotes, or farther than anybody completes.
fn words(before: &str) -> Option<(Vec<String>, String)> {
    if before.len() > COMPLETED_BYTES_MAX {
        return None;
    }
    let mut words = grammar::split(before).ok()?;
    let tail = before.rsplit(char::is_whitespace).next().unwrap_or(before);
    if tail.is_empty() {
        return Some((words, String::new()));
    }
    let word = words.pop()?;
    (word == tail).then_some((words, word))
}

/// Those that begin with the word, whatever its case and its hyphens.
fn pick(word: &str, mut candidates: Vec<String>) -> Completion {
    let spelt = grammar::spelt(word);
    candidates.retain(|name| name.starts_with(word) || name.starts_with(&spelt));
    let Some(mut text) = candidates.first().map(String::as_str) else {
        return Completion::default();
    };
    for other in &candidates {
        text = common(text, other);
    }
    let text = text.to_string();
    Completion { replaced: word.chars().count(), text, candidates }
}

/// What both begin with.
fn common<'a>(left: &'a str, right: &str) -> &'a str {
    let mut end = 0;
    for (a, b) in left.chars().zip(right.chars()) {
        if a != b {
            break;
        }
        end += a.len_utf8();
    }
    left.get(..end).unwrap_or_default()
}

fn candidates(words: &[String], word: &str, vocabulary: &Vocabulary) -> Vec<String> {
    match grammar::command(words, vocabulary.role) {
        _ if words.is_empty() => names(word, vocabulary),
        Ok((spec, _)) if !spec.is_listed_for(vocabulary.role) => Vec::new(),
        Ok((spec, rest)) if spec.words == Words::Command => {
            candidates_of_help(rest, word, vocabulary)
        }
        Ok((spec, rest)) => arguments(spec, rest, word, vocabulary),
        Err(_) => match words {
            [first] => second_words(first, vocabulary),
            _ => Vec::new(),
        },
    }
}

fn candidates_of_help(words: &[String], word: &str, vocabulary: &Vocabulary) -> Vec<String> {
    match words {
        [] => names(word, vocabulary),
        [first] => second_words(first, vocabulary),
        _ => Vec::new(),
    }
}

fn listed(vocabulary: &Vocabulary) -> impl Iterator<Item = &'static CommandSpec> {
    COMMANDS.iter().copied().filter(|spec| spec.is_listed_for(vocabulary.role))
}

/// Names of commands; other names of the same only if somebody begins to type one.
fn names(word: &str, vocabulary: &Vocabulary) -> Vec<String> {
    let spelt = grammar::spelt(word);
    let names: Vec<String> = listed(vocabulary).map(|spec| spec.name.to_string()).collect();
    if names.iter().any(|name| name.starts_with(&spelt)) {
        return names;
    }
    listed(vocabulary).flat_map(|spec| spec.aliases).map(ToString::to_string).collect()
}

/// What may follow `peer` as a word of its own.
fn second_words(first: &str, vocabulary: &Vocabulary) -> Vec<String> {
    let first = format!("{}_", grammar::spelt(first));
    let names = listed(vocabulary).filter_map(|spec| spec.name.strip_prefix(&first));
    names.map(str::to_string).collect()
}

fn arguments(
    spec: &CommandSpec,
    rest: &[String],
    word: &str,
    vocabulary: &Vocabulary,
) -> Vec<String> {
    let numbers = numbers(spec, vocabulary);
    let (used, open) = flags_used(spec, rest);
    if let Some(flag) = open {
        return values(flag, numbers, word);
    }
    if let Some((name, value)) = word.split_once('=') {
        let flag = spec.flags.iter().find(|flag| flag.name == name && takes_value(flag));
        let Some(flag) = flag else { return Vec::new() };
        let values = values(flag, numbers, value);
        return values.iter().map(|value| format!("{name}={value}")).collect();
    }
    if !word.starts_with('-')
        && let Some(flag) = spec.flags.iter().find(|flag| flag.flag == Flag::Answer(Field::Asn))
        && !used.contains(&flag.name)
        && !numbers.is_empty()
    {
        return values(flag, numbers, word);
    }
    if word.is_empty() || word.starts_with('-') {
        return flags_left(spec, &used, vocabulary);
    }
    Vec::new()
}

/// The flags that were given, and the one whose value comes next. A bare word is an AS number.
fn flags_used<'a>(spec: &'a CommandSpec, rest: &[String]) -> (Vec<&'a str>, Option<&'a FlagSpec>) {
    let (mut used, mut open) = (Vec::new(), None);
    for word in rest {
        if open.take().is_some() {
            continue;
        }
        let name = word.split('=').next().unwrap_or(word);
        let flag = spec.flags.iter().find(|flag| flag.name == name);
        used.push(flag.map_or(Field::Asn.flag(), |flag| flag.name));
        open = flag.filter(|flag| takes_value(flag) && !word.contains('='));
    }
    (used, open)
}

fn flags_left(spec: &CommandSpec, used: &[&str], vocabulary: &Vocabulary) -> Vec<String> {
    let mut left = Vec::new();
    for flag in spec.flags {
        let allowed = vocabulary.role.may_act_as(flag.flag.role());
        if allowed && !used.contains(&flag.name) {
            left.push(flag.name.to_string());
        }
    }
    left
}

/// Does a word have to follow it?
fn takes_value(flag: &FlagSpec) -> bool {
    !flag.value.is_empty() && !flag.value.starts_with('[')
}

/// What is known of a flag's values: what its help says in small letters is meant literally.
fn values(flag: &FlagSpec, numbers: &[Asn], word: &str) -> Vec<String> {
    match flag.flag {
        Flag::Answer(Field::Asn) => numbers.iter().map(|asn| number(*asn, word)).collect(),
        Flag::Form => Form::ALL.iter().map(|(name, _)| name.to_string()).collect(),
        _ => {
            let mut words: Vec<String> = flag.value.split('|').map(str::to_string).collect();
            words.retain(|word| word.starts_with(|letter: char| letter.is_ascii_lowercase()));
            words
        }
    }
}

/// An AS number as somebody has begun to write it: with the letters before it, or without.
fn number(asn: Asn, word: &str) -> String {
    match word.get(..2).filter(|prefix| prefix.eq_ignore_ascii_case("AS")) {
        Some(letters) => format!("{letters}{}", asn.get()),
        None if word.eq_ignore_ascii_case("a") => format!("{word}{}", asn.get()),
        None => asn.get().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Role;

    fn vocabulary(role: Role) -> Vocabulary {
        let numbers = |all: &[u32]| all.iter().map(|it| Asn::new(*it).unwrap()).collect();
        Vocabulary { role, own: numbers(&[4242420001, 64600]), peered: numbers(&[4242420001]) }
    }

    /// The line after Tab, and the candidates.
    fn tab(line: &str) -> (String, Vec<String>) {
        let found = command(line, &vocabulary(Role::Member));
        let kept = line.chars().count() - found.replaced;
        (line.chars().take(kept).collect::<String>() + &found.text, found.candidates)
    }

    #[test]
    fn one_candidate_is_completed() {
        for (line, expect) in [
            ("w", "whoami "),
            ("peer_cr", "peer_create "),
            ("PEER-CR", "peer_create "),
            ("peer cr", "peer create "),
            ("peer  LI", "peer  list "),
            ("ex", "exit "),
            ("help pe", "help peer_"),
            ("help peer_l", "help peer_list "),
            ("help peer rem", "help peer remove "),
            ("peer_l --j", "peer_l --json "),
            ("peer list --j", "peer list --json "),
            ("peer_config --f", "peer_config --format "),
            ("peer_config --format net", "peer_config --format networkd "),
            ("peer_config --format=net", "peer_config --format=networkd "),
            ("peer_config ", "peer_config 4242420001 "),
            ("peer_config 4", "peer_config 4242420001 "),
            ("peer_config as42", "peer_config as4242420001 "),
            ("peer_config --asn=", "peer_config --asn=4242420001 "),
            ("peer_create 6", "peer_create 64600 "),
            ("peer_create --endpoint-addr ", "peer_create --endpoint-addr none "),
            ("peer_create --psk g", "peer_create --psk generate "),
            ("peer_create --families ipv6 --fa", "peer_create --families ipv6 --fa"),
            ("peer_create --families ip", "peer_create --families ipv"),
            ("peer_create --asn --ye", "peer_create --asn --ye"),
            ("peer_create --link", "peer_create --link-local "),
            ("peer_status 4242420001 --w", "peer_status 4242420001 --watch "),
            ("", ""),
        ] {
            assert_eq!(tab(line).0, expect, "{line}");
        }
    }

    #[test]
    fn several_candidates_are_all_there() {
        for (line, expect) in [
            ("peer_c", "peer_create peer_config"),
            ("peer c", "create config"),
            ("peer_create ", "4242420001 64600"),
            ("peer_create --asn ", "4242420001 64600"),
            ("peer_create --families ", "both ipv4 ipv6"),
            ("peer_create --psk ", "generate none"),
            ("peer_create --e", "--endpoint-addr --endpoint-port"),
            ("peer_list ", "--down --watch --json"),
            ("peer_config 1 ", "--format --interface --template --json"),
            ("peer_config --asn 1 --json ", "--format --interface --template"),
            ("e", "exit"),
        ] {
            assert_eq!(tab(line).1.join(" "), expect, "{line}");
        }
    }

    #[test]
    fn what_nobody_knows_stays() {
        for line in ["reboot ", "reboot --x", "whoami x", "peer_list 6", "'peer_c", "help help x"] {
            assert_eq!(command(line, &vocabulary(Role::Admin)), Completion::default(), "{line}");
        }
        let far = format!("peer_config {}", " ".repeat(COMPLETED_BYTES_MAX));
        assert_eq!(command(&far, &vocabulary(Role::Admin)), Completion::default());
        assert_eq!(command("peer_config \"4\"", &vocabulary(Role::Admin)), Completion::default());
        assert_eq!(
            command("peer_create --wg-pub-key ", &vocabulary(Role::Admin)),
            Completion::default()
        );
    }

    #[test]
    fn only_administrators_are_offered_what_is_theirs() {
        for line in ["ba", "peer_app", "peer app", "ban --m", "peer_list --a", "help audi"] {
            assert_eq!(command(line, &vocabulary(Role::Member)), Completion::default(), "{line}");
            assert_eq!(command(line, &vocabulary(Role::Admin)).candidates.len(), 1, "{line}");
        }
    }

    #[test]
    fn answers() {
        let known = |field, suggestion: Option<&str>, before, command: Command| {
            let suggestion = suggestion.map(str::to_string);
            let question =
                Question { field, prompt: String::new(), suggestion, shown: None, unasked: None };
            answer(before, &question, &command, &vocabulary(Role::Member))
        };
        let create = || Command::PeerCreate;
        assert_eq!(known(Field::Asn, None, "", create()).candidates, ["4242420001", "64600"]);
        assert_eq!(known(Field::Asn, None, "", Command::PeerRemove).text, "4242420001");
        assert_eq!(known(Field::EndpointAddr, None, "n", create()).text, "none");
        assert_eq!(known(Field::Families, None, "I", create()).text, "ipv");
        assert_eq!(known(Field::LinkLocal, Some("fe80::1"), "", create()).text, "fe80::1");
        let confirm = known(Field::Confirm, Some("YES"), "", create());
        assert_eq!(confirm, Completion::default());
    }

    #[test]
    fn whatever_is_typed_can_be_completed() {
        let vocabulary = vocabulary(Role::Admin);
        for line in ["é", "日本 ", "\u{301}", "a=", "=", "--", "peer_list --", "help ", "\t", "as"]
        {
            let found = command(line, &vocabulary);
            assert!(found.replaced <= line.chars().count(), "{line}");
        }
    }
}
