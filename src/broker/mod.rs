//! L4. The broker: takes requests of gates and decisions of approvers, durable before it answers. Its logic is the
//! pure `machine`; `store` writes what it says on one thread; `http` carries it; `serve` puts it together.

mod blobs;
mod http;
mod identity;
mod keys;
mod listen;
mod machine;
mod metrics;
mod notify;
mod openapi;
mod problem;
mod reader;
mod serve;
mod shared;
mod store;
mod timer;
mod tls;
pub mod tokens;
mod writer;

#[cfg(test)]
mod tests;

pub use listen::{Address, Listen};
pub use machine::Quota;
pub use openapi::document as openapi_document;
pub use serve::{Options, Server, StartError, serve};
pub use store::{StoreError, open as open_database};
pub use tls::TlsFiles;
