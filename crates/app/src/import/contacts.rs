//! Customers' cards, by their number.

use crm::CardFields;
use kernel::{ContactCardId, StoreError};
use serde_json::{Map, Value};

use super::{desk::Desk, report::Tally, row::id_of};
use crate::ports::{CardPut, MovedCard, OldRow, OldTable, UnitOfWork};

/// A card, or why it cannot be taken.
fn card(company: &str, row: &OldRow) -> Result<MovedCard, &'static str> {
    let id = row.text("id").ok_or("it has no id")?;
    let first = row.phone("primary_phone");
    let second = row.phone("secondary_phone");
    let phone = first.clone().or_else(|| second.clone()).ok_or("it has no number that can be called")?;
    let (created_at, updated_at) = row.times();
    let mut metadata = match row.document("metadata") {
        Some(Value::Object(fields)) => fields,
        Some(other) => Map::from_iter([("metadata".to_owned(), other)]),
        None => Map::new(),
    };
    if let Some(snapshot) = row.document("property_snapshot") {
        metadata.insert("property_snapshot".to_owned(), snapshot);
    }
    Ok(MovedCard {
        id: ContactCardId(id_of(OldTable::ContactCards, company, &id)),
        second_phone: second.filter(|second| *second != phone),
        phone,
        fields: CardFields {
            first_name: row.text("first_name"),
            last_name: row.text("last_name"),
            email: row.text("email"),
            address: row.text("address"),
            city: row.text("city"),
            state: row.text("state"),
            postal_code: row.text("postal_code"),
        },
        metadata: (!metadata.is_empty()).then_some(Value::Object(metadata)),
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
    for row in page {
        let moved = match card(desk.company(), row) {
            Ok(moved) => moved,
            Err(why) => {
                tally.set_aside(&row.key, why);
                continue;
            }
        };
        match unit.intake().put_card(&moved).await? {
            CardPut::Taken => {
                tally.taken += 1;
                if row.phone("primary_phone").is_none() {
                    tally.note("its first number is none: it goes by its second");
                }
            }
            CardPut::There => tally.there += 1,
            CardPut::United { filled } => {
                tally.united += 1;
                tally.filled += u64::from(filled);
            }
            CardPut::Refused => tally.set_aside(&row.key, "another company has a card of this id"),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(columns: &Value) -> OldRow {
        OldRow { key: String::new(), columns: columns.as_object().unwrap().clone() }
    }

    #[test]
    fn a_card_goes_by_the_first_number_that_is_one() {
        let card = |first: &str, second: &str| {
            card("org", &row(&json!({ "id": "7", "primary_phone": first, "secondary_phone": second })))
        };
        let both = card("(602) 555-0101", "602.555.0102").unwrap();
        assert_eq!(
            (both.phone.as_str(), both.second_phone.unwrap().as_str()),
            ("+16025550101", "+16025550102")
        );
        let second = card("anonymous", "6025550102").unwrap();
        assert_eq!((second.phone.as_str(), second.second_phone), ("+16025550102", None));
        assert_eq!(card("266696687", "").err(), Some("it has no number that can be called"));
    }

    #[test]
    fn what_has_no_field_of_its_own_is_kept_beside() {
        let kept =
            row(&json!({ "id": "7", "primary_phone": "6025550101", "metadata": "{\"gate\": \"4711\"}",
            "property_snapshot": { "stories": 2 } }));
        let metadata = card("org", &kept).unwrap().metadata;
        assert_eq!(metadata, Some(json!({ "gate": "4711", "property_snapshot": { "stories": 2 } })));
    }
}
