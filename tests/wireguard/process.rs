//! What must hold for links that are processes.

use crate::lab::{Case, Lab, eventually, run, wanted};
use peerling::limits::UAPI_TIMEOUT;
use peerling::model::IfName;
use peerling::plan::naming::Naming;
use peerling::plan::wireguard::EndpointRule;
use peerling::sys::uapi::Patience;
use peerling::sys::uapi::socket_path;
use peerling::sys::wireguard::WireError;
use std::fs::{self, File};
use std::time::{Duration, Instant};

pub const CASES: &[Case] = &[
    ("a process gets nothing of ours", clean),
    ("a process that died is replaced", died),
    ("a process that hangs is told", hung),
    ("processes that hang are waited for at once, and then left in peace", many_hung),
    ("a process ends with its link", ended),
    ("a process of a link outlives us", adopted),
];

/// The process of a link: the one with its name as argument. Only this test's are to be seen.
fn process(name: &IfName) -> Option<String> {
    let entries = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    let mut running = entries.filter(|path| {
        let line = fs::read(path.join("cmdline")).unwrap_or_default();
        line.ends_with(format!("\0{name}\0").as_bytes())
    });
    running.next().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
}

fn clean(lab: &Lab) {
    let wanted = wanted(20);
    let secret = File::open("/etc/passwd").unwrap();
    lab.create(&wanted).unwrap();
    drop(secret);
    let pid = process(&wanted.name).unwrap();
    let environment = fs::read_to_string(format!("/proc/{pid}/environ")).unwrap();
    for variable in environment.split_terminator('\0') {
        assert!(variable.starts_with("PATH=") || variable.starts_with("WG_"), "{variable}");
    }
    for entry in fs::read_dir(format!("/proc/{pid}/fd")).unwrap() {
        // What the process closed since the directory was read is not its any more.
        let Ok(target) = fs::read_link(entry.unwrap().path()) else { continue };
        let target = target.to_str().unwrap().to_owned();
        assert!(!target.contains("passwd") && !target.contains("memfd"), "{target}");
    }
    for stream in 0..3 {
        let target = fs::read_link(format!("/proc/{pid}/fd/{stream}")).unwrap();
        assert_eq!(target.to_str(), Some("/dev/null"));
    }
    assert_eq!(fs::read_link(format!("/proc/{pid}/cwd")).unwrap().to_str(), Some("/"));
    lab.remove(&wanted.name).unwrap();
}

fn died(lab: &Lab) {
    let wanted = wanted(21);
    let name = &wanted.name;
    lab.create(&wanted).unwrap();
    let pid = process(name).unwrap();
    run(&format!("kill -KILL {pid}"));
    eventually("its link goes with it", || lab.read(name).is_none().then_some(()));
    assert!(socket_path(name.as_str()).exists(), "it leaves its socket behind");
    lab.create(&wanted).unwrap();
    assert_ne!(process(name), Some(pid));
    lab.remove(name).unwrap();
    // The socket alone goes too.
    lab.create(&wanted).unwrap();
    run(&format!("kill -KILL {}", process(name).unwrap()));
    eventually("its link goes with it", || lab.read(name).is_none().then_some(()));
    lab.remove(name).unwrap();
    assert!(!socket_path(name.as_str()).exists());
}

fn hung(lab: &Lab) {
    let (stuck, well) = (wanted(22), wanted(23));
    lab.create(&stuck).unwrap();
    lab.create(&well).unwrap();
    let pid = process(&stuck.name).unwrap();
    run(&format!("kill -STOP {pid}"));
    // A signal takes a moment to stop all threads.
    let error = eventually("it hangs", || lab.read(&stuck.name).unwrap().err());
    let begin = Instant::now();
    assert_eq!(lab.read(&stuck.name).unwrap().unwrap_err(), error);
    assert!(begin.elapsed() < Duration::from_secs(2));
    assert_eq!(
        error.to_string(),
        format!("/run/wireguard/{}.sock: no answer in 1000 ms", stuck.name)
    );
    assert!(lab.read(&well.name).unwrap().is_ok());
    run(&format!("kill -CONT {pid}"));
    assert_eq!(lab.change(&stuck, EndpointRule::Set), [""; 0]);
    lab.remove(&stuck.name).unwrap();
    lab.remove(&well.name).unwrap();
}

/// Eight of them cost one time-out together, in which others are served, and then nothing.
fn many_hung(lab: &Lab) {
    let all: Vec<_> = (40..48).map(wanted).collect();
    let pids = all.iter().map(|it| {
        lab.create(it).unwrap();
        process(&it.name).unwrap()
    });
    let pids: Vec<_> = pids.collect();
    for pid in &pids {
        run(&format!("kill -STOP {pid}"));
    }
    eventually("all hang", || lab.observe().values().all(Result::is_err).then_some(()));
    let patience = Patience::default();
    let mut longest = Duration::ZERO;
    let look = async {
        let begin = Instant::now();
        let links = lab.backend.observe(&patience, &Naming::default()).await.unwrap();
        assert!(links.len() == all.len() && links.values().all(Result::is_err));
        begin.elapsed()
    };
    let others = async {
        loop {
            let begin = Instant::now();
            smol::Timer::after(Duration::from_millis(1)).await;
            longest = longest.max(begin.elapsed());
        }
    };
    let took = smol::block_on(smol::future::or(look, others));
    println!("userspace: eight that hang: looked at in {} ms", took.as_millis());
    assert!(took < 2 * UAPI_TIMEOUT, "{took:?}");
    assert!(longest < UAPI_TIMEOUT / 2, "others waited {longest:?}");
    let begin = Instant::now();
    assert!(
        smol::block_on(lab.backend.observe(&patience, &Naming::default()))
            .unwrap()
            .values()
            .all(Result::is_err)
    );
    assert!(begin.elapsed() < UAPI_TIMEOUT / 2);
    for pid in &pids {
        run(&format!("kill -CONT {pid}"));
    }
    all.iter().for_each(|it| lab.remove(&it.name).unwrap());
}

fn ended(lab: &Lab) {
    let wanted = wanted(24);
    lab.create(&wanted).unwrap();
    let begin = Instant::now();
    lab.remove(&wanted.name).unwrap();
    println!("userspace: removed in {} ms", begin.elapsed().as_millis());
    eventually("the process ends", || process(&wanted.name).is_none().then_some(()));
    // Deleted by hand, and made again at once: the old process may still be ending.
    lab.create(&wanted).unwrap();
    run(&format!("ip link del {}", wanted.name));
    lab.create(&wanted).unwrap();
    lab.remove(&wanted.name).unwrap();
}

/// Another run of the program made the link, and is gone: there is nothing to do.
fn adopted(lab: &Lab) {
    let wanted = wanted(25);
    let program = std::env::current_exe().unwrap();
    run(&format!("{} create userspace 25", program.display()));
    let pid = process(&wanted.name).unwrap();
    assert_eq!(lab.change(&wanted, EndpointRule::Set), [""; 0]);
    assert_eq!(process(&wanted.name), Some(pid));
    assert!(matches!(lab.create(&wanted), Err(WireError::Exists(_))));
    lab.remove(&wanted.name).unwrap();
}
