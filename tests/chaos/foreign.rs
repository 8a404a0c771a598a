//! Files, links and protocols that an operator made by hand beside ours. They must stay as they
//! are.

use crate::machine::{sh, tool};
use crate::random::Random;
use crate::stage::Stage;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// What is there, as it was made.
pub struct Foreign {
    files: BTreeMap<String, String>,
    links: String,
}

/// Names and contents that BIRD and wg-quick do not mind.
const FILES: [(&str, &str); 10] = [
    ("bird/ebgp_manual_as1", "define MANUAL = 1;\n"),
    ("bird/ibgp_x", "define INTERNAL = 1;\n"),
    ("bird/ebgp_as4242429000.conf", "define NINE = 9;\n"),
    ("bird/.ebgp_as4242420100.swp", "b0VIM 9.0"),
    ("bird/notes~", "# nothing\n"),
    ("bird/aaa", "filter by_hand_filter { accept; }\n"),
    ("wireguard/wg-m1.conf", "[Interface]\nListenPort = 1\n"),
    ("wireguard/wg0.conf", "[Interface]\nListenPort = 2\n"),
    ("wireguard/wg-as4242420101.conf.bak", "[Interface]\nListenPort = 3\n"),
    ("wireguard/.wg-as.swp", "b0VIM 9.0"),
];
/// It bears a name of ours and is no plain file.
const SYMLINK: &str = "bird/ebgp_as4242429999";

impl Foreign {
    pub fn make(stage: &Stage) -> Foreign {
        let mut foreign = Foreign { files: BTreeMap::new(), links: String::new() };
        stage.write("linked", "define LINKED = 1;\n");
        std::os::unix::fs::symlink(stage.path("linked"), stage.path(SYMLINK)).unwrap();
        foreign.files.insert(SYMLINK.to_owned(), look(&stage.path(SYMLINK)));
        for (name, content) in FILES {
            foreign.put(stage, name, content);
        }
        sh("ip link add wg-m1 type veth peer name m1
            ip link add wg-as64999 type veth peer name m2");
        foreign.links = links();
        foreign
    }

    fn put(&mut self, stage: &Stage, name: &str, content: &str) {
        stage.write(name, content);
        self.files.insert(name.to_owned(), look(&stage.path(name)));
    }

    /// The operator makes, changes or removes a file of theirs; what it was.
    pub fn change(&mut self, stage: &Stage, random: &mut Random) -> String {
        let (name, content) = random.pick(&FILES);
        let path = stage.path(name);
        if random.chance(50) && self.files.remove(name).is_some() {
            let removed = fs::remove_file(&path);
            if removed.is_err() {
                // A directory that is read-only for now.
                self.files.insert(name.to_owned(), look(&path));
            }
            return format!("rm {name}");
        }
        // Where there is no room, there is no new file either.
        if fs::write(&path, format!("{content}# {}\n", random.below(1000))).is_ok() {
            self.files.insert(name.to_owned(), look(&path));
        } else if fs::remove_file(&path).is_ok() {
            self.files.remove(name);
        } else if path.exists() {
            self.files.insert(name.to_owned(), look(&path));
        }
        format!("write {name}")
    }

    /// What was touched that is not ours.
    pub fn troubles(&self, stage: &Stage) -> Vec<String> {
        let mut troubles = Vec::new();
        for (name, before) in &self.files {
            let now = look(&stage.path(name));
            if now != *before {
                troubles.push(format!("foreign file {name} was {before}, is {now}"));
            }
        }
        let now = links();
        if now != self.links {
            troubles.push(format!("foreign links were {}, are {now}", self.links));
        }
        troubles
    }

    /// The names that are to be in a directory of the stage beside ours.
    pub fn names(&self, directory: &str) -> Vec<String> {
        let inside = self.files.keys().filter_map(|name| name.strip_prefix(directory));
        inside.map(|name| name.trim_start_matches('/').to_owned()).collect()
    }
}

/// Inode, times and content; a link is not followed.
fn look(path: &Path) -> String {
    let Ok(it) = fs::symlink_metadata(path) else { return "absent".to_owned() };
    let content = fs::read(path).unwrap_or_default();
    let content = String::from_utf8_lossy(&content);
    format!("inode {} changed {}.{:09} {content:?}", it.ino(), it.ctime(), it.ctime_nsec())
}

fn links() -> String {
    let wanted = ["wg-m1", "m1", "wg-as64999", "m2"];
    let shown = tool("ip", &["-o", "link", "show", "type", "veth"]);
    let ours =
        shown.lines().filter(|line| wanted.iter().any(|it| line.contains(&format!(" {it}@"))));
    ours.map(|line| line.split('>').next().unwrap_or_default().to_owned() + "; ").collect()
}
