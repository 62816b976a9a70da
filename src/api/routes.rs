//! The one table of the broker's calls: server, clients and OpenAPI read it.

use Method::{Get, Post, Put};

/// HTTP method of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Changes.
    Post,
    /// Puts content under its hash.
    Put,
}

/// Who may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum For {
    /// Anybody who reaches the socket.
    Anyone,
    /// Pipeline tokens (and the owner of a local broker).
    Pipeline,
    /// Approvers.
    Approver,
    /// Both.
    Both,
}

/// One call. `body` and `answer` name types of this room or of the domain; empty = none, `bytes`, `lines`, `events`, `text`, `json`.
pub struct Route {
    /// Its id in OpenAPI.
    pub id: &'static str,
    /// Method.
    pub method: Method,
    /// Path with `{…}` for its parts.
    pub path: &'static str,
    /// Who may call.
    pub who: For,
    /// What it takes.
    pub body: &'static str,
    /// What it answers when all is well.
    pub answer: &'static str,
    /// Status when all is well.
    pub status: u16,
    /// What it does.
    pub summary: &'static str,
}

// A row of the table below reads best without names.
#[allow(clippy::too_many_arguments)]
const fn route(
    id: &'static str,
    method: Method,
    path: &'static str,
    who: For,
    body: &'static str,
    answer: &'static str,
    status: u16,
    summary: &'static str,
) -> Route {
    Route { id, method, path, who, body, answer, status, summary }
}

/// Every call of the broker.
pub const ROUTES: &[Route] = &[
    route("info", Get, "/v1/info", For::Both, "", "Info", 200, "Who the broker is, and who you are to it."),
    route(
        "base",
        Get,
        "/v1/base",
        For::Pipeline,
        "",
        "BaseOffer",
        200,
        "The last revision that ran with success here (query: repository, environment).",
    ),
    route(
        "putBlob",
        Put,
        "/v1/blobs/{digest}",
        For::Pipeline,
        "bytes",
        "",
        204,
        "Puts evidence under its SHA-256; again is no change.",
    ),
    route("getBlob", Get, "/v1/blobs/{digest}", For::Approver, "", "bytes", 200, "Evidence by its SHA-256."),
    route(
        "create",
        Post,
        "/v1/requests",
        For::Pipeline,
        "Submission",
        "Created",
        201,
        "Asks (header Idempotency-Key).",
    ),
    route(
        "list",
        Get,
        "/v1/requests",
        For::Approver,
        "",
        "Page",
        200,
        "Requests by rising change number (query: after, state=pending|all, limit up to 1000).",
    ),
    route("read", Get, "/v1/requests/{id}", For::Approver, "", "Request", 200, "One request; ETag is its digest."),
    route(
        "evidence",
        Get,
        "/v1/requests/{id}/evidence",
        For::Approver,
        "",
        "Evidence",
        200,
        "What an approver can look at.",
    ),
    route(
        "look",
        Post,
        "/v1/requests/{id}/look",
        For::Approver,
        "",
        "Request",
        200,
        "Says for two minutes that you look at it.",
    ),
    route(
        "decide",
        Post,
        "/v1/requests/{id}/decision",
        For::Approver,
        "Decision",
        "Decided",
        200,
        "Approves, rejects or breaks the glass (headers If-Match: request digest, Idempotency-Key: decision id).",
    ),
    route(
        "review",
        Post,
        "/v1/requests/{id}/review",
        For::Approver,
        "Review",
        "Request",
        200,
        "Looks at a break-glass afterwards: another person than who broke it.",
    ),
    route("cancel", Post, "/v1/requests/{id}/cancel", For::Pipeline, "", "Beat", 200, "Takes a request back."),
    route(
        "beat",
        Post,
        "/v1/requests/{id}/beat",
        For::Pipeline,
        "",
        "Beat",
        200,
        "A gate's sign of life; query wait=SECONDS (up to 25) answers early when something changed since seq.",
    ),
    route(
        "start",
        Post,
        "/v1/requests/{id}/start",
        For::Pipeline,
        "Recheck",
        "Permit",
        200,
        "Starts a pass under a grant; the same gate may repeat it without starting twice (header Idempotency-Key).",
    ),
    route("end", Post, "/v1/requests/{id}/end", For::Pipeline, "Ended", "", 204, "How the pass ended."),
    route(
        "grants",
        Get,
        "/v1/grants",
        For::Approver,
        "",
        "Grants",
        200,
        "Grants that are open or running, and those of the last day.",
    ),
    route(
        "revoke",
        Post,
        "/v1/grants/{id}/revoke",
        For::Approver,
        "Revoke",
        "Grant",
        200,
        "Takes a grant back; what runs under it is ended.",
    ),
    route("extend", Post, "/v1/grants/{id}/extend", For::Approver, "Extend", "Extension", 200, "Votes for more time."),
    route(
        "events",
        Get,
        "/v1/events",
        For::Approver,
        "",
        "events",
        200,
        "Hints of changes as server-sent events; resumes after Last-Event-ID.",
    ),
    route("audit", Get, "/v1/audit", For::Approver, "", "lines", 200, "The audit log as JSON lines (query: after)."),
    route(
        "heads",
        Post,
        "/v1/audit/heads",
        For::Approver,
        "Heads",
        "Heads",
        200,
        "Exchanges heads of the audit logs: each keeps the other's.",
    ),
    route("health", Get, "/healthz", For::Anyone, "", "text", 200, "ok, or 503 with what is wrong."),
    route("metrics", Get, "/metrics", For::Anyone, "", "text", 200, "Figures for Prometheus."),
    route("openapi", Get, "/openapi.json", For::Anyone, "", "json", 200, "This table as OpenAPI 3.1."),
];

impl Route {
    /// By its id.
    pub fn by_id(id: &str) -> Option<&'static Route> {
        ROUTES.iter().find(|r| r.id == id)
    }
}
