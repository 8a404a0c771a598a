//! The loop with a real BIRD, which runs here without any privilege. Links are left to files, so
//! that nothing of the machine is touched.

mod bird;
mod collisions;
mod stage;
