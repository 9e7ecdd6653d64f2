//! The ledger as seen from a terminal or an administrator: HTTPS with a pinned key.
