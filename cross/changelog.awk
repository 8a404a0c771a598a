# A changelog in Debian's form (deb-changelog(5)) from CHANGELOG.md: each `## HEADING` is an entry, each `### HEADING`
# below it one of its parts.
#
#   awk -v package=peerling -v version=0.1.0-1 -v maintainer='NAME <ADDRESS>' -v date="$(date -R)" -f changelog.awk
#
# What is `Unreleased` is `version`, of `date`. What is released has both in its heading: `## 0.1.0 (2026-12-24)`.

function say(indent, text,    words, count, i, line) {
    count = split(text, words, " ")
    line = indent
    gsub(/[^ ]/, " ", indent)
    for (i = 1; i <= count; i++) {
        if (i > 1 && length(line) + length(words[i]) > 78) {
            print line
            line = indent
        }
        line = line (line ~ / $/ ? "" : " ") words[i]
    }
    print line
}

function end_item() {
    if (item != "") say("  * ", item)
    item = ""
}

function end_entry() {
    end_item()
    if (trailer != "") printf "\n -- %s  %s\n", maintainer, trailer
}

function day(text,    command, said) {
    gsub(/[^0-9-]/, "", text)
    command = "date -u -R -d " text
    command | getline said
    close(command)
    return said
}

/^## / {
    end_entry()
    if (trailer != "") print ""
    trailer = $2 == "Unreleased" ? date : day($3)
    printf "%s (%s) unstable; urgency=medium\n", package, $2 == "Unreleased" ? version : $2 "-1"
    is_new = 1
    next
}
trailer == "" { next }
/^### / {
    end_item()
    sub(/^### /, "")
    printf "\n  [ %s ]\n", $0
    is_new = 0
    next
}
/^- / {
    end_item()
    if (is_new) print ""
    is_new = 0
    item = substr($0, 3)
    next
}
NF && item != "" { item = item " " $0 }
END { end_entry() }
