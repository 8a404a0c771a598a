//! `peerling genconfig`: the files of every peering into the staging directories, as the replaced service
//! does it: a directory named by the moment, and the symlink `current` moved to it.

use super::{Assembled, ConfigFile, Trouble};
use crate::limits::OUR_FILE_BYTES_MAX;
use crate::model::{Asn, Timestamp, WgSecret};
use crate::peering::{Peering, Row, Site, Standing, files as texts};
use crate::plan::{FileKind, bird};
use crate::store::Store;
use crate::sys::files;
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// Where the last complete set lies.
const CURRENT: &str = "current";

/// What every peering's files are made with.
struct Kit<'a> {
    site: Site,
    private_key: WgSecret,
    template: &'a str,
    /// Where the latency class of a peering is taken from, the first that has it.
    measured: [Option<PathBuf>; 2],
}

/// Writes one complete set of files for the moment `now`. A peering that cannot be served keeps the files
/// that it has; it is reported, and the exit status tells.
pub fn run(file: &ConfigFile, now: Timestamp) -> Result<(), Vec<Trouble>> {
    let assembled = Assembled::load(file)?;
    generate(&assembled, now).map_err(|trouble| vec![trouble])
}

fn generate(assembled: &Assembled, now: Timestamp) -> Result<(), Trouble> {
    let config = &assembled.config;
    let rows = Store::open_read_only(&config.store.path)
        .and_then(|store| store.rows())
        .map_err(|error| Trouble::new(error.to_string()))?;
    let staging = [
        (FileKind::WireGuard, &config.genconfig.wireguard_directory),
        (FileKind::Bird, &config.genconfig.bird_directory),
    ];
    let kit = Kit {
        site: assembled.site(),
        private_key: assembled.private_key.clone()?,
        template: &config.bird.template,
        measured: [
            config.genconfig.bird_directory.as_ref().map(|it| it.join(CURRENT)),
            Some(config.bird.directory.clone()),
        ],
    };
    let mut unservable = Vec::new();
    for (kind, directory) in staging {
        let directory = directory.as_deref().ok_or_else(|| missing(kind))?;
        unservable = stage(directory, kind, &rows, (&kit, now))?;
    }
    match unservable.is_empty() {
        true => Ok(()),
        false => Err(Trouble::new(unservable.join("; "))),
    }
}

fn missing(kind: FileKind) -> Trouble {
    Trouble::new(match kind {
        FileKind::WireGuard => "genconfig.wireguard_directory (DN42_WG_CONFIG_DIR) is missing",
        FileKind::Bird => "genconfig.bird_directory (DN42_BIRD_CONFIG_DIR) is missing",
    })
}

fn stage(
    directory: &Path,
    kind: FileKind,
    rows: &[Row],
    (kit, now): (&Kit<'_>, Timestamp),
) -> Result<Vec<String>, Trouble> {
    let stamp = stamp(now);
    let set = directory.join(&stamp);
    let failed = |error: std::io::Error| Trouble::new(format!("{}: {error}", set.display()));
    fs::create_dir_all(&set).map_err(failed)?;
    let mut unservable = Vec::new();
    for row in rows {
        let (asn, text) = match Peering::read(row) {
            Ok((peering, _)) if peering.standing != Standing::Active => continue,
            Ok((peering, _)) => (peering.asn, content(&peering, kind, kit)),
            Err(why) => {
                unservable.push(format!("AS{}: {why}", row.as_num));
                let Some(asn) = u32::try_from(row.as_num).ok().and_then(|it| Asn::new(it).ok())
                else {
                    continue;
                };
                (asn, read(&directory.join(CURRENT).join(kind.name(asn))))
            }
        };
        if let Some(text) = text {
            files::write(&set, kind, asn, &text).map_err(|it| Trouble::new(it.to_string()))?;
        }
    }
    publish(directory, &stamp).map_err(failed)?;
    Ok(unservable)
}

fn content(peering: &Peering, kind: FileKind, kit: &Kit<'_>) -> Option<String> {
    match kind {
        FileKind::WireGuard => texts::our_conf(peering, &kit.site, &kit.private_key),
        FileKind::Bird => {
            let name = kind.name(peering.asn);
            let measured = kit.measured.iter().flatten();
            let latency = measured.filter_map(|it| bird::latency(&read(&it.join(&name))?)).next();
            bird::render(peering, &kit.site, kit.template, latency.unwrap_or(bird::LATENCY_UNKNOWN))
        }
    }
}

fn read(path: &Path) -> Option<String> {
    let mut text = String::new();
    fs::File::open(path).ok()?.take(OUR_FILE_BYTES_MAX).read_to_string(&mut text).ok()?;
    Some(text)
}

/// Moves the symlink in one rename: whoever reads through it sees one complete set or the other.
fn publish(directory: &Path, stamp: &str) -> std::io::Result<()> {
    let draft = directory.join(format!(".{CURRENT}.new"));
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    symlink(stamp, &draft)?;
    fs::rename(&draft, directory.join(CURRENT))
}

/// `YYYYmmddHHMMSS` in UTC; dates by Howard Hinnant's days-from-civil arithmetic, turned round.
fn stamp(now: Timestamp) -> String {
    let (days, seconds) = (now.0.div_euclid(86_400), now.0.rem_euclid(86_400));
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_have_names() {
        for (seconds, name) in [
            (0, "19700101000000"),
            (951_782_399, "20000228235959"),
            (951_782_400, "20000229000000"),
            (1_709_251_199, "20240229235959"),
            (1_749_049_077, "20250604145757"),
            (4_107_542_400, "21000301000000"),
        ] {
            assert_eq!(stamp(Timestamp(seconds)), name);
        }
    }
}
