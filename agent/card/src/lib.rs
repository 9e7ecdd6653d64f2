//! Host side of the card over PC/SC: use it, never change what it is.
