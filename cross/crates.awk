# Which crate the code of a program is of: reads `nm -ap -S -t d PROGRAM`, prints bytes, functions, crate.
#
# A function counts for the crate that its source stands in, as its mangled name tells: code of a generic
# type of std is std's, whoever uses it with types of his own. Functions that were inlined count for the
# function that they went into. Of C there are no crates, only files: SQLite's one, what ring prefixes, the rest.

# v0 mangling (_R...): the first root of a crate in the path is C, an optional s..._, and the name with its length.
function of_v0(name) {
    if (!match(name, /C(s[0-9A-Za-z]*_)?[0-9]+_?[A-Za-z]/))
        return "Rust, unnamed"
    name = substr(name, RSTART + 1)
    sub(/^s[0-9A-Za-z]*_/, "", name)
    return counted(name)
}

# Legacy mangling (_ZN...17h...E): the name comes first, or a type in angle brackets with the path in dots.
function of_legacy(name) {
    name = counted(substr(name, 4))
    gsub(/\$[A-Za-z0-9]+\$/, " ", name)
    sub(/^_* */, "", name)
    sub(/(\.\.| ).*/, "", name)
    return name
}

# "3std6thread" -> "std"
function counted(name,    length_of) {
    length_of = name + 0
    sub(/^[0-9]+_?/, "", name)
    return substr(name, 1, length_of)
}

function owner(name) {
    if (name ~ /^_R/) return of_v0(name)
    if (name ~ /^_ZN.*17h[0-9a-f]+E/) return of_legacy(name)
    if (name ~ /^OUTLINED_FUNCTION_/) return "pieces that functions share"
    if (name ~ /^(ring_core_|sqlite3_)/) return name ~ /^ring/ ? "ring, C and assembler" : "SQLite"
    return file == "sqlite3.c" ? "SQLite" : "C library, start, and other C"
}

NF == 3 && $2 == "a" { file = $3 }
NF == 4 && $3 ~ /^[tTwW]$/ && $2 > 0 && !seen[$1]++ {
    crate = owner($4)
    bytes[crate] += $2
    functions[crate]++
}
END { for (crate in bytes) printf "%9d %6d  %s\n", bytes[crate], functions[crate], crate }
