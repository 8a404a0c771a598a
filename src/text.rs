//! Text for people: escaped, measured, broken into lines, in tables, and the nearest known word.

pub mod age;
pub mod escape;
mod screen;
pub mod spelling;
pub mod table;
pub mod width;

pub use screen::Screen;
