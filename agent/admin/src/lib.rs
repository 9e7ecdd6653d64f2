//! The administrator's tool.
