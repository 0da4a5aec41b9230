use app::ports::{EnsuredContact, NewContact};
use crm::ContactUpdate;
use diesel::{ExpressionMethods, QueryDsl, Queryable, Selectable, SelectableHelper};
use diesel_async::RunQueryDsl;
use kernel::{ContactCardId, StoreError, Timestamp};

use crate::{
    db::{Conn, find_locked, on_db},
    error::fail,
    kept::kept,
    schema::contact_cards as cards,
    types::{DbId, DbTs},
};

const TABLE: &str = "contact_cards";

/// A full name as first and last: what comes after the first blank is the last name.
pub(super) fn split_name(name: &str) -> (Option<String>, Option<String>) {
    let mut parts = name.trim().splitn(2, char::is_whitespace);
    let part = |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    (part(parts.next()), part(parts.next()))
}

pub(super) async fn ensure(
    conn: &mut Conn,
    company: &str,
    contact: &NewContact<'_>,
    now: Timestamp,
) -> Result<EnsuredContact, StoreError> {
    let (first, last) = contact.name.map(split_name).unwrap_or_default();
    let row = (
        cards::id.eq(DbId::from(contact.id)),
        cards::company_id.eq(company),
        cards::primary_phone.eq(contact.phone.as_str()),
        cards::first_name.eq(first),
        cards::last_name.eq(last),
        cards::city.eq(contact.city),
        cards::state.eq(contact.state),
        cards::created_at.eq(DbTs(now)),
        cards::updated_at.eq(DbTs(now)),
    );
    // the update that changes nothing locks the row and answers it, so that concurrent callers meet here; it names no key
    // column, which would lock out everybody who adds a row about this customer
    let id: DbId = on_db!(conn, "contact_cards.ensure", |c| {
        let insert = diesel::insert_into(cards::table)
            .values(row)
            .on_conflict((cards::company_id, cards::primary_phone))
            .do_update()
            .set(cards::version.eq(cards::version))
            .returning(cards::id);
        kept(insert).get_result(c).await
    })
    .map_err(fail(TABLE))?;
    let id = ContactCardId::from(id);
    Ok(EnsuredContact { id, is_new: id == contact.id })
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = cards)]
struct Known {
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    address: Option<String>,
    city: Option<String>,
    state: Option<String>,
    postal_code: Option<String>,
}

/// Locks a card until the unit of work ends; whoever locks a card and a lead of its takes the card first.
pub(super) async fn lock(conn: &mut Conn, company: &str, id: ContactCardId) -> Result<(), StoreError> {
    let target = cards::table.filter(cards::company_id.eq(company)).filter(cards::id.eq(DbId::from(id)));
    let _: Option<DbId> =
        find_locked!(conn, "contact_cards.lock", target.select(cards::id)).map_err(fail(TABLE))?;
    Ok(())
}

pub(super) async fn fill(
    conn: &mut Conn,
    company: &str,
    id: ContactCardId,
    update: &ContactUpdate,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let target = cards::table.filter(cards::company_id.eq(company)).filter(cards::id.eq(DbId::from(id)));
    let known: Option<Known> =
        find_locked!(conn, "contact_cards.find", target.select(Known::as_select())).map_err(fail(TABLE))?;
    let Some(known) = known else { return Ok(false) };
    let (first, last) = match (&known.first_name, &known.last_name, &update.name) {
        // a name is one thing: half of one and half of another would be nobody's
        (None, None, Some(name)) => split_name(name),
        (first, last, _) => (first.clone(), last.clone()),
    };
    // likewise an address
    let (address, city, state, postal_code) = match &known.address {
        None if update.address.is_some() => (
            update.address.clone(),
            update.city.clone().or_else(|| known.city.clone()),
            update.state.clone().or_else(|| known.state.clone()),
            update.postal_code.clone().or_else(|| known.postal_code.clone()),
        ),
        _ => (known.address.clone(), known.city.clone(), known.state.clone(), known.postal_code.clone()),
    };
    let email = known.email.clone().or_else(|| update.email.clone());
    let unchanged = (&first, &last, &email) == (&known.first_name, &known.last_name, &known.email)
        && (&address, &city, &state, &postal_code)
            == (&known.address, &known.city, &known.state, &known.postal_code);
    if unchanged {
        return Ok(false);
    }
    on_db!(conn, "contact_cards.fill", |c| {
        let update = diesel::update(target).set((
            cards::first_name.eq(first),
            cards::last_name.eq(last),
            cards::email.eq(email),
            cards::address.eq(address),
            cards::city.eq(city),
            cards::state.eq(state),
            cards::postal_code.eq(postal_code),
            cards::version.eq(cards::version + 1),
            cards::updated_at.eq(DbTs(now)),
        ));
        kept(update).execute(c).await
    })
    .map_err(fail(TABLE))?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::split_name;

    #[test]
    fn names_are_split_at_the_first_blank() {
        let split = |name| {
            let (first, last) = split_name(name);
            (first.unwrap_or_default(), last.unwrap_or_default())
        };
        assert_eq!(split("Kaylah Mills"), ("Kaylah".into(), "Mills".into()));
        assert_eq!(split(" Maria  de la Cruz "), ("Maria".into(), "de la Cruz".into()));
        assert_eq!(split("Cher"), ("Cher".into(), String::new()));
        assert_eq!(split_name("  "), (None, None));
    }
}
