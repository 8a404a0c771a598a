//! git, as it is on this machine.

use super::*;

#[test]
fn errors_say_what_git_gave_up_at() {
    for (said, words, lock) in [
        ("", "git: no reason given", None),
        (
            "fatal: unable to access 'https://me:secret@git.example/r/': no host",
            "git: unable to access 'https://git.example/r/': no host",
            None,
        ),
        (
            "ssh: connect to host x port 22: Connection refused\nfatal: Could not read\n\n\
             Please make sure you have the correct access rights",
            "git: ssh: connect to host x port 22: Connection refused; Could not read",
            None,
        ),
        (
            "fatal: Unable to create '/r/.git/index.lock': File exists.\n\nAnother git\n\
             remove the file manually to continue.",
            "git: Unable to create '/r/.git/index.lock': File exists.",
            Some("/r/.git/index.lock"),
        ),
        (
            "error: cannot lock ref 'x': Unable to create '/r/.git/x.lock': File exists.",
            "git: cannot lock ref 'x': Unable to create '/r/.git/x.lock': File exists.",
            Some("/r/.git/x.lock"),
        ),
        (
            "remote: fatal: Unable to create '/etc/x.lock': File exists.\nbye",
            "git: remote: fatal: Unable to create '/etc/x.lock': File exists.; bye",
            None,
        ),
    ] {
        let error = GitError::read(said);
        assert_eq!((error.to_string().as_str(), error.lock), (words, lock.map(PathBuf::from)));
    }
}

#[test]
fn nothing_of_ours_is_in_its_environment() {
    let git = Git::new(Path::new("/"), Duration::from_secs(20), Credentials::None);
    // What git gives its children: an alias that prints it.
    let shown = smol::block_on(git.run(&["-c", "alias.env=!env", "env"])).unwrap();
    let names: Vec<&str> = shown.lines().filter_map(|it| Some(it.split_once('=')?.0)).collect();
    assert!(names.contains(&"GIT_TERMINAL_PROMPT"), "{names:?}");
    assert!(!names.iter().any(|it| it.starts_with("CARGO")), "{names:?}");
}

#[test]
fn what_takes_too_long_is_ended_with_its_helpers() {
    let git = Git::new(Path::new("/"), Duration::from_millis(200), Credentials::None);
    let started = std::time::Instant::now();
    let alias = format!("alias.wait=!sleep 47{}; true", std::process::id());
    let said = smol::block_on(git.run(&["-c", &alias, "wait"]));
    assert_eq!(said.unwrap_err().to_string(), "git: no end within 0 s");
    assert!(started.elapsed() < GIT_END_TIMEOUT, "it ended when it was asked");
    let marker = format!("47{}", std::process::id());
    let runs = || {
        std::fs::read_dir("/proc").unwrap().flatten().any(|it| {
            let line = std::fs::read(it.path().join("cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line) == format!("sleep\0{marker}\0")
        })
    };
    // It was told to end along with git, and may take a moment longer.
    while runs() {
        assert!(started.elapsed() < Duration::from_secs(30), "its helper still runs");
        std::thread::sleep(Duration::from_millis(20));
    }
}
