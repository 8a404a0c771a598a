//! From the TOML parser's values to ours: what a key may hold, and nothing else.

use super::Source;
use super::locate::{Lines, beginning};
use super::sources::{Said, Value};
use crate::limits::CONFIG_LIST_ITEMS_MAX;
use toml_span::value::{Key, Table};
use toml_span::{Span, Value as Toml};

/// What a value says, in a statement that begins at `start`.
pub(super) fn said(lines: &mut Lines<'_>, toml: &Toml<'_>, start: usize) -> Said {
    let span = Span::new(toml.span.start + start, toml.span.end + start);
    let is_text = toml.as_str().is_some();
    let place = lines.place(if is_text { beginning(lines.text(), span) } else { span.start });
    let value = match toml.as_array() {
        Some(items) if items.len() > CONFIG_LIST_ITEMS_MAX => {
            Value::Other("a list as long as this")
        }
        // An entry that is a list itself is not looked into: no key takes one.
        Some(items) => Value::List(items.iter().map(|item| entry(lines, item, start)).collect()),
        None => scalar(toml),
    };
    Said { place, value }
}

/// The value that a piece of TOML such as `[1, 2]` means; its places mean nothing.
pub(super) fn value(toml: &str) -> Option<Value> {
    let text = format!("key = {toml}");
    let root = toml_span::parse(&text).ok()?;
    let mut lines = Lines::of(Source { name: "", text: &text });
    Some(said(&mut lines, root.as_table()?.values().next()?, 0).value)
}

/// The entries of a table in the order of the text.
pub(super) fn in_order<'k, 't>(table: &'k Table<'t>) -> Vec<(&'k Key<'t>, &'k Toml<'t>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span.start);
    entries
}

/// The names in a header, and whether it is one of an array of tables.
pub(super) fn path(header: &Table<'_>) -> (Vec<String>, bool) {
    let (mut path, mut is_array) = (Vec::new(), false);
    let mut next = header.iter().next();
    while let Some((key, value)) = next {
        path.push(key.name.to_string());
        let array = value.as_array();
        is_array |= array.is_some();
        let table = array.map_or(Some(value), |items| items.first());
        next = table.and_then(|value| value.as_table()?.iter().next());
    }
    (path, is_array)
}

fn entry(lines: &mut Lines<'_>, toml: &Toml<'_>, start: usize) -> Said {
    match toml.as_array() {
        Some(_) => {
            Said { place: lines.place(toml.span.start + start), value: Value::Other("a list") }
        }
        None => said(lines, toml, start),
    }
}

fn scalar(toml: &Toml<'_>) -> Value {
    match (toml.as_str(), toml.as_integer(), toml.as_bool()) {
        (Some(text), ..) => Value::Text(text.into()),
        (_, Some(number), _) => Value::Number(number),
        (.., Some(boolean)) => Value::Boolean(boolean),
        _ if toml.as_float().is_some() => Value::Other("a number with a fraction"),
        _ => Value::Other("a table"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_paths() {
        for (text, expected) in [
            ("[a]", (vec!["a"], false)),
            ("[ \"a.b\" . c ]", (vec!["a.b", "c"], false)),
            ("[[a]]", (vec!["a"], true)),
            ("[[a.b]]", (vec!["a", "b"], true)),
        ] {
            let toml = toml_span::parse(text).unwrap();
            let (names, is_array) = path(toml.as_table().unwrap());
            assert_eq!((names.iter().map(String::as_str).collect(), is_array), expected, "{text}");
        }
    }

    #[test]
    fn a_list_is_bounded() {
        let list = |items: usize| value(&format!("[{}]", "1,".repeat(items)));
        assert!(matches!(list(CONFIG_LIST_ITEMS_MAX), Some(Value::List(_))));
        assert!(matches!(list(CONFIG_LIST_ITEMS_MAX + 1), Some(Value::Other(_))));
        assert!(matches!(value("[[1]]"), Some(Value::List(items)) if items.len() == 1));
    }
}
