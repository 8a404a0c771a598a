//! The other side of the local socket: `peerling exec` and `peerling check` ask the service.
//!
//! It blocks: a program that asks has nothing else to do meanwhile.

use super::message::{Answer, Request, Seen};
use super::server::Order;
use super::socket::{connect, path_beside};
use crate::limits::{LOCAL_ANSWER_TIMEOUT, LOCAL_LINE_BYTES_MAX};
use nanoserde::{DeJson as _, SerJson as _};
use std::fmt;
use std::io::{self, BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

/// A connection to the running service, good for one question.
#[derive(Debug)]
pub struct Client {
    stream: BufReader<UnixStream>,
    path: PathBuf,
}

/// Why the running service could not be asked.
#[derive(Debug)]
pub enum ClientError {
    /// It runs, and does not hear this user.
    Permission(PathBuf),
    /// It runs, and does not answer.
    Silent(PathBuf),
    /// It hung up in the middle.
    HungUp(PathBuf),
    /// The system does not let us.
    Io(PathBuf, io::Error),
    /// It is of another version.
    Garbage(PathBuf),
    /// It does not do what was asked.
    Refused(String),
}

impl fmt::Display for ClientError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClientError::Permission(path) => {
                write!(out, "{}: only root and the service's user may ask it", path.display())
            }
            ClientError::Silent(path) => write!(
                out,
                "{}: the running service does not answer within {} s",
                path.display(),
                LOCAL_ANSWER_TIMEOUT.as_secs()
            ),
            ClientError::HungUp(path) => write!(
                out,
                "{}: the running service ended before it had answered; what it saved stays",
                path.display()
            ),
            ClientError::Io(path, error) => write!(out, "{}: {error}", path.display()),
            ClientError::Garbage(path) => write!(
                out,
                "{}: the running service speaks another version; restart it",
                path.display()
            ),
            ClientError::Refused(why) => out.write_str(why),
        }
    }
}

impl std::error::Error for ClientError {}

impl Client {
    /// Connects to the service over this database; `None`: none runs.
    pub fn connect(database: &Path) -> Result<Option<Client>, ClientError> {
        let path = path_beside(database);
        match connect(database, LOCAL_ANSWER_TIMEOUT) {
            Ok(Some(stream)) => Ok(Some(Client { stream: BufReader::new(stream), path })),
            Ok(None) => Ok(None),
            Err(error) => Err(failed(path, error)),
        }
    }

    /// How everything is, as the service sees it.
    pub fn board(mut self) -> Result<Seen, ClientError> {
        self.ask(&Request::Board)?;
        let mut seen = Seen::default();
        loop {
            match self.answer()? {
                Answer::Working => {}
                Answer::Board { board } => seen.board = board,
                Answer::Peering { peering } => seen.peerings.push(peering),
                Answer::End => return Ok(seen),
                _ => return Err(ClientError::Garbage(self.path)),
            }
        }
    }

    /// Has a command carried out, and passes its output on as it comes; its exit status.
    pub fn run(
        mut self,
        order: &Order,
        out: &mut impl io::Write,
        err: &mut impl io::Write,
    ) -> Result<u32, ClientError> {
        let Order { words, maintainer, input } = order.clone();
        self.ask(&Request::Run { words, maintainer, input })?;
        loop {
            // Whoever closed these does not want to hear it.
            match self.answer()? {
                Answer::Working => {}
                Answer::Out { text } => drop(out.write_all(text.as_bytes())),
                Answer::Err { text } => drop(err.write_all(text.as_bytes())),
                Answer::Exit { status } => return Ok(status),
                _ => return Err(ClientError::Garbage(self.path)),
            }
        }
    }

    fn ask(&mut self, request: &Request) -> Result<(), ClientError> {
        let mut line = request.serialize_json();
        line.push('\n');
        if line.len() > LOCAL_LINE_BYTES_MAX {
            return Err(ClientError::Refused("the command is too long".to_string()));
        }
        let written = self.stream.get_mut().write_all(line.as_bytes());
        written.map_err(|error| failed(self.path.clone(), error))
    }

    /// The next line; one that refuses is an error.
    fn answer(&mut self) -> Result<Answer, ClientError> {
        let mut line = String::new();
        let bound = LOCAL_LINE_BYTES_MAX as u64;
        let read = (&mut self.stream).take(bound).read_line(&mut line);
        read.map_err(|error| failed(self.path.clone(), error))?;
        if line.is_empty() {
            return Err(ClientError::HungUp(self.path.clone()));
        }
        match Answer::deserialize_json(&line) {
            Ok(Answer::Refused { why }) => Err(ClientError::Refused(why)),
            Ok(answer) => Ok(answer),
            Err(_) => Err(ClientError::Garbage(self.path.clone())),
        }
    }
}

fn failed(path: PathBuf, error: io::Error) -> ClientError {
    match error.kind() {
        ErrorKind::PermissionDenied => ClientError::Permission(path),
        // A time-out of a socket is told as EAGAIN.
        ErrorKind::WouldBlock | ErrorKind::TimedOut => ClientError::Silent(path),
        ErrorKind::BrokenPipe | ErrorKind::ConnectionReset => ClientError::HungUp(path),
        _ => ClientError::Io(path, error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::LocalSocket;
    use crate::local::message::BoardView;
    use crate::testing::Place;

    /// What a client comes to that is answered these lines.
    fn answered<T>(
        lines: &[&str],
        ask: impl FnOnce(Client) -> Result<T, ClientError>,
    ) -> Result<T, String> {
        let place = Place::new("local-client");
        let database = place.0.join("peering.db");
        let socket = LocalSocket::bind(&database).unwrap();
        let listener = socket.listener().unwrap();
        let text = lines.concat();
        let service = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = String::new();
            BufReader::new(stream.try_clone().unwrap()).read_line(&mut request).unwrap();
            // Whoever has heard enough hangs up.
            let _ = stream.write_all(text.as_bytes());
        });
        let asked = ask(Client::connect(&database).unwrap().unwrap());
        service.join().unwrap();
        asked.map_err(|error| error.to_string())
    }

    fn run(lines: &[&str]) -> Result<(u32, String, String), String> {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let status = answered(lines, |client| client.run(&Order::default(), &mut out, &mut err))?;
        Ok((status, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap()))
    }

    #[test]
    fn a_command_is_waited_for_and_its_output_passed_on() {
        let lines = [
            "\"working\"\n",
            "{\"out\":{\"text\":\"one\\n\"}}\n",
            "{\"err\":{\"text\":\"two\"}}\n",
            "{\"out\":{\"text\":\"three\"}}\n",
            "{\"exit\":{\"status\":3}}\n",
        ];
        assert_eq!(run(&lines), Ok((3, "one\nthree".to_string(), "two".to_string())));
    }

    #[test]
    fn the_board_is_read_whole() {
        let peering = "{\"peering\":{\"peering\":{\"asn\":4242420001,\"progress\":\"failed\",\
                       \"error\":\"x\",\"later\":[1]}}}\n";
        let lines =
            ["{\"board\":{\"board\":{\"generation\":7,\"registry\":{}}}}\n", peering, "\"end\"\n"];
        let seen = answered(&lines, Client::board).unwrap();
        assert_eq!(seen.board, BoardView { generation: 7, ..BoardView::default() });
        let [peering] = seen.peerings.as_slice() else { panic!("{seen:?}") };
        assert_eq!((peering.asn, peering.error.as_deref()), (4242420001, Some("x")));
    }

    #[test]
    fn what_goes_wrong_is_told() {
        let refused = ["{\"refused\":{\"why\":\"the registry has no maintainer X\"}}\n"];
        assert_eq!(run(&refused).unwrap_err(), "the registry has no maintainer X");
        for lines in [&["nonsense\n"][..], &["\"end\"\n"], &["{\"exit\":{}}\n"]] {
            let error = run(lines).unwrap_err();
            assert!(error.contains("speaks another version"), "{lines:?}: {error}");
        }
        let error = run(&["\"working\"\n"]).unwrap_err();
        assert!(error.contains("ended before it had answered"), "{error}");
        let endless = "x".repeat(3 * LOCAL_LINE_BYTES_MAX);
        assert!(run(&[&endless]).unwrap_err().contains("speaks another version"));
    }
}
