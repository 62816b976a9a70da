//! L1. Decide.
