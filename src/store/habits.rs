//! What somebody used here before, as far as the audit tells: it is offered again.

use super::{Store, StoreError};
use crate::model::{Endpoint, Mntner};
use rusqlite::OptionalExtension;

impl Store {
    /// The endpoint of the last change that this maintainer made, or somebody for them.
    pub fn last_endpoint(&self, maintainer: &Mntner) -> Result<Option<Endpoint>, StoreError> {
        let query = "SELECT coalesce(after, before) AS words FROM peerling_audit
             WHERE (actor = ?1 OR words LIKE 'id % maintainer ' || ?1)
               AND words NOT LIKE 'reason %' AND words LIKE '% endpoint %'
               AND words NOT LIKE '% endpoint none %'
             ORDER BY id DESC LIMIT 1";
        let words: Option<String> = self.read(|it| {
            it.query_row(query, [maintainer.to_string()], |row| row.get(0)).optional()
        })?;
        Ok(words.and_then(|it| endpoint(&it)))
    }
}

/// The endpoint in the words that an audit record has for a peering: host, colon, port.
fn endpoint(words: &str) -> Option<Endpoint> {
    let text = words.split(' ').skip_while(|word| *word != "endpoint").nth(1)?;
    let (host, port) = text.rsplit_once(':')?;
    Some(Endpoint { host: host.parse().ok()?, port: port.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::super::describe;
    use super::*;
    use crate::peering::tests::peering;

    #[test]
    fn what_was_written_down_is_read_again() {
        let mut there = peering(1, 64601, Some("fe80::1"));
        for (host, port) in
            [("node.example.org", "20263"), ("2001:db8::1", "1"), ("192.0.2.1", "65535")]
        {
            let used = Endpoint { host: host.parse().unwrap(), port: port.parse().unwrap() };
            there.endpoint = Some(used.clone());
            assert_eq!(endpoint(&describe(&there)), Some(used));
        }
        there.endpoint = None;
        assert_eq!(endpoint(&describe(&there)), None);
        for words in ["", "endpoint", "x endpoint a", "endpoint :1", "endpoint a b:1:"] {
            assert_eq!(endpoint(words), None, "{words:?}");
        }
    }
}
