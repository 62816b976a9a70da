//! The broker's event stream as bare hints: what changed is read again, so lost, doubled or reordered events harm nothing.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};

use super::call::{no_answer, refusal};
use super::reach::Reach;
use crate::api::Route;
use crate::backends::port::{Fault, Trouble};
use crate::sys::http::Stream;

/// A stream is dead after three missed heartbeats of 15 s.
const SILENCE: Duration = Duration::from_secs(45);
/// A refusal's page is read up to here.
const REFUSAL: usize = 64 << 10;

enum At<'a> {
    Start(&'a Reach),
    Open(Box<Stream>),
    End,
}

/// Yields once for every piece that holds an event; ends with a fault when the stream breaks.
pub(super) fn hints(reach: &Reach) -> BoxStream<'_, Result<(), Fault>> {
    stream::unfold(At::Start(reach), |at| async move {
        match at {
            At::Start(reach) => match open(reach).await {
                // The first hint stands for everything that changed while nobody listened.
                Ok(stream) => Some((Ok(()), At::Open(Box::new(stream)))),
                Err(fault) => Some((Err(fault), At::End)),
            },
            At::Open(mut stream) => {
                let hint = next_event(&mut stream).await;
                let after = if hint.is_ok() { At::Open(stream) } else { At::End };
                Some((hint, after))
            }
            At::End => None,
        }
    })
    .boxed()
}

async fn open(reach: &Reach) -> Result<Stream, Fault> {
    let client = reach.client().await?;
    let path = Route::by_id("events").map_or("", |r| r.path);
    let stream = client.stream(path, &[("accept", "text/event-stream")]).await.map_err(|e| no_answer(&e))?;
    let status = stream.status();
    if status == 200 {
        return Ok(stream.with_idle(SILENCE));
    }
    let body = stream.whole(REFUSAL).await.map_err(|e| no_answer(&e))?.body;
    Err(refusal(status, &body))
}

/// Heartbeats are comments; any line of data is a hint. Only that one line begins with `data:` matters.
async fn next_event(stream: &mut Stream) -> Result<(), Fault> {
    loop {
        match stream.next().await.map_err(|e| no_answer(&e))? {
            Some(bytes) if has_data(&bytes) => return Ok(()),
            Some(_) => {}
            None => return Err(Fault::new(Trouble::Unreachable, "the broker closed its event stream", "")),
        }
    }
}

/// A cut in the middle of `data:` hides one hint at most; the poll every 30 s makes up for it.
fn has_data(bytes: &[u8]) -> bool {
    bytes.split(|b| *b == b'\n').any(|line| line.starts_with(b"data:") || line.starts_with(b"id:"))
}
