//! stub
use super::Trouble;
/// demo
pub fn run(_run: Option<&std::ffi::OsStr>) -> Result<u8, Trouble> {
    Ok(0)
}
