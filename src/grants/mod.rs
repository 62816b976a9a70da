//! L1. Grants.
