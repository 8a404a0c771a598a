//! How a peering is, for programs.

use crate::command::{CheckView, Mark, RawView, StatusView, Whose};
use nanoserde::SerJson;

#[derive(SerJson)]
pub struct Check {
    name: String,
    #[nserde(serialize_none_as_null)]
    ok: Option<bool>,
    detail: String,
    hint: String,
    #[nserde(serialize_none_as_null)]
    by: Option<String>,
}

#[derive(SerJson)]
pub struct Raw {
    wireguard: String,
    bird: String,
}

pub fn checks(view: &StatusView) -> Vec<Check> {
    view.checks.iter().map(check).collect()
}

fn check(view: &CheckView) -> Check {
    let by = |whose| match whose {
        Whose::Member => "member".to_string(),
        Whose::Operator => "operator".to_string(),
    };
    Check {
        name: view.name.to_string(),
        ok: match view.mark {
            Mark::Good => Some(true),
            Mark::Bad => Some(false),
            Mark::Unknown => None,
        },
        detail: view.detail.clone(),
        hint: view.hint.clone(),
        by: view.by.map(by),
    }
}

pub fn raw(view: &RawView) -> Raw {
    Raw { wireguard: view.wireguard.clone(), bird: view.bird.clone() }
}
