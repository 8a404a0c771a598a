//! The file of a peering for BIRD, by the operator's form and names.

use super::form::{Direction, Form, FormValues};
use super::naming::Naming;
use crate::peering::{Peering, Site};

/// The dn42 latency class of a peering that was never measured: "above 2981 ms" (dn42 wiki,
/// howto/BGP communities), as the replaced service writes it.
pub const LATENCY_UNKNOWN: u8 = 9;

/// The content of the file, without a final newline. `None` where the id gives no address (a prefix
/// that the configuration would have refused).
pub fn render(peering: &Peering, pop: &BirdPop<'_>, latency: u8) -> Option<String> {
    Some(pop.form.render(&values(peering, pop, latency)?))
}

/// The latency class that a peering's file carries, 1 to 9.
pub fn latency(text: &str, peering: &Peering, pop: &BirdPop<'_>) -> Option<u8> {
    pop.form.latency(text, &values(peering, pop, LATENCY_UNKNOWN)?)
}

/// The latency class in a file of the built-in reference form, whosever it is.
pub fn reported_latency(text: &str) -> Option<u8> {
    let (_, value) = text.lines().next()?.split_once("_LATENCY = ")?;
    value.strip_suffix(';')?.parse().ok().filter(|class| (1..=LATENCY_UNKNOWN).contains(class))
}

/// What all files of a POP have in common.
#[derive(Clone, Copy, Debug)]
pub struct BirdPop<'a> {
    /// Addresses and ports.
    pub site: &'a Site,
    pub naming: &'a Naming,
    /// What a file says.
    pub form: &'a Form,
    /// The template of the operator's bird.conf.
    pub template: &'a str,
}

fn values<'a>(peering: &Peering, pop: &BirdPop<'a>, latency: u8) -> Option<FormValues<'a>> {
    Some(FormValues {
        asn: peering.asn,
        protocol: pop.naming.peering_protocol(peering.asn),
        interface: pop.naming.peering_link(peering.asn),
        neighbor: pop.site.remote(peering)?,
        local: pop.site.local(peering)?,
        latency,
        template: pop.template,
        families: peering.families,
        direction: if peering.endpoint.is_some() { Direction::Either } else { Direction::Passive },
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::model::{Asn, Families};
    use crate::peering::tests::{peering, site};

    /// A file by the built-in form that every POP has had.
    pub(crate) fn reference(peering: &Peering, latency: u8) -> String {
        let (site, naming, form) = (site(), Naming::default(), reference_form());
        let pop = BirdPop { site: &site, naming: &naming, form: &form, template: "dnpeers" };
        render(peering, &pop, latency).unwrap()
    }

    pub(crate) fn reference_form() -> Form {
        Form::parse(crate::plan::form::REFERENCE).unwrap()
    }

    /// The words around it are those of both families; tests/lab asks BIRD itself.
    #[test]
    fn a_family_that_is_not_wanted_is_closed() {
        let file = |families| reference(&Peering { families, ..peering(17, 4242420001, None) }, 3);
        let closed = "        import none;\n        export none;\n    };";
        let both = file(Families::Both);
        assert!(!both.contains("none"));
        for (families, channel) in [(Families::V6, "ipv4 {\n"), (Families::V4, "ipv6 {\n")] {
            let one = file(families);
            assert_eq!(one.matches(closed).count(), 1);
            assert!(one.contains(&format!("    {channel}{closed}")), "{one}");
        }
    }

    #[test]
    fn the_class_is_read_back() {
        let (site, naming, form) = (site(), Naming::default(), reference_form());
        let pop = BirdPop { site: &site, naming: &naming, form: &form, template: "dnpeers" };
        let peering = Peering { asn: Asn::new(1).unwrap(), ..peering(17, 4242420001, None) };
        let read = |text: &str| latency(text, &peering, &pop);
        assert_eq!(read("define AS1_LATENCY = 3;\n\nprotocol"), Some(3));
        for text in ["", "define AS1_LATENCY = 0;", "define AS2_LATENCY = 3;", "x"] {
            assert_eq!(read(text), None);
        }
    }
}
