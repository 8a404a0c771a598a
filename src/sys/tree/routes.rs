//! The other half of the registry: networks and who may announce them. It is read after the index,
//! because nobody waits for it at their login.

use super::{Entry, Folder, Pace, TreeError, TreeFault, content};
use crate::limits::REGISTRY_OBJECT_BYTES_MAX;
use crate::registry::{Finding, Kind, Roa, RoaBuilder};
use rustix::fs::FileType;
use rustix::io::Errno;
use std::ffi::CString;
use std::path::Path;
use std::time::Instant;

/// What the tables are made from.
pub(super) const ROUTES: [Kind; 2] = [Kind::Route, Kind::Route6];

/// The tables of `<directory>/data/{route,route6}` by `filter.txt` and `filter6.txt` beside them,
/// and what was left out of them; `None` where the registry has neither directory. In whatever
/// order the file system lists the files, the tables are the same.
///
/// # Errors
/// Where one of the directories or filters cannot be read, or is too large. Any other file that
/// cannot be read is a finding, no error.
pub async fn read_routes(directory: &Path) -> Result<Option<(Roa, Vec<Finding>)>, TreeError> {
    let data = Folder::data(directory)?;
    let folders = ROUTES.map(|kind| data.inner(kind.class()));
    if folders.iter().all(|it| it.as_ref().is_err_and(TreeError::is_missing)) {
        return Ok(None);
    }
    let mut pace = Pace(Instant::now());
    let mut buffer = Vec::new();
    let filter = filter(&data, Kind::Route, &mut buffer)?.to_vec();
    let mut builder = RoaBuilder::new(&filter, self::filter(&data, Kind::Route6, &mut buffer)?);
    for (kind, folder) in ROUTES.into_iter().zip(folders) {
        let folder = folder?;
        for entry in &folder.entries(&mut pace).await? {
            match content(entry, folder.load(entry, &mut buffer)) {
                Err(skip) => builder.skipped(kind, &entry.name.to_string_lossy(), skip),
                Ok((name, bytes)) if kind == Kind::Route => builder.route(name, bytes),
                Ok((name, bytes)) => builder.route6(name, bytes),
            }
            pace.step().await;
        }
    }
    Ok(Some(builder.finish()))
}

/// A filter's content. Without it nobody knows what is permitted, so it must be there.
fn filter<'a>(data: &Folder, kind: Kind, buffer: &'a mut Vec<u8>) -> Result<&'a [u8], TreeError> {
    let path = data.path.join(kind.filter_file());
    let name = CString::new(kind.filter_file()).unwrap_or_default();
    let entry = Entry { name, file_type: FileType::Unknown };
    let fault = |reason| TreeError { path: path.clone(), reason };
    let bytes = data.load(&entry, buffer).map_err(|skip| fault(TreeFault::File(skip)))?;
    // What is beyond the bound was not read, and could be a rule that denies.
    if bytes.len() > REGISTRY_OBJECT_BYTES_MAX { Err(fault(TreeFault::Size)) } else { Ok(bytes) }
}

impl TreeError {
    fn is_missing(&self) -> bool {
        self.reason == TreeFault::System(Errno::NOENT)
    }
}
