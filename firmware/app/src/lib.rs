//! The operator card: a PIV card edge that knows no board.
#![no_std]
