//! What the console asks for, each on a task of its own; the answer is news.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use flate2::read::GzDecoder;

use super::claims::Claim;
use super::journal::NotKept;
use super::news::{AuditQuery, AuditState, Errand, Exhibit, News};
use super::polls::within;
use super::source::{self, Source};
use super::{Inner, Keep, acts, look_ups, road, second, start};
use crate::audit;
use crate::backends::port::{Backend, Fault, Trouble};
use crate::domain::acceptance::Acceptance;
use crate::domain::decision::Decision;
use crate::domain::digest::Digest;
use crate::domain::evidence::Blob;
use crate::domain::ids::{BackendName, DecisionId, GrantId, RequestKey};
use crate::domain::json;
use crate::domain::record::{Entry, Event};
use crate::domain::request::{Ballot, Request};
use crate::domain::text::{SafeText, Text};
use crate::domain::time::Span;
use crate::safe;

/// A diff whose stored bytes are more than this is not fetched,
const STORED_LIMIT: u64 = 64 << 20;
/// and one that is larger than this is not read to its end.
const DIFF_LIMIT: u64 = 1 << 30;

pub(super) async fn run(desk: Arc<Inner>, errand: Errand) {
    let Some(errand) = source::serve(&desk.news, errand).await else { return };
    match errand {
        Errand::Hold { id, key } => hold(&desk, id, key).await,
        Errand::Drop { id, key, why, shown } => let_go(&desk, id, key, &why, shown).await,
        Errand::Decide(decision) => decide(&desk, *decision).await,
        Errand::Look(key) => look(&desk, &key).await,
        Errand::Exhibit { generation, key } => exhibit(&desk, generation, key).await,
        Errand::LookUp(wanted) => look_ups::run(&desk, *wanted).await,
        Errand::TakeBack(ids) => ids.iter().for_each(|id| desk.waits.take_back(id, &SafeText::lit("taken back"))),
        Errand::GiveUpGuard => desk.guard.seat.give_up(),
        Errand::ByHand(key) => by_hand(&desk, key).await,
        Errand::Refresh => desk.backends.iter().for_each(|line| line.wake.notify_one()),
        Errand::Revoke { backend, grant, reason } => revoke(&desk, &backend, &grant, &reason).await,
        Errand::Extend { backend, grant, run_for, reason } => extend(&desk, &backend, &grant, run_for, &reason).await,
        Errand::Review { key, comment } => review(&desk, &key, &comment).await,
        Errand::Accept { request, acceptance } => accept(&desk, &request, *acceptance).await,
        Errand::Audit { generation, query } => audit_page(&desk, generation, query).await,
        Errand::Export { csv, query } => export(&desk, csv, query).await,
        Errand::Compare { key, evidence, other } => second::compare(&desk, &key, evidence, other).await,
        // Served above.
        Errand::Window { .. } | Errand::Search { .. } | Errand::EndSearch { .. } => {}
    }
}

async fn hold(desk: &Arc<Inner>, id: DecisionId, key: RequestKey) {
    match desk.claims.take(&id) {
        Ok(claim) => drop(desk.held.lock().map(|mut held| held.insert(id.clone(), claim))),
        Err(e) => desk.audit_broken(&e.to_string()).await,
    }
    put(desk, Some(key), Event::Held { decision: id }, audit::Sync::No).await;
}

async fn let_go(desk: &Arc<Inner>, id: DecisionId, key: RequestKey, why: &SafeText, shown: bool) {
    desk.after_hold(&id).await;
    let event = Event::Dropped { decision: id.clone(), why: why.into() };
    put(desk, Some(key), event, audit::Sync::No).await;
    if let Ok(claim) = desk.claim(&id).map(|claim| shown.then_some(claim)) {
        // The claim of a decision that nobody saw dropped stays behind: the next start finds it and says so.
        claim.into_iter().for_each(Claim::release);
    }
}

async fn decide(desk: &Arc<Inner>, decision: Decision) {
    // Who sends at once may be quicker than the hold: two claims of one process would wait for each other for ever.
    desk.after_hold(&decision.id).await;
    let name = decision.request.backend.clone();
    road::travel(desk, decision, look_ups::Unread::Left).await;
    desk.wake(&name);
    anchor(desk, &name).await;
}

async fn accept(desk: &Arc<Inner>, request: &Request, acceptance: Acceptance) {
    let what = safe!("accept `{}`", acceptance.finding.meaning().what);
    let until = acceptance.until;
    let result = acts::accept(desk, request, acceptance).await.map(|()| safe!("until {}", until.iso()));
    desk.tell(News::Act { what, result }).await;
    start::tell_acceptances(Arc::clone(desk)).await;
}

/// The request is read anew: what would decide it by hand must be about what is there now.
async fn by_hand(desk: &Arc<Inner>, key: RequestKey) {
    let read = match known(desk, &key.backend) {
        Ok(backend) => within(backend.read(&key)).await.map(|request| (backend, request)),
        Err(fault) => Err(fault),
    };
    match read {
        Ok((backend, request)) => {
            let [approve, reject] = [Ballot::Approve, Ballot::Reject].map(|b| backend.by_hand(&request, b));
            desk.tell(News::ByHand { key, approve, reject }).await;
        }
        Err(fault) => desk.tell(News::Act { what: SafeText::lit("by hand"), result: Err(fault) }).await,
    }
}

async fn look(desk: &Arc<Inner>, key: &RequestKey) {
    let Some(backend) = desk.backend(&key.backend) else { return };
    if backend.capabilities().looks {
        // A look that is not told costs a colleague's courtesy only; the backend's health tells the rest.
        drop(within(backend.look(key)).await);
    }
}

/// Writes an entry; where that fails the audit state says so on every screen.
pub(super) async fn put(desk: &Arc<Inner>, request: Option<RequestKey>, event: Event, sync: audit::Sync) {
    let by = request.as_ref().and_then(|key| desk.principal_at(&key.backend));
    let entry = Entry { at: desk.now().wall, by, request, event };
    if let Err(why) = desk.journal.append(vec![entry], sync).await {
        desk.audit_broken(&why).await;
    }
}

async fn exhibit(desk: &Arc<Inner>, generation: u64, key: RequestKey) {
    let (result, stored) = match read_exhibit(desk, &key).await {
        Ok((exhibit, stored)) => (Ok(Arc::new(exhibit)), stored),
        Err(fault) => (Err(fault), None),
    };
    let shown = result.as_ref().ok().map(Arc::clone);
    desk.tell(News::Exhibit { generation, key, result }).await;
    let Some(exhibit) = shown else { return };
    let stored = stored.map(Arc::new);
    if let (Some(source), Some(stored)) = (exhibit.diff.clone(), stored.clone()) {
        let (news, gzip) = (desk.news.clone(), exhibit.evidence.diff.as_ref().is_some_and(|blob| blob.gzip));
        tokio::task::spawn_blocking(move || unpack(&source, &stored, gzip, &news));
    }
    keep_shown(desk, &exhibit, stored).await;
    second::fill(desk, &exhibit.key, &exhibit.evidence).await;
}

/// The source holds on to itself while it is read only as long as somebody else does.
fn unpack(source: &Source, stored: &[u8], gzip: bool, news: &tokio::sync::mpsc::Sender<News>) {
    if gzip {
        source::fill(source, GzDecoder::new(stored), DIFF_LIMIT, news);
    } else {
        source::fill(source, stored, DIFF_LIMIT, news);
    }
}

/// The evidence with a place for its diff, and the diff as it is stored.
async fn read_exhibit(desk: &Arc<Inner>, key: &RequestKey) -> Result<(Exhibit, Option<Vec<u8>>), Fault> {
    let backend = known(desk, &key.backend)?;
    let evidence = within(backend.evidence(key)).await?;
    let stored = match &evidence.diff {
        Some(blob) => Some(read_stored(&*backend, blob).await?),
        None => None,
    };
    let diff = stored.is_some().then(Source::new).transpose().map_err(|e| {
        let what = safe!("no temporary file for the diff: {}", Text::from(e.to_string()).prose());
        Fault::new(Trouble::Refused, what, "make room in the temporary folder")
    })?;
    Ok((Exhibit { key: key.clone(), evidence, diff }, stored))
}

async fn read_stored(backend: &dyn Backend, blob: &Blob) -> Result<Vec<u8>, Fault> {
    let stored = within(backend.blob(&blob.digest, STORED_LIMIT)).await?;
    if Digest::of(&stored) != blob.digest {
        return Err(Fault::new(
            Trouble::Protocol,
            "the diff does not have the hash that the evidence names",
            "do not decide on it; ask whoever runs the backend",
        ));
    }
    Ok(stored)
}

/// Shown evidence is kept by hash, so that the audit log can be read against it later: the manifest, and the diff as
/// the manifest names it.
async fn keep_shown(desk: &Arc<Inner>, exhibit: &Exhibit, stored: Option<Arc<Vec<u8>>>) {
    let Ok(manifest) = json::to_line(&exhibit.evidence) else { return };
    let evidence = Digest::of(manifest.as_bytes());
    let blobs = [Some(Arc::new(manifest.into_bytes())), stored];
    let (state, limits) = (desk.state.clone(), desk.evidence);
    let kept = tokio::task::spawn_blocking(move || keep(&state, limits, blobs.into_iter().flatten())).await;
    match kept {
        Ok(Ok(())) => put(desk, Some(exhibit.key.clone()), Event::Shown { evidence }, audit::Sync::No).await,
        Ok(Err(why)) => desk.tell(News::Notice(safe!("evidence not kept: {}", Text::from(why).prose()))).await,
        Err(_) => {}
    }
}

fn keep(state: &std::path::Path, limits: Keep, blobs: impl Iterator<Item = Arc<Vec<u8>>>) -> Result<(), String> {
    let store = audit::Store::with_limits(state, limits.time, limits.bytes).map_err(|e| e.to_string())?;
    for bytes in blobs {
        store.put(&bytes).map_err(|e| e.to_string())?;
    }
    Ok(())
}

async fn revoke(desk: &Arc<Inner>, name: &BackendName, grant: &GrantId, reason: &Text) {
    let result = match known(desk, name) {
        Ok(backend) => acts::revoke(desk, &backend, grant, reason).await.map(|g| safe!("revoked {}", g.name.ident())),
        Err(fault) => Err(fault),
    };
    acted(desk, name, "revoke", result).await;
}

async fn extend(desk: &Arc<Inner>, name: &BackendName, grant: &GrantId, run_for: Span, reason: &Text) {
    let result = match known(desk, name) {
        Ok(backend) => acts::extend(desk, &backend, grant, run_for, reason).await,
        Err(fault) => Err(fault),
    };
    let words = result.map(|(grant, missing)| match missing {
        0 => safe!("extended {} to {}", grant.name.ident(), grant.run_for),
        n => safe!("extension of {} counted, {} more needed", grant.name.ident(), n),
    });
    acted(desk, name, "extend", words).await;
}

async fn review(desk: &Arc<Inner>, key: &RequestKey, comment: &Text) {
    let result = match known(desk, &key.backend) {
        Ok(backend) => acts::review(desk, &backend, key, comment).await,
        Err(fault) => Err(fault),
    };
    acted(desk, &key.backend, "review", result.map(|()| SafeText::lit("break-glass reviewed"))).await;
}

async fn acted(desk: &Arc<Inner>, name: &BackendName, what: &'static str, result: Result<SafeText, Fault>) {
    desk.tell(News::Act { what: SafeText::lit(what), result }).await;
    desk.wake(name);
}

fn known(desk: &Inner, name: &BackendName) -> Result<Arc<dyn Backend>, Fault> {
    desk.backend(name).ok_or_else(|| {
        Fault::new(Trouble::NotFound, safe!("no backend {} in the config", name), "jit-tui config check")
    })
}

async fn audit_page(desk: &Arc<Inner>, generation: u64, query: AuditQuery) {
    let state = desk.state.clone();
    let read = tokio::task::spawn_blocking(move || audit::query(&state, &filter(&query))).await;
    let result = match read {
        Ok(Ok(records)) => Ok(records.into_iter().map(Arc::new).collect()),
        Ok(Err(e)) => Err(Text::from(e.to_string()).prose()),
        Err(_) => Err(SafeText::lit("the audit log could not be read")),
    };
    desk.tell(News::Audit { generation, result }).await;
}

fn filter(query: &AuditQuery) -> audit::Filter {
    audit::Filter {
        text: query.text.clone(),
        request: query.request.clone(),
        before: query.before,
        limit: query.limit,
        ..audit::Filter::default()
    }
}

async fn export(desk: &Arc<Inner>, csv: bool, query: AuditQuery) {
    let state = desk.state.clone();
    let wrote = tokio::task::spawn_blocking(move || audit::export_file(&state, &filter(&query), csv)).await;
    let result = match wrote {
        Ok(Ok((path, records))) => {
            put(desk, None, Event::Exported { records }, audit::Sync::No).await;
            Ok(safe!("{} records in {}", records, Text::from(path.as_path()).ident()))
        }
        Ok(Err(e)) => Err(Text::from(e.to_string()).prose()),
        Err(_) => Err(SafeText::lit("the export did not finish")),
    };
    desk.tell(News::Exported(result)).await;
}

/// Gives our head to the backend and keeps its head: each log anchors the other. While one exchange is under way
/// those who ask share the one after it, so that a burst of decisions costs two.
pub(super) async fn anchor(desk: &Arc<Inner>, name: &BackendName) {
    let Some(line) = desk.line(name) else { return };
    if line.anchors.fetch_add(1, Ordering::AcqRel) > 0 {
        return;
    }
    loop {
        let asked = line.anchors.load(Ordering::Acquire);
        exchange(desk, line).await;
        if line.anchors.compare_exchange(asked, 0, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            return;
        }
    }
}

async fn exchange(desk: &Arc<Inner>, line: &super::Line) {
    let Ok(head) = desk.journal.head().await else { return };
    let log = desk.journal.name();
    if let Ok(Some(theirs)) = within(line.backend.heads(&log, head)).await {
        note(desk, line.backend.name(), head.seq, theirs).await;
    }
}

async fn note(desk: &Arc<Inner>, name: &BackendName, ours: u64, theirs: crate::domain::record::Head) {
    match desk.journal.note_head(&Text::from(name.as_str()), theirs).await {
        Ok(()) => desk.tell(News::AuditState(AuditState::Ok { seq: ours, anchored: Some(ours) })).await,
        Err(NotKept::Rewritten(why)) => desk.tell(News::Notice(safe!("ALARM: {}", Text::from(why).prose()))).await,
        Err(NotKept::Broken(why)) => desk.audit_broken(&why).await,
    }
}
