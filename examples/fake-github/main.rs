//! A GitHub to try the console on: repositories, runs that wait, and everything that may come of them.
//!
//! `cargo run --example fake-github -- --repos 200 --waiting 500`
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    missing_docs
)]

// The tests use the rest of it.
#[allow(dead_code)]
mod fake;

use clap::Parser;
use fake::{Fake, World, millis};

/// Start a GitHub that is not one, and print the config to use with it.
#[derive(Parser)]
struct Args {
    /// Repositories
    #[arg(long, default_value_t = 20)]
    repos: usize,
    /// Runs that wait
    #[arg(long, default_value_t = 50)]
    waiting: usize,
    /// Milliseconds that every answer takes
    #[arg(long, default_value_t = 10)]
    latency: u64,
    /// The port; any free one by default
    #[arg(long, default_value_t = 0)]
    port: u16,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let args = Args::parse();
    let fake = Fake::start(world(&args), args.port).await?;
    println!(
        "# {} repositories, {} runs that wait. Put this into config.toml and start jit-tui:\n\
         [[backend]]\nkind = \"github\"\nname = \"github\"\naddress = \"{}\"\norganisations = [\"acme\"]\n\
         token_command = [\"echo\", \"ghp_fake\"]\ninterval = \"5s\"",
        args.repos, args.waiting, fake.address
    );
    tokio::signal::ctrl_c().await
}

/// Gates of every kind, the ordinary ones most often.
fn world(args: &Args) -> World {
    let mut world = World { latency: millis(args.latency), ..World::default() };
    let names = ["shop", "pay", "web", "search", "mail", "auth", "ledger", "infra"];
    for n in 0..args.repos.max(1) {
        let id = world.add_repo(&format!("acme/{}-{n}", names[n % names.len()]));
        let [production, staging] = &mut world.repo_mut(id).environments[..] else { continue };
        match n % 10 {
            3 => production.app = Some("change-freeze".to_owned()),
            5 => (production.wait_timer, production.reviewers) = (30, Vec::new()),
            7 => production.prevent_self = true,
            8 => staging.reviewers = vec!["carol".to_owned()],
            _ => {}
        }
    }
    for n in 0..args.waiting {
        let repo = 1000 + (n % args.repos.max(1)) as u64;
        match n % 12 {
            2 => world.add_run(repo, &[&["production", "staging"]]),
            4 => world.add_run(repo, &[&["staging"], &["production"]]),
            6 => world.add_run(repo, &[&["production"][..]; 8]),
            9 => world.add_fork_run(repo),
            _ => world.add_run(repo, &[&["production"]]),
        };
    }
    world.add_actions();
    world
}
