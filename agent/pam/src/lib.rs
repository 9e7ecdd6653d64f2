//! PAM module: asks the agent, decides nothing.
