//! What a BIRD configuration includes, and which of its files are no part of it.

use glob::{MatchOptions, Pattern};

/// The patterns of the `include` statements of a text, in their order.
pub fn includes(text: &str) -> Vec<String> {
    let text = without_comments(text);
    let mut found = Vec::new();
    let mut rest = text.as_str();
    while let Some((before, quoted)) = rest.split_once('"') {
        let Some((words, after)) = quoted.split_once('"') else { break };
        let statement = before.rsplit([';', '{', '}']).next().unwrap_or_default();
        if statement.trim() == "include" {
            found.push(words.to_string());
        }
        rest = after;
    }
    found
}

/// The text without `# …` and `/* … */`; what stands in quotes is no comment.
fn without_comments(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['"', '#', '/']) {
        let (before, after) = rest.split_at(at);
        clean.push_str(before);
        rest = if let Some(quoted) = after.strip_prefix('"') {
            let end = quoted.find('"').map_or(after.len(), |end| end + 2);
            let (whole, left) = after.split_at(end);
            clean.push_str(whole);
            left
        } else if after.starts_with('#') {
            after.find('\n').map_or("", |end| after.get(end..).unwrap_or_default())
        } else if let Some(comment) = after.strip_prefix("/*") {
            clean.push(' ');
            comment.split_once("*/").map_or("", |(_, left)| left)
        } else {
            clean.push('/');
            after.get(1..).unwrap_or_default()
        };
    }
    clean.push_str(rest);
    clean
}

/// Does a file's name fit a pattern, as `glob(3)` has it? Names with a dot in front fit only where
/// the pattern has it too.
pub fn fits(pattern: &str, name: &str) -> bool {
    let options = MatchOptions {
        case_sensitive: true,
        require_literal_separator: true,
        require_literal_leading_dot: true,
    };
    Pattern::new(pattern).is_ok_and(|pattern| pattern.matches_with(name, options))
}

/// Is it nothing but a table of route origins? Those are made from the registry, change every day,
/// and are larger than all the rest.
pub fn is_route_table(text: &str) -> bool {
    let text = without_comments(text);
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty()).peekable();
    lines.peek().is_some() && lines.all(|line| line.starts_with("route ") && line.ends_with(';'))
}

// Secrets out of configuration texts, whoever wrote those: better a word too many than a key.
//
// Three rules, each of which would be enough for our own files. What follows the words "private
// key" or "preshared key" on a line goes, in any spelling, in comments too. What follows a word
// for a password goes, as BIRD has it for its sessions. And whatever looks like a WireGuard key
// goes, unless it is said to be a public one.

/// What stands in place of a secret. No program takes it for a key.
pub const REMOVED: &str = "**REMOVED**";

/// The words, without what people put between their parts.
const KEY_NAMES: [&str; 2] = ["privatekey", "presharedkey"];
/// After these, in the same spelling, a key is public.
const PUBLIC_NAMES: [&str; 3] = ["publickey", "pubkey", "peer"];
/// Parts of names whose value is a password: `password "…"`, `define BGP_PASSWD = "…"`.
const PASSWORD_PARTS: [&str; 2] = ["passw", "secret"];
/// BIRD has this for `password` too, and other things have keys as well: only a text counts.
const PASSWORD_KEY: &str = "key";
/// The base64 characters of a WireGuard key, before its one `=`.
const KEY_CHARS: usize = 43;

/// The same text without secrets.
pub fn blank(text: &str) -> String {
    let keyless: String = text.split_inclusive('\n').map(named_keys).collect();
    bare_keys(&passwords(&keyless))
}

/// A line without what follows the name of a secret key.
fn named_keys(line: &str) -> String {
    let Some(end) = name_end(line) else { return line.to_string() };
    let (head, rest) = line.split_at(end);
    let sign = rest.trim_start().starts_with(['=', ':']);
    let shown = if sign { rest.find(['=', ':']).map_or(0, |at| at + 1) } else { 0 };
    let newline = if line.ends_with('\n') { "\n" } else { "" };
    match rest.trim().trim_start_matches(['=', ':']).trim_start() {
        "" => line.to_string(),
        _ => format!("{head}{} {REMOVED}{newline}", rest.get(..shown).unwrap_or_default()),
    }
}

/// Where the first name of a secret key ends: letters of any case, with blanks, hyphens and
/// underscores between them.
fn name_end(line: &str) -> Option<usize> {
    let letters: Vec<(usize, char)> = line
        .char_indices()
        .filter(|(_, letter)| !is_gap(*letter))
        .map(|(at, letter)| (at + letter.len_utf8(), letter.to_ascii_lowercase()))
        .collect();
    let mut rest = letters.as_slice();
    while let Some((_, after)) = rest.split_first() {
        if let Some(end) = KEY_NAMES.iter().find_map(|name| end_of(name, rest)) {
            return Some(end);
        }
        rest = after;
    }
    None
}

/// Where the name ends that these letters begin with, if they do.
fn end_of(name: &str, letters: &[(usize, char)]) -> Option<usize> {
    let own = letters.get(..name.len())?;
    if !own.iter().map(|(_, letter)| *letter).eq(name.chars()) {
        return None;
    }
    own.last().map(|(end, _)| *end)
}

fn is_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

fn is_base64(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '+' || letter == '/'
}

fn is_gap(letter: char) -> bool {
    letter == ' ' || letter == '\t' || letter == '-' || letter == '_'
}

/// The text without the values of passwords.
fn passwords(text: &str) -> String {
    let (mut clean, mut rest, mut before) = (String::new(), text, String::new());
    while !rest.is_empty() {
        let name_start = rest.find(is_name).unwrap_or(rest.len());
        let (gap, after) = rest.split_at(name_start);
        let (name, after) =
            after.split_at(after.find(|letter| !is_name(letter)).unwrap_or(after.len()));
        clean.push_str(gap);
        clean.push_str(name);
        rest = after;
        let folded = name.to_ascii_lowercase();
        if let Some((space, left)) = password(&folded, &before, after) {
            clean.push_str(space);
            clean.push_str(&format!("\"{REMOVED}\""));
            rest = left;
        }
        before = folded;
    }
    clean
}

/// The blanks before the value that follows a password's name, and what comes behind the value.
/// `None`: it is no such name, or it has no value.
fn password<'a>(name: &str, before: &str, after: &'a str) -> Option<(&'a str, &'a str)> {
    let value = after.trim_start_matches(|letter: char| {
        letter.is_whitespace() || letter == '=' || letter == ':'
    });
    let space = after.get(..after.len() - value.len())?;
    let named = PASSWORD_PARTS.iter().any(|part| name.contains(part));
    // RPKI's `private key` and `public key` are names of files.
    let is_file = before == "private" || before == "public";
    let keyed = name == PASSWORD_KEY && value.starts_with('"') && !is_file;
    if !(named || keyed) || space.is_empty() {
        return None;
    }
    if let Some(quoted) = value.strip_prefix('"') {
        return Some((space, quoted.split_once('"').map_or("", |(_, left)| left)));
    }
    let end = value.find([';', '{', '}', '\n']).unwrap_or(value.len());
    (end > 0).then(|| (space, value.get(end..).unwrap_or_default()))
}

/// The text without what looks like a WireGuard key and is not said to be a public one.
fn bare_keys(text: &str) -> String {
    let (mut clean, mut rest) = (String::new(), text);
    while !rest.is_empty() {
        let start = rest.find(is_base64).unwrap_or(rest.len());
        let (gap, after) = rest.split_at(start);
        let (run, after) =
            after.split_at(after.find(|letter| !is_base64(letter)).unwrap_or(after.len()));
        clean.push_str(gap);
        rest = after;
        match after.strip_prefix('=').filter(|_| run.len() >= KEY_CHARS && !is_public(&clean)) {
            Some(left) => {
                clean.push_str(REMOVED);
                rest = left;
            }
            None => clean.push_str(run),
        }
    }
    clean
}

/// Does a text end with words that a public key follows?
fn is_public(before: &str) -> bool {
    let line = before.rsplit('\n').next().unwrap_or_default();
    let name: String = line.chars().filter(|letter| !is_gap(*letter)).collect();
    let name = name.trim_end_matches(['=', ':', '"']).to_ascii_lowercase();
    PUBLIC_NAMES.iter().any(|public| name.ends_with(public))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn includes_are_found_and_comments_are_none() {
        let text = "include \"variables.conf\"; # include \"old.conf\";\n\
                    /* include \"older.conf\";\n */ define X = \"# include\";\n\
                    \tinclude\n  \"/etc/bird/bgp_peers/*\";\n\
                    my_include \"no\"; include_all; include x;\n";
        assert_eq!(includes(text), ["variables.conf", "/etc/bird/bgp_peers/*"]);
        for broken in ["include \"", "include", "\"", "/*", "/", "#", "include \"a\"/*\"", ""] {
            let _ = includes(broken);
        }
    }

    #[test]
    fn patterns_are_those_of_a_shell() {
        for (pattern, name, expected) in [
            ("*", "ebgp_as1", true),
            ("*", ".ebgp_as1.new", false),
            (".*", ".x", true),
            ("*.conf", "a.conf", true),
            ("*.conf", "a.conf.bak", false),
            ("f?lters.conf", "filters.conf", true),
            ("filters.conf", "filters.conf", true),
            ("filters.conf", "filters", false),
            ("a*b*c", "aXbXbc", true),
            ("a*b*c", "aXbXb", false),
            ("mesh_babel.con[f]", "mesh_babel.conf", true),
            ("mesh_babel.con[f]", "mesh_babel.cong", false),
            ("[!a-c]x", "dx", true),
            ("[", "[", false),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn tables_of_route_origins_are_known() {
        assert!(is_route_table("# made at …\nroute fd42::/16 max 64 as 4242420001;\n\n"));
        assert!(!is_route_table("route fd42::/16 max 64 as 1;\nprotocol static {}\n"));
        assert!(!is_route_table("# nothing\n"));
    }

    const KEY: &str = "mAbCdEfGhIjKlMnOpQrStUvWxYz0123456789+/AbCd=";

    #[test]
    fn keys_of_our_own_files_go_and_the_rest_stays() {
        let text = format!(
            "[Interface]\nPrivateKey = {KEY}\nListenPort = 52001\n\n[Peer]\nPublicKey = {KEY}\n\
             PresharedKey = {KEY}\nEndpoint = 2001:db8::1:20263\nAllowedIPs = fd00::/8"
        );
        let expected = format!(
            "[Interface]\nPrivateKey = **REMOVED**\nListenPort = 52001\n\n[Peer]\n\
             PublicKey = {KEY}\nPresharedKey = **REMOVED**\nEndpoint = 2001:db8::1:20263\n\
             AllowedIPs = fd00::/8"
        );
        assert_eq!(blank(&text), expected);
        assert_eq!(blank(&expected), expected, "what is blank stays as it is");
        assert_eq!(blank("PrivateKey =\n"), "PrivateKey =\n");
    }

    /// Everything that hand-made files may say: the secret is gone, and what stands around it is
    /// still there.
    #[test]
    fn secrets_go_in_every_spelling() {
        for (line, clean) in [
            ("privatekey=SECRET", "privatekey= **REMOVED**"),
            ("# PrivateKey = SECRET # old", "# PrivateKey = **REMOVED**"),
            (";PRESHAREDKEY\t=\tSECRET", ";PRESHAREDKEY\t= **REMOVED**"),
            ("#Private Key: SECRET", "#Private Key: **REMOVED**"),
            ("private_key=SECRET", "private_key= **REMOVED**"),
            ("pre-shared-key SECRET", "pre-shared-key **REMOVED**"),
            ("PostUp = wg set %i private-key <(echo SECRET)", "PostUp = wg set %i private-key **"),
            ("PostUp = x; # SECRET2", "PostUp = x; # **REMOVED**"),
            ("PublicKey = KEY # was SECRET2", "PublicKey = KEY # was **REMOVED**"),
            ("# public key: KEY", "# public key: KEY"),
            ("wg set %i peer KEY allowed-ips ::/0", "wg set %i peer KEY allowed-ips ::/0"),
            ("password \"SECRET\";", "password \"**REMOVED**\";"),
            ("  password  SECRET { id 1; };", "  password  \"**REMOVED**\"{ id 1; };"),
            ("password\n  \"SECRET\";", "password\n  \"**REMOVED**\";"),
            ("passwords { key \"SECRET\"; };", "passwords { key \"**REMOVED**\"; };"),
            ("define BGP_PASSWD = \"SECRET\";", "define BGP_PASSWD = \"**REMOVED**\";"),
            ("# the secret: SECRET", "# the secret: \"**REMOVED**\""),
            ("bird public key \"/etc/x\";", "bird public key \"/etc/x\";"),
            ("neighbor fe80::1 as 64600; hold time 9;", "neighbor fe80::1 as 64600; hold time 9;"),
        ] {
            let secret = "qZbCdEfGhIjKlMnOpQrStUvWxYz0123456789+/AbCd=";
            let text =
                line.replace("SECRET2", secret).replace("SECRET", "hunter2").replace("KEY ", KEY);
            let blanked = blank(&text);
            assert!(!blanked.contains("hunter2") && !blanked.contains(secret), "{blanked}");
            assert!(blanked.starts_with(&clean.replace("KEY ", KEY)), "{line}: {blanked}");
        }
    }
}
