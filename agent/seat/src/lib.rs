//! User service of a graphical session: idle, lock confirmation, pinentry, notifications.
