//! BIRD and peerling as services: enabled, and running with what was just written.

use super::act::Act;
use super::program;
use super::step::Step;
use std::path::Path;

/// The step's name.
const NAME: &str = "services";
/// systemd says so itself (sd_booted(3)).
const SYSTEMD: &str = "/run/systemd/system";
/// OpenRC keeps its state here, from boot on.
const OPENRC: &str = "/run/openrc/softlevel";

/// What starts services here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manager {
    /// systemd.
    Systemd,
    /// OpenRC.
    OpenRc,
    /// Nothing that we know: a container, or an image that is being made.
    None,
}

/// What was found of one service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Service {
    /// Its name, for systemd and OpenRC alike.
    pub(super) name: &'static str,
    /// Does it start at boot?
    pub(super) boot: Boot,
    /// Does it run?
    pub(super) run: Run,
}

/// Does a service start at boot?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Boot {
    /// Yes.
    Enabled,
    /// No.
    Disabled,
}

/// Does a service run?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Run {
    /// Yes, and what it reads at its start was not changed.
    Current,
    /// Yes, from before its configuration was written.
    Outdated,
    /// No.
    Stopped,
}

/// Looks who starts services here.
pub(super) fn manager() -> Manager {
    if Path::new(SYSTEMD).is_dir() {
        Manager::Systemd
    } else if Path::new(OPENRC).exists() {
        Manager::OpenRc
    } else {
        Manager::None
    }
}

/// Asks how a service is.
pub(super) fn look(manager: Manager, name: &'static str) -> Service {
    let (enabled, active) = match manager {
        Manager::Systemd => (
            program::run(&["systemctl", "is-enabled", name]).is_ok(),
            program::run(&["systemctl", "is-active", name]).is_ok(),
        ),
        Manager::OpenRc => (
            Path::new("/etc/runlevels/default").join(name).exists(),
            program::run(&["rc-service", name, "status"]).is_ok(),
        ),
        Manager::None => (false, false),
    };
    Service {
        name,
        boot: if enabled { Boot::Enabled } else { Boot::Disabled },
        run: if active { Run::Current } else { Run::Stopped },
    }
}

/// What has to be done for a service.
pub(super) fn judge(manager: Manager, service: Service) -> Step {
    let name = service.name;
    let words = commands(manager, service);
    if manager == Manager::None {
        let why = format!("{name}: neither systemd nor OpenRC runs here to start it");
        let line = match name {
            "bird" => "bird",
            _ => "peerling serve",
        };
        return Step::yours(NAME, why, [line]);
    }
    if words.is_empty() {
        return Step::there(NAME, format!("{name} starts at boot and runs"));
    }
    let what = match (service.boot, service.run) {
        (Boot::Disabled, Run::Stopped) => format!("{name} enabled and started"),
        (Boot::Disabled, Run::Outdated) => format!("{name} enabled and started again"),
        (Boot::Disabled, Run::Current) => format!("{name} enabled; it runs already"),
        (Boot::Enabled, Run::Outdated) => format!("{name} started again with what was written"),
        (Boot::Enabled, Run::Stopped | Run::Current) => format!("{name} started"),
    };
    Step::due(NAME, what, words.into_iter().map(Act::Run).collect())
}

/// The commands that enable and start a service, or start it again.
fn commands(manager: Manager, service: Service) -> Vec<Vec<String>> {
    let name = service.name;
    let mut commands: Vec<Vec<&str>> = Vec::new();
    if service.boot == Boot::Disabled {
        commands.push(match manager {
            Manager::Systemd => vec!["systemctl", "enable", "--quiet", name],
            _ => vec!["rc-update", "add", name, "default"],
        });
    }
    let verb = match service.run {
        Run::Current => None,
        // What failed too often before is not started again without a word (systemd's start limit).
        Run::Stopped if manager == Manager::Systemd => Some("restart"),
        Run::Stopped => Some("start"),
        Run::Outdated => Some("restart"),
    };
    if let Some(verb) = verb {
        commands.push(match manager {
            Manager::Systemd => vec!["systemctl", verb, name],
            _ => vec!["rc-service", name, verb],
        });
    }
    commands.into_iter().map(|words| words.into_iter().map(str::to_string).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(manager: Manager, boot: Boot, run: Run) -> String {
        let step = judge(manager, Service { name: "bird", boot, run });
        let acts: Vec<String> = step.acts().iter().map(ToString::to_string).collect();
        format!("{:?}: {}", step.state, acts.join("; "))
    }

    #[test]
    fn what_is_missing_is_done_by_whoever_starts_services() {
        let all = told(Manager::Systemd, Boot::Disabled, Run::Stopped);
        assert!(all.ends_with("systemctl enable --quiet bird; systemctl restart bird"), "{all}");
        let again = told(Manager::OpenRc, Boot::Enabled, Run::Outdated);
        assert!(again.ends_with(": rc-service bird restart"), "{again}");
        let boot = told(Manager::OpenRc, Boot::Disabled, Run::Current);
        assert!(boot.ends_with(": rc-update add bird default"), "{boot}");
        let well = told(Manager::Systemd, Boot::Enabled, Run::Current);
        assert_eq!(well, "There(\"bird starts at boot and runs\"): ");
        let alone = told(Manager::None, Boot::Disabled, Run::Stopped);
        assert!(alone.starts_with("Yours("), "{alone}");
    }
}
