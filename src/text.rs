//! Text for people: escaped, measured, broken into lines, in tables, and the nearest known word.

pub mod escape;
pub mod spelling;
pub mod table;
pub mod width;

pub use width::Screen;
