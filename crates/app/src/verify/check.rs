/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Two things that must agree do not.
    Wrong,
    /// Everything agrees, and somebody should know all the same.
    Notice,
}

impl Level {
    /// As written in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wrong => "wrong",
            Self::Notice => "notice",
        }
    }
}

/// A check the database answers alone: for each of some tables, a condition no row may fulfil.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "CHECKS says what each is about")]
pub enum RowCheck {
    CallsStranded,
    CallVerdicts,
    CallNames,
    RequestsOutcome,
    RequestsStranded,
    AnalysisRequests,
    TranscriptsMissing,
    LeadHistory,
    LeadChain,
    LeadsActive,
    TaskTwins,
    SignalTwins,
    AppointmentTwins,
    EventsTold,
    EventKeys,
    WebhooksWaiting,
    JobLeases,
    JobSubjects,
    JobsDead,
    RowTenants,
}

/// How a check is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// By the database alone.
    Rows(RowCheck),
    /// While calls are gone through: whether a program can read them.
    CallReadable,
    /// While calls are gone through: the stage.
    CallStage,
    /// While calls are gone through: the columns.
    CallColumns,
    /// By looking at the storage for each recording.
    Recordings,
    /// By looking for the row of each object.
    Orphans,
    /// By reading each card's number.
    Phones,
    /// By making each webhook's key again.
    WebhookKeys,
    /// By counting again what dashboards show.
    Dashboards,
}

/// Something that must be so.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// `area.what`.
    pub name: &'static str,
    /// What is counted as found.
    pub about: &'static str,
    /// How much it matters.
    pub level: Level,
    /// Whether it is made only when asked for by [`Order::deep`](super::Order::deep).
    pub is_deep: bool,
    pub(super) how: How,
}

const fn wrong(name: &'static str, how: How, about: &'static str) -> Check {
    Check { name, about, level: Level::Wrong, is_deep: false, how }
}

const fn notice(name: &'static str, how: How, about: &'static str) -> Check {
    Check { level: Level::Notice, ..wrong(name, how, about) }
}

const fn rows(name: &'static str, check: RowCheck, about: &'static str) -> Check {
    wrong(name, How::Rows(check), about)
}

/// Every check, in the order in which they are made.
pub static CHECKS: [Check; 28] = [
    wrong("calls.readable", How::CallReadable, "calls that cannot be read"),
    wrong(
        "calls.stage",
        How::CallStage,
        "calls whose stage is not what events, recording and analysis amount to",
    ),
    wrong("calls.columns", How::CallColumns, "calls whose row does not say what their events say"),
    rows(
        "calls.stranded",
        RowCheck::CallsStranded,
        "calls that are over without an outcome, and nothing will move them",
    ),
    rows("calls.verdict", RowCheck::CallVerdicts, "calls whose verdict is not that of their newest analysis"),
    notice("calls.names", How::Rows(RowCheck::CallNames), "calls that bear a name of another call"),
    wrong("recordings.stored", How::Recordings, "recordings whose object is missing or another one"),
    wrong("recordings.orphans", How::Orphans, "objects that no recording names"),
    rows(
        "requests.outcome",
        RowCheck::RequestsOutcome,
        "requests to Shunya without what their state stands for",
    ),
    rows("requests.stranded", RowCheck::RequestsStranded, "open requests to Shunya that no job will move"),
    rows("analyses.request", RowCheck::AnalysisRequests, "analyses that are not the result of their request"),
    notice(
        "transcripts.missing",
        How::Rows(RowCheck::TranscriptsMissing),
        "analysed calls without a transcript",
    ),
    rows("leads.history", RowCheck::LeadHistory, "leads whose status is not the last their history tells"),
    rows("leads.chain", RowCheck::LeadChain, "moves of a lead that do not begin where the one before ended"),
    rows("leads.active", RowCheck::LeadsActive, "active leads of a customer who has another one"),
    wrong("contacts.phone", How::Phones, "cards whose number is another card's, or not in E.164"),
    rows("tasks.twins", RowCheck::TaskTwins, "unfinished tasks of a customer that say the same as another"),
    rows("signals.twins", RowCheck::SignalTwins, "open signals of a customer that say the same as another"),
    rows("appointments.twins", RowCheck::AppointmentTwins, "appointments of a lead at the time of another"),
    rows("events.told", RowCheck::EventsTold, "rows whose making was not told"),
    rows(
        "events.keys",
        RowCheck::EventKeys,
        "events whose key does not follow from them, so that they can be told twice",
    ),
    rows("webhooks.waiting", RowCheck::WebhooksWaiting, "webhooks that nobody applies"),
    Check {
        is_deep: true,
        ..wrong("webhooks.keys", How::WebhookKeys, "webhooks whose key is not made of their bytes")
    },
    rows("jobs.leases", RowCheck::JobLeases, "running jobs whose lease ran out long ago"),
    rows("jobs.subjects", RowCheck::JobSubjects, "jobs about something that is not there"),
    notice("jobs.dead", How::Rows(RowCheck::JobsDead), "jobs given up on"),
    rows(
        "rows.tenants",
        RowCheck::RowTenants,
        "rows that refer to one that is gone, or is another company's",
    ),
    wrong(
        "dashboards.numbers",
        How::Dashboards,
        "companies whose dashboard shows other numbers than their analyses give",
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_told_apart_and_speak_of_an_area() {
        let names: BTreeSet<_> = CHECKS.iter().map(|check| check.name).collect();
        assert_eq!(names.len(), CHECKS.len());
        assert!(names.iter().all(|name| name.split('.').count() == 2), "{names:?}");
    }
}
