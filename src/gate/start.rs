//! Starts: looks again at head, tree and program, and takes the right to start once.

use super::ask::{Asked, close_for, new_key};
use super::collect::Scene;
use super::collect::program::NoProgram;
use super::link::{Call, Link, Trouble};
use super::{Close, Options, log};
use crate::api::{Beat, Code, Permit, Recheck, request_path};
use crate::domain::request::Core;
use crate::domain::text::SafeText;
use crate::safe;
use crate::sys::clock::{Deadline, Now, now};

/// Takes the right to start. Gives the permit and when it was asked for: its time counts from there at the latest.
///
/// # Errors
/// Why the gate ends without a start.
pub async fn start(link: &Link, asked: &Asked, scene: &Scene, options: &Options) -> Result<(Permit, Now), Close> {
    let recheck = look_again(asked, scene)?;
    let key = new_key().map_err(|trouble| close_for(&trouble, options))?;
    let path = request_path(&asked.core.key.id);
    let call = Call::post(path.clone() + "/start", &recheck).keyed(&key);
    match link.insist_at::<Permit>(&call, options.patience).await {
        Ok((permit, sent)) if Deadline::after(sent, permit.run_for).is_past(now()) => {
            log::line(&SafeText::lit("the time of the grant went by before it could start"));
            Err(Close::Expired)
        }
        Ok(started) => Ok(started),
        Err(trouble) => {
            let close = close_for(&trouble, options);
            Err(refused(link, &path, &trouble).await.unwrap_or(close))
        }
    }
}

fn look_again(asked: &Asked, scene: &Scene) -> Result<Recheck, Close> {
    let recheck = scene.recheck().map_err(|e| {
        log::line(&safe!("{}", e));
        Close::Changed
    })?;
    let changed = changes(&asked.core, &recheck);
    if changed.is_empty() {
        return Ok(recheck);
    }
    log::line(&safe!(
        "CHANGED since it was asked: {}; ask again for what is there now",
        SafeText::join(&changed, ", ")
    ));
    Err(Close::Changed)
}

/// What is no longer as it was asked.
fn changes(core: &Core, now: &Recheck) -> Vec<SafeText> {
    let program = core.command.as_ref().map(|command| command.program_digest);
    let checks = [
        ("head", core.head == now.head),
        ("working tree", core.tree == now.tree),
        ("program", program == Some(now.program)),
    ];
    checks.iter().filter(|(_, same)| !same).map(|(what, _)| SafeText::lit(what)).collect()
}

/// What a refused start means.
async fn refused(link: &Link, path: &str, trouble: &Trouble) -> Option<Close> {
    match trouble.refusal()? {
        Code::Changed => Some(Close::Changed),
        Code::Forbidden => Some(Close::Denied),
        Code::Over => Some(match link.once::<Beat>(&Call::poke(format!("{path}/beat?wait=0"))).await {
            Ok(beat) if beat.revoked => Close::Revoked,
            _ => Close::Expired,
        }),
        _ => None,
    }
}

/// The end for a command that is not there.
pub fn no_program(why: &NoProgram) -> Close {
    log::line(&safe!("{}", why));
    match why {
        NoProgram::NotFound(_) => Close::NotFound,
        NoProgram::NotExecutable { .. } => Close::NotExecutable,
    }
}
