//! The central ledger: ingest, sealing, register delivery, search, fsck.
