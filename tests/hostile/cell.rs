//! The memory that the service may have: a control group with the bound of the unit's `MemoryMax`.
//! Where none can be made, the peak that the kernel counted of the process stands against it.

use crate::pop::Pop;
use std::fs;
use std::path::PathBuf;

/// What the unit allows, in bytes.
const BYTES_MAX: u64 = 96 * 1024 * 1024;
/// Where version 1 of control groups and version 2 are mounted.
const ROOTS: [(&str, &str, &str); 2] = [
    ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.max_usage_in_bytes"),
    ("/sys/fs/cgroup", "memory.max", "memory.peak"),
];

/// A running POP in its bound.
pub struct Cell {
    /// The POP.
    pub pop: Pop,
    group: Option<Group>,
}

struct Group {
    directory: PathBuf,
    peak: &'static str,
}

impl Cell {
    /// Puts a POP in.
    pub fn around(pop: Pop) -> Cell {
        let group = ROOTS.iter().find_map(|(root, limit, peak)| {
            let directory = PathBuf::from(root).join(format!("peerling-hostile-{}", pop.id()));
            fs::create_dir(&directory).ok()?;
            let group = Group { directory, peak };
            fs::write(group.directory.join(limit), BYTES_MAX.to_string()).ok()?;
            fs::write(group.directory.join("cgroup.procs"), pop.id().to_string()).ok()?;
            Some(group)
        });
        Cell { pop, group }
    }

    /// The most memory that it has had, in MB, with the bound and who keeps it.
    pub fn peak(&self) -> String {
        let counted = self.group.as_ref().and_then(|group| {
            let text = fs::read_to_string(group.directory.join(group.peak)).ok()?;
            text.trim().parse::<u64>().ok()
        });
        let resident = self.pop_status("VmHWM:") * 1024;
        let (bytes, keeper) = match counted {
            Some(bytes) => (bytes.max(resident), "in a control group of 96 MB"),
            None => (resident, "no control group can be made here"),
        };
        assert!(bytes < BYTES_MAX, "{bytes} bytes");
        format!("peak {} MB, {keeper}", bytes / 1_048_576)
    }

    /// What it has now, in kB.
    pub fn resident(&self) -> u64 {
        self.pop_status("VmRSS:")
    }

    /// Processor time that it has had, in seconds.
    pub fn processor(&self) -> f64 {
        let text = fs::read_to_string(format!("/proc/{}/stat", self.pop.id())).unwrap();
        let fields: Vec<&str> = text.rsplit(')').next().unwrap().split_whitespace().collect();
        // proc(5): utime and stime, in hundredths of a second.
        (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
    }

    fn pop_status(&self, name: &str) -> u64 {
        let text = fs::read_to_string(format!("/proc/{}/status", self.pop.id())).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // The process has ended: the POP is dropped first.
        let _ = fs::remove_dir(&self.directory);
    }
}
