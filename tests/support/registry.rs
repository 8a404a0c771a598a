//! A registry of real size, made up: no name, key or number of a real person.
//!
//! The proportions are those counted in a clone of October 2023 (2,792 maintainers, 2,981 AS
//! numbers): who has which kind of key, who has none, how many AS numbers, in which ranges, and one
//! odd shape in fifty. The same arguments give the same bytes. Nobody has the private half of these
//! keys; to log in, add a member with a key of your own.

#![allow(dead_code)] // Each test takes what it needs.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // A test may fail by a panic.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Marsaglia's xorshift64*: short, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next()).unwrap() % bound
    }

    /// One of these, by weight.
    fn pick<T: Copy>(&mut self, choices: &[(T, usize)]) -> T {
        let mut left = self.below(choices.iter().map(|it| it.1).sum());
        let mut all = choices.iter();
        loop {
            let (choice, weight) = all.next().unwrap();
            match left.checked_sub(*weight) {
                Some(less) => left = less,
                None => return *choice,
            }
        }
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next().to_le_bytes()[0]).collect()
    }
}

/// What kinds of `auth:` a maintainer has, and how many in 2,792 do.
const AUTHS: &[(&[&str], usize)] = &[
    (&[], 1024),
    (&["pgp"], 774),
    (&["rsa"], 318),
    (&["ed25519"], 220),
    (&["rsa", "pgp"], 205),
    (&["ed25519", "pgp"], 125),
    (&["ed25519", "ed25519"], 18),
    (&["ed25519", "rsa", "pgp"], 21),
    (&["pgpkey"], 62),
    (&["nistp521", "pgp"], 12),
    (&["nistp256", "pgp"], 9),
    (&["sk-ed25519", "pgp"], 8),
    (&["sk-nistp256"], 1),
    (&["other"], 6),
];
/// Bits of RSA keys.
const RSA_BITS: &[(usize, usize)] =
    &[(1024, 4), (2048, 240), (3072, 167), (4096, 150), (8192, 7), (16384, 3)];
/// First and last of each range of AS numbers.
const RANGES: &[((u32, u32), usize)] = &[
    ((4_242_420_000, 4_242_423_999), 2627),
    ((64_512, 64_599), 60),
    ((64_600, 64_855), 94),
    ((64_856, 64_999), 49),
    ((76_100, 76_199), 7),
    ((4_201_270_000, 4_201_279_999), 36),
    ((4_242_427_000, 4_242_429_000), 16),
    ((131_072, 140_000), 49),
];

/// Writes `data/mntner` and `data/aut-num` with this many sound objects, give or take the odd ones.
pub fn generate(directory: &Path, mntners: usize, aut_nums: usize, seed: u64) {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    for kind in ["mntner", "aut-num"] {
        fs::create_dir_all(directory.join("data").join(kind)).unwrap();
    }
    let names: Vec<String> = (0..mntners).map(|number| name(&mut random, number)).collect();
    for (number, name) in names.iter().enumerate() {
        let mut text = head("mntner", name, std::slice::from_ref(name), &mut random);
        let kinds = random.pick(AUTHS);
        for kind in kinds {
            let comment = random.pick(&[("", 2), (" me@example.org", 1)]);
            line(&mut text, "auth", &format!("{}{comment}", auth(kind, &mut random)));
        }
        line(&mut text, "source", "DN42");
        put(directory, "mntner", name, &disfigure(text, number));
    }
    let mut used = std::collections::HashSet::new();
    for number in 0..aut_nums {
        let asn = free_asn(&mut random, &mut used);
        let owners = owners(&names, number, &mut random);
        let mut text = head("aut-num", &format!("AS{asn}"), &owners, &mut random);
        line(&mut text, "source", "DN42");
        put(directory, "aut-num", &format!("AS{asn}"), &disfigure(text, number));
    }
    odd_objects(directory, &mut random);
}

/// Adds a maintainer `NAME-MNT` with these `auth:` values, and these AS numbers of its own.
pub fn add_member(directory: &Path, name: &str, auth_lines: &[String], asns: &[u32]) {
    let mntner = format!("{}-MNT", name.to_ascii_uppercase());
    let mut text = format!("mntner: {mntner}\nmnt-by: {mntner}\n");
    auth_lines.iter().for_each(|auth| line(&mut text, "auth", auth));
    put(directory, "mntner", &mntner, text.as_bytes());
    for asn in asns {
        let text = format!("aut-num: AS{asn}\nas-name: AS-TEST\nmnt-by: {mntner}\nsource: DN42\n");
        put(directory, "aut-num", &format!("AS{asn}"), text.as_bytes());
    }
}

/// What dn42's own filters say, as far as it matters here.
const FILTER: &str = "1001 permit 172.20.0.0/24 28 32\n1100 permit 172.20.0.0/14 21 29\n\
                      2003 permit 10.0.0.0/8 15 24\n9999 deny 0.0.0.0/0 0 32\n";
const FILTER6: &str = "1001 permit fd00::/8 44 64\n9999 deny ::/0 0 128\n";

/// Writes `data/route`, `data/route6` and their filters: at least so many sound objects of each,
/// one in fifty with several origins, and one in a hundred that the filter denies.
pub fn generate_routes(directory: &Path, routes: usize, routes6: usize, seed: u64) {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let data = directory.join("data");
    for kind in ["route", "route6"] {
        fs::create_dir_all(data.join(kind)).unwrap();
    }
    fs::write(data.join("filter.txt"), FILTER).unwrap();
    fs::write(data.join("filter6.txt"), FILTER6).unwrap();
    for number in 0..routes {
        let bits = 24 + random.below(6);
        let (high, low) = (number / 256, number % 256);
        let (network, longest) = match high {
            0..4 => (format!("172.{}.{low}.0/{bits}", 20 + high), bits),
            _ => (format!("10.{}.{low}.0/24", 60 + high), 24),
        };
        put_route(directory, "route", &network, longest, &mut random);
    }
    for number in 0..routes6 {
        let network = format!("fd42:{:x}:{number:x}::/48", 0x1000 + random.below(0xe000));
        put_route(directory, "route6", &network, 48 + random.below(17), &mut random);
    }
    for number in 0..routes / 100 {
        put_route(directory, "route", &format!("10.{number}.0.128/25"), 25, &mut random);
    }
}

fn put_route(directory: &Path, kind: &str, network: &str, longest: usize, random: &mut Random) {
    let owner = ["NOBODY-MNT".to_owned()];
    let mut text = head(kind, network, &owner, random);
    for _ in 0..random.pick(&[(1, 49), (3, 1)]) {
        line(&mut text, "origin", &format!("AS{}", 4_242_420_000 + random.below(4_000)));
    }
    if random.below(5) > 0 {
        line(&mut text, "max-length", &longest.to_string());
    }
    line(&mut text, "source", "DN42");
    put(directory, kind, &network.replace('/', "_"), text.as_bytes());
}

fn put(directory: &Path, kind: &str, name: &str, bytes: &[u8]) {
    fs::write(directory.join("data").join(kind).join(name), bytes).unwrap();
}

/// A value starts in column 20.
fn line(text: &mut String, attribute: &str, value: &str) {
    writeln!(text, "{:<20}{value}", format!("{attribute}:")).unwrap();
}

fn head(class: &str, name: &str, owners: &[String], random: &mut Random) -> String {
    let mut text = String::new();
    line(&mut text, class, name);
    if random.below(3) == 0 {
        line(&mut text, "descr", "a network that does not exist");
    }
    line(&mut text, "admin-c", "NOBODY-DN42");
    line(&mut text, "tech-c", "NOBODY-DN42");
    owners.iter().for_each(|owner| line(&mut text, "mnt-by", owner));
    if random.below(12) == 0 {
        text.push_str(
            "remarks:            first line,\n                    second\n+\nremarks: ü\n",
        );
    }
    text
}

/// Four to twelve letters and the number, which makes it unique.
fn name(random: &mut Random, number: usize) -> String {
    let pairs = ["QU", "ZE", "YA", "VO", "WI", "JU", "XE", "KY"];
    let stem: String = (0..2 + random.below(5)).map(|_| pairs[random.below(8)]).collect();
    let hyphen = random.pick(&[("", 9), ("-", 1)]);
    format!("{stem}{hyphen}{number}-MNT")
}

/// The first AS numbers go round the maintainers, the rest pile up on a few.
fn owners(names: &[String], number: usize, random: &mut Random) -> Vec<String> {
    let few = names.len().min(100);
    let first = if number < names.len() * 9 / 10 { number } else { random.below(few) };
    let more = random.pick(&[(0, 2954), (1, 17), (2, 8), (3, 1), (4, 1)]);
    let others = (0..more).map(|_| names[random.below(names.len())].clone());
    std::iter::once(names[first].clone()).chain(others.collect::<Vec<_>>()).collect()
}

fn free_asn(random: &mut Random, used: &mut std::collections::HashSet<u32>) -> u32 {
    loop {
        let (first, last) = random.pick(RANGES);
        let asn = first + u32::try_from(random.below((last - first) as usize + 1)).unwrap();
        if used.insert(asn) {
            return asn;
        }
    }
}

/// One `auth:` value.
fn auth(kind: &str, random: &mut Random) -> String {
    let point = |bytes: usize, random: &mut Random| [vec![4], random.bytes(2 * bytes)].concat();
    let (method, fields): (&str, Vec<Vec<u8>>) = match kind {
        "pgp" => return format!("pgp-fingerprint {:040X}", u128::from(random.next())),
        "pgpkey" => return format!("PGPKEY-{:08X}", random.next() & 0xffff_ffff),
        "other" => return "signify RWQAAAAAAAAAAAAA".to_owned(),
        "ed25519" => ("ssh-ed25519", vec![random.bytes(32)]),
        "rsa" => ("ssh-rsa", vec![vec![1, 0, 1], modulus(random)]),
        "nistp256" => ("ecdsa-sha2-nistp256", vec![b"nistp256".into(), point(32, random)]),
        "nistp521" => ("ecdsa-sha2-nistp521", vec![b"nistp521".into(), point(66, random)]),
        "sk-ed25519" => ("sk-ssh-ed25519@openssh.com", vec![random.bytes(32), b"ssh:".into()]),
        _ => (
            "sk-ecdsa-sha2-nistp256@openssh.com",
            vec![b"nistp256".into(), point(32, random), b"ssh:".into()],
        ),
    };
    format!("{method} {}", base64(&wire(method, &fields)))
}

/// An odd number of a usual size, with the zero before it that its highest bit demands.
fn modulus(random: &mut Random) -> Vec<u8> {
    let bits = random.pick(RSA_BITS);
    let mut bytes = random.bytes(bits / 8);
    bytes[0] |= 0x80;
    *bytes.last_mut().unwrap() |= 1;
    bytes.insert(0, 0);
    bytes
}

/// Strings with their lengths before them (RFC 4251, section 5).
fn wire(method: &str, fields: &[Vec<u8>]) -> Vec<u8> {
    let all = std::iter::once(method.as_bytes()).chain(fields.iter().map(Vec::as_slice));
    all.flat_map(|it| [&u32::try_from(it.len()).unwrap().to_be_bytes(), it].concat()).collect()
}

fn base64(bytes: &[u8]) -> String {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_usize, |word, byte| word << 8 | usize::from(*byte));
        let word = word << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let letter = char::from(alphabet[word >> (18 - 6 * place) & 63]);
            text.push(if place > chunk.len() { '=' } else { letter });
        }
    }
    text
}

/// Some files are not as most are; they mean the same.
fn disfigure(text: String, number: usize) -> Vec<u8> {
    match number % 400 {
        50 => text.replace('\n', "\r\n").into_bytes(),
        100 => text.replace(":  ", ":\t\t").into_bytes(),
        150 => text.trim_end().into(),
        200 => format!("# a comment\n{text}\n\n").into_bytes(),
        250 => text.replace("mnt-by:", "MNT-BY:").into_bytes(),
        300 => text.replace("mnt-by:             ", "mnt-by:").into_bytes(),
        350 => [b"\xef\xbb\xbf", text.as_bytes(), b"descr: caf\xe9\n"].concat(),
        _ => text.into_bytes(),
    }
}

/// Objects that must not get in, or not with that key.
fn odd_objects(directory: &Path, random: &mut Random) {
    let key = auth("ed25519", random);
    let object = |name: &str, auth: &str| format!("mntner: {name}\nmnt-by: {name}\nauth: {auth}\n");
    for (number, auth) in [
        format!("ssh-ed25519 {key}"),
        format!("#{key}"),
        key.replace("ssh-ed25519", "ssh-ed5519"),
        key.trim_end_matches(|last| last != 'A').to_owned(),
        format!("\nremarks: was\n  auth: {key}"),
    ]
    .iter()
    .enumerate()
    {
        let name = format!("ODD{number}-MNT");
        put(directory, "mntner", &name, object(&name, auth).as_bytes());
    }
    put(directory, "mntner", "ODD-ALIAS-MNT", object("OTHER-MNT", &key).as_bytes());
    put(directory, "mntner", "ODD-NUL-MNT", object("ODD-NUL-MNT", "\0").as_bytes());
    put(directory, "mntner", "ODD.txt", object("ODD.txt", &key).as_bytes());
    put(directory, "aut-num", "AS0", b"aut-num: AS0\nmnt-by: ODD0-MNT\n");
    put(directory, "aut-num", "AS4242420000000", b"aut-num: AS4242420000000\nmnt-by: ODD0-MNT\n");
}
