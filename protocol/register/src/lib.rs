//! Acts, the fold that turns acts into a register, and decide().
#![no_std]
