//! Messages between the agent and its clients (Varlink), and a small blocking client.
