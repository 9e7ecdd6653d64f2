//! The agent of a clerk terminal: agent, card worker, forwarder.
