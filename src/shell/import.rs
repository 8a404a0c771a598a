//! What peer_export printed, read back: answers for `peer_create --from -`.
//!
//! A line is `flag = value`, with the flags of the command that reads it; empty lines and those
//! that begin with `#` are passed over. Nothing is guessed: what is anything else is refused.

use crate::answer::WITHHELD;
use crate::command::{CommandSpec, Field, Flag, Request};
use crate::limits::IMPORT_BYTES_MAX;
use crate::model::Refusal;
use crate::peering::vet::{self, Given};

/// Adds the answers of `input` to those that the request has; what flags have said stays.
pub fn read(input: &[u8], spec: &CommandSpec, request: &mut Request) -> Result<(), Refusal> {
    if input.len() > IMPORT_BYTES_MAX {
        return Err(refuse(format!("An export has at most {IMPORT_BYTES_MAX} bytes")));
    }
    let text = std::str::from_utf8(input).map_err(|_| refuse("The input is not UTF-8".into()))?;
    let answers = answers(text, spec)?;
    if answers.is_empty() {
        return Err(refuse("There was nothing on standard input".to_string()));
    }
    let keeps_port = keeps_port(request);
    for (field, value) in answers {
        if field != Field::EndpointPort || keeps_port {
            request.answers.entry(field).or_insert(value);
        }
    }
    match request.answer(Field::Psk) {
        Some(WITHHELD) => Err(Refusal::usage(
            "--psk is missing",
            "The preshared key was not exported: say --psk KEY, generate or none",
        )),
        _ => Ok(()),
    }
}

fn answers(text: &str, spec: &CommandSpec) -> Result<Vec<(Field, String)>, Refusal> {
    let mut answers: Vec<(Field, String)> = Vec::new();
    for (index, line) in text.lines().map(str::trim).enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((name, value)) = line.split_once('=') else {
            return Err(wrong_line(index, "is not of the form `flag = value`"));
        };
        let Some(field) = field(name.trim(), spec) else {
            return Err(wrong_line(index, "names no flag of peer_create"));
        };
        if answers.iter().any(|(known, _)| *known == field) {
            return Err(wrong_line(index, "repeats a flag"));
        }
        answers.push((field, value.trim().to_string()));
    }
    Ok(answers)
}

fn wrong_line(index: usize, why: &str) -> Refusal {
    refuse(format!("Line {} of the input {why}", index + 1))
}

fn field(name: &str, spec: &CommandSpec) -> Option<Field> {
    let flag = spec.flags.iter().find(|flag| flag.name.strip_prefix("--") == Some(name))?;
    match flag.flag {
        Flag::Answer(field) => Some(field),
        _ => None,
    }
}

/// An address that a flag gives comes with the exported port, unless it has one or is none.
fn keeps_port(request: &Request) -> bool {
    match request.answer(Field::EndpointAddr).map(vet::host) {
        Some(Ok(Given::Absent | Given::Host(_, Some(_)))) => false,
        Some(Ok(Given::Host(_, None)) | Err(_)) | None => true,
    }
}

fn refuse(message: String) -> Refusal {
    Refusal::usage(message, "It is what peer_export prints, without --json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::PeerExport;
    use crate::command::Command;
    use crate::model::Families;

    fn imported(input: &str, flags: &[(Field, &str)]) -> Result<Request, Refusal> {
        let mut request = Request::new(Command::PeerCreate);
        request.answers.extend(flags.iter().map(|(field, value)| (*field, value.to_string())));
        read(input.as_bytes(), Command::PeerCreate.spec(), &mut request).map(|()| request)
    }

    fn exported() -> PeerExport {
        PeerExport {
            server: "pop.example.net".into(),
            asn: "4242420001".parse().unwrap(),
            wg_pub_key: "AQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09o=".parse().unwrap(),
            wg_endpoint_addr: Some("node.example.org".into()),
            wg_endpoint_port: "20263".parse().ok(),
            link_local: "fe80::1".parse().ok(),
            mtu: Some(1400),
            psk: false,
            families: Families::V4,
        }
    }

    #[test]
    fn what_is_printed_is_read() {
        let request = imported(&exported().lines(), &[]).unwrap();
        let answers: Vec<_> =
            request.answers.iter().map(|(it, value)| (*it, value.as_str())).collect();
        assert_eq!(
            answers,
            [
                (Field::Asn, "4242420001"),
                (Field::WgPubKey, "AQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09o="),
                (Field::EndpointAddr, "node.example.org"),
                (Field::EndpointPort, "20263"),
                (Field::LinkLocal, "fe80::1"),
                (Field::Mtu, "1400"),
                (Field::Families, "ipv4"),
            ]
        );
        let silent = PeerExport { wg_endpoint_addr: None, wg_endpoint_port: None, ..exported() };
        let request = imported(&silent.lines(), &[]).unwrap();
        assert_eq!(request.answer(Field::EndpointAddr), Some("none"));
        assert_eq!(request.answer(Field::EndpointPort), None);
    }

    #[test]
    fn flags_win() {
        let text = exported().lines();
        let request = imported(&text, &[(Field::EndpointPort, "1"), (Field::Mtu, "1280")]).unwrap();
        assert_eq!(request.answer(Field::EndpointPort), Some("1"));
        assert_eq!(request.answer(Field::Mtu), Some("1280"));
        let port = |address| {
            let request = imported(&text, &[(Field::EndpointAddr, address)]).unwrap();
            assert_eq!(request.answer(Field::EndpointAddr), Some(address));
            request.answer(Field::EndpointPort).map(str::to_string)
        };
        assert_eq!(port("other.example.org").as_deref(), Some("20263"));
        assert_eq!([port("other.example.org:7"), port("none")], [None, None]);
    }

    #[test]
    fn a_preshared_key_must_be_said() {
        let text = PeerExport { psk: true, ..exported() }.lines();
        assert_eq!(imported(&text, &[]).unwrap_err().message, "--psk is missing");
        let request = imported(&text, &[(Field::Psk, "generate")]).unwrap();
        assert_eq!(request.answer(Field::Psk), Some("generate"));
    }

    #[test]
    fn everything_else_is_refused() {
        for (input, words) in [
            ("", "nothing on standard input"),
            ("# only words\\n\\n", "nothing on standard input"),
            ("asn 4242420001", "Line 1 of the input is not of the form"),
            ("{\"version\":1}", "Line 1 of the input is not of the form"),
            ("asn = 1\\n\\nasn = 2", "Line 3 of the input repeats a flag"),
            ("asns = 1", "Line 1 of the input names no flag of peer_create"),
            ("yes = 1", "Line 1 of the input names no flag of peer_create"),
            ("from = -", "Line 1 of the input names no flag of peer_create"),
        ] {
            let input = input.replace("\\n", "\n");
            let refusal = imported(&input, &[]).unwrap_err();
            assert_eq!(refusal.code, "usage");
            assert!(refusal.message.contains(words), "{input:?}: {refusal}");
        }
        let spec = Command::PeerCreate.spec();
        let mut request = Request::new(Command::PeerCreate);
        for input in [vec![b'#'; IMPORT_BYTES_MAX + 1], vec![0xff]] {
            assert_eq!(read(&input, spec, &mut request).unwrap_err().code, "usage");
        }
    }
}
