//! `jit-tui watch`: a line for everything that changes, until it is ended.

use std::collections::HashMap;
use std::process::ExitCode;

use super::{Common, Shown, list};
use crate::cli::{Exit, open, out, setup};
use crate::desk::news::{Health, News};
use crate::domain::ids::{BackendName, RequestKey};
use crate::domain::text::SafeText;
use crate::safe;

/// Follow all backends and print every request that comes or changes.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    common: Common,
}

/// Runs until SIGINT, SIGTERM or a closed pipe.
pub fn run(args: Args) -> Exit {
    setup::runtime()?.block_on(go(args))
}

async fn go(args: Args) -> Exit {
    let mut opened = open::open(&args.common.open)?;
    opened.desk.watch();
    let mut known = Known::default();
    while let Some(news) = opened.news.recv().await {
        known.tell(news, args.common.json)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What was printed already: a request is printed again only when its state or votes changed.
#[derive(Default)]
struct Known {
    requests: HashMap<RequestKey, u64>,
    health: HashMap<BackendName, bool>,
}

impl Known {
    fn tell(&mut self, news: News, json: bool) -> color_eyre::Result<()> {
        match news {
            News::Requests { changed, .. } => {
                for request in changed {
                    if self.requests.insert(request.key().clone(), request.seq) == Some(request.seq) {
                        continue;
                    }
                    if json {
                        out::json(&Shown::of(&request))?;
                    } else {
                        let now = crate::sys::clock::now().wall;
                        out::line(&safe!(
                            "{} UTC  {}  {}",
                            now.clock(),
                            request.state.word(),
                            list::row(&request, now)
                        ))?;
                    }
                }
            }
            News::Backend(state) => self.health(&state.name, &state.health),
            News::Notice(words) => out::complain(&words),
            _ => {}
        }
        Ok(())
    }

    fn health(&mut self, name: &BackendName, health: &Health) {
        let fresh = !matches!(health, Health::Stale { .. });
        if self.health.insert(name.clone(), fresh) == Some(fresh) {
            return;
        }
        if let Health::Stale { fault, .. } = health {
            out::complain(&safe!("{}: {}", name, fault.message));
        } else if *health != Health::Connecting {
            out::complain(&safe!("{}: {}", name, SafeText::lit("answers")));
        }
    }
}
