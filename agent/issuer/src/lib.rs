//! The operator card, personalised: keys, PINs, grants.
