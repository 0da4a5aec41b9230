//! Leads with their history, which the predecessor kept only of some moves.

use crm::{LeadSource, LeadStatus};
use kernel::{ContactCardId, LeadId, StoreError, Timestamp};
use serde_json::json;

use super::{
    desk::{Desk, Past},
    report::Tally,
    row::id_of,
};
use crate::ports::{MovedLead, MovedStep, OldRow, OldTable, Put, UnitOfWork};

/// Who moves a lead where the predecessor does not say.
const MOVER: &str = "import";

/// Why a lead is put to sleep.
const SECOND: &str = "the customer has another active lead";

fn step(from: Option<LeadStatus>, to: LeadStatus, reason: &str, at: Timestamp) -> MovedStep {
    MovedStep { from, to, reason: Some(reason.to_owned()), triggered_by: MOVER.to_owned(), context: None, at }
}

/// A line of the predecessor's history; none where it names no status of ours.
fn line(row: &OldRow, made: Timestamp) -> Option<MovedStep> {
    Some(MovedStep {
        from: row.word("from_status").ok()?,
        to: row.word("to_status").ok()??,
        reason: row.text("reason"),
        triggered_by: row.text("triggered_by").unwrap_or_else(|| MOVER.to_owned()),
        context: row.document("context"),
        at: row.instant("created_at").unwrap_or(made),
    })
}

/// The whole way from a lead's making to its status: what the predecessor wrote down, and between it the moves it did not.
fn whole(lines: Vec<MovedStep>, status: LeadStatus, made: Timestamp, changed: Timestamp) -> Vec<MovedStep> {
    let begins = lines.first().map_or(status, |line| line.from.unwrap_or(line.to));
    let mut steps = vec![step(None, begins, "lead created", made)];
    let mut stands = begins;
    for line in lines {
        if let Some(from) = line.from.filter(|from| *from != stands) {
            steps.push(step(Some(stands), from, "not written down by the predecessor", line.at));
            stands = from;
        }
        if line.to != stands {
            let to = line.to;
            steps.push(MovedStep { from: Some(stands), ..line });
            stands = to;
        }
    }
    if stands != status {
        steps.push(step(Some(stands), status, "not written down by the predecessor", changed));
    }
    steps
}

/// The lead as one that is asleep.
fn asleep(lead: MovedLead) -> MovedLead {
    let mut history = lead.history;
    history.push(step(Some(lead.status), LeadStatus::Dormant, SECOND, lead.updated_at));
    MovedLead { status: LeadStatus::Dormant, history, ..lead }
}

/// A lead of a card, or why it cannot be taken.
fn lead(
    company: &str,
    row: &OldRow,
    contact: ContactCardId,
    tally: &mut Tally,
) -> Result<MovedLead, &'static str> {
    let id = row.text("id").ok_or("it has no id")?;
    let status = row.word("status").map_err(|()| "its status is none of ours")?.unwrap_or(LeadStatus::New);
    let source = row.word("source").unwrap_or_else(|()| {
        tally.note("its source is none of ours: it is other");
        Some(LeadSource::Other)
    });
    let (created_at, updated_at) = row.times();
    let lines = row.rows("_history");
    let known: Vec<_> = lines.iter().filter_map(|row| line(row, created_at)).collect();
    if known.len() < lines.len() {
        tally.note("lines of its history name a status that is none of ours, and were left out");
    }
    Ok(MovedLead {
        id: LeadId(id_of(OldTable::Leads, company, &id)),
        contact,
        status,
        source: source.unwrap_or(LeadSource::Unknown),
        campaign: row.text("campaign"),
        pipeline_stage: row.text("pipeline_stage"),
        priority: row.word("priority").unwrap_or_default(),
        score: row.whole("score").and_then(|score| i32::try_from(score).ok()),
        tags: row.document("tags"),
        assigned_rep: row.user("assigned_rep_id"),
        deal_status: row.text("deal_status"),
        deal_size_cents: row.cents("deal_size"),
        last_contacted_at: row.instant("last_contacted_at"),
        history: whole(known, status, created_at, updated_at),
        created_at,
        updated_at,
    })
}

pub(super) async fn take(
    desk: &Desk<'_>,
    unit: &mut dyn UnitOfWork,
    page: &[OldRow],
    tally: &mut Tally,
) -> Result<(), StoreError> {
    let id = |row: &OldRow| Some(id_of(OldTable::Leads, desk.company(), &row.text("id")?));
    let ids: Vec<_> = page.iter().filter_map(id).collect();
    let there = unit.intake().there(OldTable::Leads, &ids).await?;
    for row in page {
        let name = row.text("id").unwrap_or_default();
        if id(row).is_some_and(|id| there.contains(&id)) {
            tally.there += 1;
            continue;
        }
        let card = match row.card_phone() {
            Some(phone) => unit.intake().card_of(&phone).await?,
            None => None,
        };
        let Some(card) = card else {
            tally.set_aside(&name, "its customer has no card that could be taken");
            continue;
        };
        let moved = match lead(desk.company(), row, card, tally) {
            Ok(moved) => moved,
            Err(why) => {
                tally.set_aside(&name, why);
                continue;
            }
        };
        put(desk, unit, moved, &name, tally).await?;
    }
    Ok(())
}

async fn put(
    desk: &Desk<'_>,
    unit: &mut dyn UnitOfWork,
    mut moved: MovedLead,
    name: &str,
    tally: &mut Tally,
) -> Result<(), StoreError> {
    let mut put = unit.intake().put_lead(&moved).await?;
    if put == Put::Refused && moved.status.is_active() {
        moved = asleep(moved);
        put = unit.intake().put_lead(&moved).await?;
        if put == Put::Taken {
            tally.note("its customer has another active lead: it is asleep");
        }
    }
    match put {
        Put::Taken => tally.taken += 1,
        Put::There => tally.there += 1,
        Put::Refused => {
            tally.set_aside(name, "another company has a lead of this id");
            return Ok(());
        }
    }
    let data = json!({
        "lead_id": moved.id, "company_id": desk.scope.company, "contact_card_id": moved.contact, "status": "new",
        "source": moved.source.as_str(), "campaign": moved.campaign, "pipeline_stage": moved.pipeline_stage,
    });
    let past = Past {
        event: "lead.created",
        subject: moved.id.to_string(),
        lead: Some(moved.id),
        call: None,
        at: moved.created_at,
    };
    if let (Put::Taken, Some(event)) = (put, desk.past(past, data)) {
        unit.events().append(vec![event], None).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use LeadStatus::{Dormant, New, QualifiedBooked, QualifiedUnbooked, Warm};

    use super::*;

    fn at(minute: i64) -> Timestamp {
        chrono::DateTime::UNIX_EPOCH + chrono::Duration::minutes(minute)
    }

    fn moved(from: Option<LeadStatus>, to: LeadStatus, minute: i64) -> MovedStep {
        MovedStep { triggered_by: "shunya".to_owned(), ..step(from, to, "call booked", at(minute)) }
    }

    /// From where to where, and who moved it.
    fn way(steps: &[MovedStep]) -> Vec<(Option<LeadStatus>, LeadStatus, &str)> {
        steps.iter().map(|step| (step.from, step.to, step.triggered_by.as_str())).collect()
    }

    #[test]
    fn a_lead_without_a_history_gets_the_line_of_its_making() {
        let steps = whole(Vec::new(), Warm, at(0), at(9));
        assert_eq!(way(&steps), [(None, Warm, MOVER)]);
        assert_eq!(steps[0].at, at(0));
    }

    #[test]
    fn moves_nobody_wrote_down_are_put_between_those_somebody_did() {
        let lines = vec![moved(Some(New), Warm, 1), moved(Some(QualifiedUnbooked), QualifiedBooked, 5)];
        let steps = whole(lines, Dormant, at(0), at(9));
        assert_eq!(
            way(&steps),
            [
                (None, New, MOVER),
                (Some(New), Warm, "shunya"),
                (Some(Warm), QualifiedUnbooked, MOVER),
                (Some(QualifiedUnbooked), QualifiedBooked, "shunya"),
                (Some(QualifiedBooked), Dormant, MOVER),
            ]
        );
        assert_eq!((steps[2].at, steps[4].at), (at(5), at(9)));
    }

    #[test]
    fn lines_that_move_nothing_are_no_moves() {
        let lines = vec![moved(None, New, 1), moved(Some(New), New, 2), moved(None, Warm, 3)];
        let steps = whole(lines, Warm, at(0), at(9));
        assert_eq!(way(&steps), [(None, New, MOVER), (Some(New), Warm, "shunya")]);
    }

    #[test]
    fn every_history_is_a_chain_that_ends_at_the_status() {
        let all = LeadStatus::ALL;
        for (place, status) in all.iter().enumerate() {
            let lines = (0..6)
                .map(|n| {
                    let from = all[(place * 3 + n * 5) % all.len()];
                    moved((n % 3 != 0).then_some(from), all[(place + n * 7) % all.len()], 1)
                })
                .collect();
            let steps = whole(lines, *status, at(0), at(9));
            assert_eq!(steps[0].from, None);
            assert!(steps.windows(2).all(|two| two[1].from == Some(two[0].to) && two[1].to != two[0].to));
            assert_eq!(steps.last().unwrap().to, *status);
        }
    }
}
