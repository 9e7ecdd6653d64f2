//! Bytes that cross a wire: APDUs, PIV objects, ids, records, acts, secrets.
#![no_std]
