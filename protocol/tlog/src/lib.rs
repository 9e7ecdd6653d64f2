//! RFC 6962 tree, C2SP tiles, signed notes, checkpoints, proofs.
#![no_std]
