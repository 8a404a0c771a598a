//! The client against sockets that misbehave; the real BIRD is in `daemon`.

mod daemon;

use super::*;
use async_io::Async;
use smol::future;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const GREETING: &[u8] = b"0001 BIRD 2.17.1 ready.\n";
const SOON: Duration = Duration::from_millis(50);
const PATIENT: Duration = Duration::from_secs(5);

/// A directory of the test's own, away with this value.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Directory {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("peerling-bird-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Directory(path)
    }

    fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Runs a client against a server that greets each connection with the first bytes and answers each
/// command with the next of the rest; then it is silent.
fn against<T>(says: &[&[u8]], client: impl AsyncFnOnce(&Path) -> T) -> T {
    let directory = Directory::new();
    let path = directory.join("bird.ctl");
    let listener = Async::<UnixListener>::bind(&path).unwrap();
    let (greeting, answers) = says.split_first().unwrap();
    let serve = async {
        let mut answers = answers.iter();
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            // The client may have gone on the way; then the next is served.
            let mut written = stream.write_all(greeting).await;
            let mut command = [0; 8192];
            while written.is_ok() && stream.read(&mut command).await.unwrap_or(0) > 0 {
                match answers.next() {
                    Some(bytes) => written = stream.write_all(bytes).await,
                    None => future::pending().await,
                }
            }
        }
    };
    smol::block_on(future::or(client(&path), serve))
}

/// What a command comes to when the server answers with these bytes.
fn command(answer: &[u8]) -> Result<Reply, BirdFault> {
    against(&[GREETING, answer], async |path| {
        let mut bird = connect(path, PATIENT).await.unwrap();
        bird.command_within("show status", SOON).await.map_err(|error| error.fault)
    })
}

#[test]
fn a_socket_that_is_missing_dead_or_closed_to_us() {
    let directory = Directory::new();
    let path = directory.join("bird.ctl");
    let error = |path: &Path| smol::block_on(connect(path, PATIENT)).unwrap_err();
    assert_eq!(error(&path).fault, BirdFault::Missing);
    let told = format!("{}: no such socket; start BIRD, or set its path", path.display());
    assert_eq!(error(&path).to_string(), told);
    drop(UnixListener::bind(&path).unwrap());
    assert_eq!(error(&path).fault, BirdFault::NotListening);
    assert_eq!(
        error(&directory.join(&"x".repeat(200))).fault,
        BirdFault::Machine(ErrorKind::InvalidFilename)
    );
    fs::remove_file(&path).unwrap();
    let _listener = UnixListener::bind(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    let as_root = rustix::process::geteuid().is_root();
    let expected = if as_root { BirdFault::TimedOut(0) } else { BirdFault::Permission };
    assert_eq!(smol::block_on(connect(&path, SOON)).unwrap_err().fault, expected);
}

#[test]
fn a_full_queue_is_waited_for() {
    let directory = Directory::new();
    let path = directory.join("bird.ctl");
    let listener = Async::<UnixListener>::bind(&path).unwrap();
    rustix::net::listen(&listener, 0).unwrap();
    let _first = UnixStream::connect(&path).unwrap();
    let late = smol::block_on(connect(&path, SOON)).unwrap_err();
    assert_eq!(late.fault, BirdFault::TimedOut(0));
    let serve = async {
        let mut streams = Vec::new();
        loop {
            streams.push(listener.accept().await.unwrap().0);
            // The first have gone already.
            let _ = streams.last_mut().unwrap().write_all(GREETING).await;
        }
    };
    let bird = smol::block_on(future::or(connect(&path, PATIENT), serve)).unwrap();
    assert_eq!(bird.version(), "2.17.1");
}

#[test]
fn greetings() {
    let connected = |greeting: &[u8]| {
        against(&[greeting], async |path| {
            let bird = connect(path, SOON).await.map_err(|error| error.fault)?;
            Ok(bird.version().to_owned())
        })
    };
    assert_eq!(connected(GREETING), Ok("2.17.1".to_owned()));
    assert_eq!(connected(b""), Err(BirdFault::TimedOut(0)));
    assert_eq!(connected(b"0001 BIRD 2.17"), Err(BirdFault::TimedOut(0)));
    let garbage = |words: &str| Err(BirdFault::Garbage(words.to_owned()));
    assert_eq!(connected(b"0001 quagga ready.\n"), garbage("quagga ready."));
    assert_eq!(connected(b"SSH-2.0-OpenSSH_9.2\r\n"), garbage("SSH-2.0-OpenSSH_9.2\u{fffd}"));
    assert_eq!(connected(&vec![b'x'; 100_000]), Err(BirdFault::TooLarge));
}

#[test]
fn answers_that_are_none() {
    assert_eq!(command(b""), Err(BirdFault::TimedOut(0)));
    assert_eq!(command(b"1000-half"), Err(BirdFault::TimedOut(0)));
    assert_eq!(command(b"+Reconfiguring\n"), Err(BirdFault::TimedOut(0)));
    assert_eq!(command(b"8007 Access denied\n"), Err(BirdFault::Restricted));
    assert_eq!(command(b"oops\n"), Err(BirdFault::Garbage("oops".to_owned())));
    assert_eq!(command(b"+Config timeout\n0013 Up\n").unwrap().words(), "Up");
}

#[test]
fn an_answer_of_megabytes_is_read_and_one_without_end_is_not() {
    let whole = [b"1006-some text of a protocol\n".repeat(150_000), b"0000 \n".to_vec()].concat();
    let read = |answer: &[u8]| {
        against(&[GREETING, answer], async |path| {
            let mut bird = connect(path, PATIENT).await.unwrap();
            bird.command("show protocols all").await.map_err(|error| error.fault)
        })
    };
    assert_eq!(read(&whole).unwrap().lines.len(), 150_001);
    assert_eq!(read(&whole.repeat(3)[..whole.len() * 3 - 6]).unwrap().lines.len(), 150_001);
    let endless = b"1006-some text of a protocol\n".repeat(400_000);
    assert_eq!(read(&endless), Err(BirdFault::TooLarge));
}

#[test]
fn a_late_answer_is_never_taken_for_the_next_ones() {
    let told = against(&[GREETING, b"1000-late", b"0013 next\n"], async |path| {
        let mut bird = connect(path, PATIENT).await.unwrap();
        let late = bird.command_within("show status", SOON).await.unwrap_err().fault;
        (late, bird.command("show status").await.unwrap().text())
    });
    assert_eq!(told, (BirdFault::TimedOut(0), "next".to_owned()));
}

#[test]
fn what_was_not_asked_for_answers_nothing() {
    for extra in [
        &b"0000 \n0013 forged\n"[..],
        b"0000 \n1000-for",
        b"0000 \nfreed memory\n",
        b"0000 \n+to all\n",
    ] {
        let told = against(&[GREETING, extra, b"0013 true\n"], async |path| {
            let mut bird = connect(path, PATIENT).await.unwrap();
            bird.command("show status").await.unwrap();
            bird.command("show status").await.unwrap().text()
        });
        assert_eq!(told, "true");
    }
}

#[test]
fn a_command_that_is_dropped_has_no_effect_on_the_next() {
    let told = against(&[GREETING, b"0000 dropped\n", b"0013 next\n"], async |path| {
        let mut bird = connect(path, PATIENT).await.unwrap();
        assert!(future::poll_once(bird.command("show status")).await.is_none());
        bird.command("show status").await.unwrap().text()
    });
    assert_eq!(told, "next");
}

#[test]
fn a_restricted_connection_can_still_read() {
    let read =
        against(&[GREETING, b"8007 Access denied\n", b"8003 No protocols match\n"], async |path| {
            let mut bird = connect(path, PATIENT).await.unwrap();
            assert_eq!(bird.check().await.unwrap_err().fault, BirdFault::Restricted);
            bird.protocols("ebgp_as*").await
        });
    assert_eq!(read, Ok(Vec::new()));
}

#[test]
fn what_configure_answers() {
    let configured = |answer: &[u8]| {
        let answer = [b"0002-Reading configuration from /etc/bird/bird.conf\n", answer].concat();
        against(&[GREETING, &answer], async |path| {
            let mut bird = connect(path, PATIENT).await.unwrap();
            bird.configure().await.map_err(|error| error.fault)
        })
    };
    assert_eq!(configured(b"0003 Reconfigured\n"), Ok(Configured::Done));
    assert_eq!(configured(b"0004 Reconfiguration in progress\n"), Ok(Configured::InProgress));
    assert_eq!(
        configured(b"0005 Reconfiguration already in progress, queueing new config\n"),
        Ok(Configured::Queued)
    );
    assert_eq!(
        configured(b"0006 Reconfiguration ignored, shutting down\n"),
        Ok(Configured::ShuttingDown)
    );
    let Ok(Configured::Refused(complaint)) = configured(b"8002 /p/\xff\xfe:1:2 x\n") else {
        panic!()
    };
    assert_eq!(complaint.file, Some("/p/\u{fffd}\u{fffd}".into()));
    let unexpected =
        configured(b"0017 Reconfiguration already in progress, removing queued config\n");
    assert!(matches!(unexpected, Err(BirdFault::Unexpected(17, _))));
}

#[test]
fn commands_that_are_not_sent() {
    against(&[GREETING], async |path| {
        let mut bird = connect(path, PATIENT).await.unwrap();
        let long = "x".repeat(BIRD_COMMAND_BYTES_MAX);
        for text in ["", "show\nconfigure", "show\0", "show\r", &long] {
            assert_eq!(bird.command(text).await.unwrap_err().fault, BirdFault::Command, "{text:?}");
        }
        let long = "x".repeat(64);
        for name in ["", "a b", "a\"b", "a\nb", "ä", "a'b", "a?", &long] {
            assert_eq!(bird.protocols(name).await.unwrap_err().fault, BirdFault::Name, "{name:?}");
            assert_eq!(bird.protocol(name).await.unwrap_err().fault, BirdFault::Name, "{name:?}");
        }
        assert_eq!(bird.protocol("ebgp_*").await.unwrap_err().fault, BirdFault::Name);
    });
}
