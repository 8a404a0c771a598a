//! `peerling bird-form`: the built-in forms of a peering's file for BIRD, as a start for one's own.

use super::parse::Invocation;
use super::table::{DONE, FORM};
use crate::daemon::Failure;
use crate::plan::form::{REFERENCE, WIKI, placeholders};

/// Prints a form; what its placeholders stand for goes to standard error, so that the form alone
/// can go into a file.
///
/// # Errors
/// None: the words were judged before.
pub(super) fn run(invocation: &Invocation) -> Result<u8, Failure> {
    super::print(match invocation.text(&FORM) {
        Some("wiki") => WIKI,
        _ => REFERENCE,
    });
    super::complain(&placeholders());
    Ok(DONE)
}

#[cfg(test)]
mod tests {
    use crate::model::{Families, NameForm, NameKind};
    use crate::peering::Peering;
    use crate::peering::tests::{peering, site};
    use crate::plan::bird::{BirdPop, render};
    use crate::plan::form::{Form, REFERENCE, WIKI};
    use crate::plan::naming::Naming;
    use crate::plan::{FileKind, Owner};
    use crate::testing::{Place, skipped};
    use std::fs;
    use std::process::Command;

    fn naming(form: &Form) -> Naming {
        let name = |text, kind| NameForm::parse(text, kind).unwrap();
        Naming::new(
            name("dn42-${asn}", NameKind::Interface),
            name("AS${asn}", NameKind::Protocol),
            name("${asn}.conf", NameKind::File),
            form,
        )
    }

    /// Peerings of every shape, written into BIRD's directory by this form.
    fn write_peers(place: &Place, form: &Form) {
        let (site, naming) = (site(), naming(form));
        let pop = BirdPop { site: &site, naming: &naming, form, template: "dnpeers" };
        for (id, families) in [(1, Families::Both), (2, Families::V4), (3, Families::V6)] {
            for (asn, endpoint) in [(4242420000, false), (4242421000, true)] {
                let mut peering =
                    Peering { families, ..peering(id, asn + u32::from(id), Some("fe80::1")) };
                if !endpoint {
                    peering.endpoint = None;
                }
                let file = naming.file(FileKind::Bird, Owner::Peering(peering.asn));
                let text = render(&peering, &pop, 3).unwrap();
                fs::write(place.0.join("peers").join(file), text).unwrap();
            }
        }
    }

    /// Configurations of other people, each with the form that fits it, and one that does not.
    #[test]
    fn bird_takes_a_peering_by_the_form_that_fits_its_configuration() {
        let own = include_str!("../../fixtures/bird-form/communities.form");
        for (configuration, form, is_taken) in [
            ("reference", REFERENCE, true),
            ("wiki", WIKI, true),
            ("communities", own, true),
            ("communities", WIKI, true),
            ("reference", WIKI, true),
            ("wiki", REFERENCE, false),
            ("communities", REFERENCE, false),
        ] {
            let place = Place::new("bird-form");
            fs::create_dir(place.0.join("peers")).unwrap();
            write_peers(&place, &Form::parse(form).unwrap());
            let fixture =
                format!("{}/fixtures/bird-form/{configuration}.conf", env!("CARGO_MANIFEST_DIR"));
            fs::copy(fixture, place.0.join("bird.conf")).unwrap();
            let path = place.0.join("bird.conf");
            let parse = |bird| Command::new(bird).arg("-p").arg("-c").arg(&path).output();
            match parse("bird").or_else(|_| parse("/usr/sbin/bird")) {
                Ok(run) => {
                    let said = String::from_utf8_lossy(&run.stderr).into_owned();
                    assert_eq!(run.status.success(), is_taken, "{configuration}: {said}");
                }
                Err(error) => return skipped("bird_takes_a_peering", &error.to_string()),
            }
        }
    }
}
