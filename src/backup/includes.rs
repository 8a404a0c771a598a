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
}
