//! The operator card on a PC: joins pcscd through vpcd.
