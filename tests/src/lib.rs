//! Whole-system stories: harness, scenarios, benches.
