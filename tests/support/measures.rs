//! How often Rust code has what makes it harder to read. Only code counts: what is in comments,
//! texts and characters is taken out first.

/// Parts of the code of one file, or of many together.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Measures {
    /// `let f = |..|`, where a function or a loop could stand.
    pub let_closures: usize,
    /// Parameters of closures that are called `it`.
    pub parameters_it: usize,
    /// `match` on a bool, where `if` could stand.
    pub matches_on_bool: usize,
    /// Parameters of functions that are tuples, where a struct could stand.
    pub tuple_parameters: usize,
    /// Parameters of functions that are a bool, where an enum could stand.
    pub bool_parameters: usize,
}

impl Measures {
    /// Adds what a file's code has.
    pub fn add(&mut self, code: &str) {
        let code = bare(code);
        self.let_closures += after_each(&code, "let").filter(|rest| is_closure(rest)).count();
        self.parameters_it += after_each_pipe(&code).filter(|rest| is_it(rest)).count();
        self.matches_on_bool += after_each(&code, "match").filter(|rest| is_on_bool(rest)).count();
        for signature in after_each(&code, "fn") {
            let end = signature.find(['{', ';']).unwrap_or(signature.len());
            let signature = &signature[..end];
            self.tuple_parameters += tuples(signature);
            self.bool_parameters += bools(signature);
        }
    }
}

/// What follows each `|`.
fn after_each_pipe(code: &str) -> impl Iterator<Item = &str> {
    code.match_indices('|').map(|(index, _)| &code[index + 1..])
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// What follows each place where a word stands alone.
fn after_each<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = &'a str> {
    code.match_indices(word).filter_map(move |(index, _)| {
        let rest = &code[index + word.len()..];
        let is_alone = !code[..index].ends_with(is_name) && !rest.starts_with(is_name);
        is_alone.then_some(rest)
    })
}

/// What follows `let`: is it ` f = |..|`?
fn is_closure(rest: &str) -> bool {
    let name = rest.trim_start();
    let name = name.strip_prefix("mut ").unwrap_or(name);
    let Some(value) = name.trim_start_matches(is_name).trim_start().strip_prefix('=') else {
        return false;
    };
    let value = value.trim_start();
    value.strip_prefix("move").unwrap_or(value).trim_start().starts_with('|')
}

/// What follows a `|`: is it a parameter `it` or `&it`?
fn is_it(rest: &str) -> bool {
    let name = rest.trim_start().trim_start_matches('&');
    let after = name.strip_prefix("it").map(str::trim_start);
    after.is_some_and(|after| after.starts_with(['|', ',', ':']))
}

/// What follows `match`: is its first arm `true` or `false`?
fn is_on_bool(rest: &str) -> bool {
    let Some((_, arms)) = rest.split_once('{') else { return false };
    let arms = arms.trim_start();
    arms.starts_with("true =>") || arms.starts_with("false =>")
}

/// `(a, b): (..)` among the parameters.
fn tuples(signature: &str) -> usize {
    signature
        .split("):")
        .filter(|before| {
            let Some((start, names)) = before.rsplit_once('(') else { return false };
            let is_first = start.trim_end().ends_with(['(', ',']);
            is_first && names.contains(',') && names.chars().all(|c| is_name(c) || ", ".contains(c))
        })
        .count()
}

/// `x: bool` among the parameters.
fn bools(signature: &str) -> usize {
    let ends = |rest: &&str| matches!(rest.trim_start().chars().next(), Some(',' | ')'));
    signature.split(": bool").skip(1).filter(ends).count()
}

/// The code, with blanks for what is in comments, texts and characters.
fn bare(code: &str) -> String {
    let mut bare = String::new();
    let mut rest = code;
    while let Some(first) = rest.chars().next() {
        let hidden = hidden(rest, bare.chars().next_back());
        if hidden == 0 {
            bare.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            bare.extend(rest[..hidden].chars().map(|c| if c == '\n' { '\n' } else { '_' }));
            rest = &rest[hidden..];
        }
    }
    bare
}

/// How long the comment, text or character is that code begins with, in bytes.
fn hidden(code: &str, before: Option<char>) -> usize {
    if code.starts_with("//") {
        return code.find('\n').unwrap_or(code.len());
    }
    if code.starts_with('"') {
        return end_of_text(code);
    }
    if code.starts_with('r') && !before.is_some_and(is_name) {
        return end_of_raw_text(code);
    }
    if code.starts_with('\'') { end_of_character(code) } else { 0 }
}

fn end_of_text(code: &str) -> usize {
    let mut is_escaped = false;
    for (index, c) in code.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return index + 1,
            _ => {}
        }
    }
    code.len()
}

/// `r"…"`, `r#"…"#`; 0 where it is none.
fn end_of_raw_text(code: &str) -> usize {
    let hashes = code[1..].bytes().take_while(|byte| *byte == b'#').count();
    let Some(content) = code[1 + hashes..].strip_prefix('"') else { return 0 };
    let end = format!("\"{}", "#".repeat(hashes));
    content.find(&end).map_or(code.len(), |length| 2 + hashes + length + end.len())
}

/// `'x'`, `'\n'`; 0 where it is a lifetime.
fn end_of_character(code: &str) -> usize {
    let mut chars = code.char_indices().skip(1);
    let Some((_, first)) = chars.next() else { return 0 };
    if first != '\\' {
        return chars.next().filter(|(_, c)| *c == '\'').map_or(0, |(index, _)| index + 1);
    }
    chars.next();
    chars.find(|(_, c)| *c == '\'').map_or(0, |(index, _)| index + 1)
}

#[test]
fn code_alone_is_measured() {
    let mut measures = Measures::default();
    measures.add(
        r##"
        // let f = |x| x; match b { true => 1, false => 2 }
        let text = "let f = |it| match"; let raw = r#"let g = |it| "x""#; let c = '"';
        fn plain<'a>(text: &'a str, other: (u8, u8)) -> bool { text.len() > other.0 }
        "##,
    );
    assert_eq!(measures, Measures::default());
}

#[test]
fn each_kind_is_counted() {
    let mut measures = Measures::default();
    measures.add(
        "fn packed(&self, (kit, now): (&Kit, u8), is_loud: bool) -> bool {
            let f = |x| x + 1;
            let mut long_one =
                move |a, b| a + b;
            let sum = all.iter().map(|it| it + 1).filter(|&it| it > 1).map(|item| item);
            match a && b {
                true => 1,
                false => 2,
            }
        }",
    );
    let expected = Measures {
        let_closures: 2,
        parameters_it: 2,
        matches_on_bool: 1,
        tuple_parameters: 1,
        bool_parameters: 1,
    };
    assert_eq!(measures, expected);
}
