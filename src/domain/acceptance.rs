//! A finding that a person has accepted for a while: it no longer stands in the queue, until it ends or its subject
//! changes. One that blocks is never hidden.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::finding::{Accepted, Finding, FindingId};
use super::request::Request;
use super::text::Text;
use super::time::Ms;

/// What was accepted, where, why and for how long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Acceptance {
    /// In which repository.
    pub repository: Text,
    /// In which environment.
    pub environment: Text,
    /// Which finding.
    pub finding: FindingId,
    /// About what, exactly.
    pub subject: Text,
    /// What exactly it said: where that is another thing, so is the finding.
    pub detail: Text,
    /// Why.
    pub reason: Text,
    /// Until when.
    pub until: Ms,
}

impl Acceptance {
    /// Nothing is accepted for longer.
    pub const MOST_DAYS: u32 = 365;

    /// Of one finding of a request.
    pub fn of(request: &Request, finding: &Finding, reason: Text, until: Ms) -> Self {
        Self {
            repository: request.core.repository.value.clone(),
            environment: request.core.environment.value.clone(),
            finding: finding.id,
            subject: finding.subject.clone(),
            detail: finding.detail.clone(),
            reason,
            until,
        }
    }

    fn is_of(&self, request: &Request, finding: &Finding) -> bool {
        let core = &request.core;
        (&self.repository, &self.environment) == (&core.repository.value, &core.environment.value)
            && (self.finding, &self.subject, &self.detail) == finding.sameness()
    }
}

/// An acceptance and who gave it, as the audit log tells.
pub type Given = (Text, Acceptance);

/// Notes on a request's findings who accepted which; what blocks is never noted. Of several the one that holds
/// longest counts.
pub fn mark(request: &mut Request, given: &[Given]) {
    let mut findings = std::mem::take(&mut request.findings);
    for finding in findings.iter_mut().filter(|f| !f.blocks) {
        let of = given.iter().filter(|(_, acceptance)| acceptance.is_of(request, finding));
        let longest = of.max_by_key(|(_, acceptance)| acceptance.until);
        finding.accepted = longest.map(|(by, acceptance)| Accepted {
            by: by.clone(),
            reason: acceptance.reason.clone(),
            until: acceptance.until,
        });
    }
    request.findings = findings;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixture;

    const NOW: Ms = Ms(1_000_000);

    fn request(findings: Vec<Finding>) -> Request {
        Request { findings, ..fixture::request("local/a#1") }
    }

    fn accepted(of: &Finding) -> Vec<Given> {
        let until = Ms(NOW.0 + 1_000);
        vec![("alice".into(), Acceptance::of(&request(vec![]), of, "known".into(), until))]
    }

    fn counts(finding: Finding, given: &[Given], now: Ms) -> bool {
        let mut request = request(vec![finding]);
        mark(&mut request, given);
        request.worst_new(now).is_some()
    }

    #[test]
    fn an_accepted_finding_no_longer_counts_until_its_time_is_over() {
        let finding = Finding::new(FindingId::UnsignedCommit, "commits", "all of them");
        let given = accepted(&finding);
        assert!(counts(finding.clone(), &[], NOW));
        assert!(!counts(finding.clone(), &given, NOW));
        assert!(counts(finding, &given, Ms(NOW.0 + 1_000)), "its time is over");
    }

    #[test]
    fn another_subject_place_or_weight_is_not_what_was_accepted() {
        let finding = Finding::new(FindingId::TagMoved, "a/b@v1", "aa -> bb");
        let given = accepted(&finding);
        let moved = Finding { detail: "aa -> cc".into(), ..finding.clone() };
        assert!(counts(moved, &given, NOW), "it moved again");
        let blocking = Finding { blocks: true, ..finding.clone() };
        assert!(counts(blocking, &given, NOW), "one that blocks is never hidden");
        let mut elsewhere = request(vec![finding]);
        let mut core = fixture::core("local/a#1");
        core.environment.value = "staging".into();
        elsewhere.core = crate::domain::request::Sealed::new(core).unwrap();
        mark(&mut elsewhere, &given);
        assert!(elsewhere.worst_new(NOW).is_some(), "another environment");
    }
}
