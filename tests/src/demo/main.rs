//! The main job on real parts, told as a story.

fn main() {}
