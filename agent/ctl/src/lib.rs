//! The clerk's command line and panel.
