use app::ports::{EnsuredContact, NewContact};
use crm::{CardFields, ContactUpdate, Learned, Provided, relearn};
use diesel::{ExpressionMethods, QueryDsl, Queryable, Selectable, SelectableHelper};
use diesel_async::RunQueryDsl;
use kernel::{CallId, ContactCardId, StoreError, Timestamp};

use crate::{
    db::{Conn, find_locked, later, on_db},
    error::{corrupt, fail},
    kept::kept,
    schema::contact_cards as cards,
    types::{DbDoc, DbId, DbTs},
};

const TABLE: &str = "contact_cards";

pub(super) async fn ensure(
    conn: &mut Conn,
    company: &str,
    contact: &NewContact<'_>,
    now: Timestamp,
) -> Result<EnsuredContact, StoreError> {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let provided =
        Provided { name: owned(contact.name), city: owned(contact.city), state: owned(contact.state) };
    let learned = Learned::default().provided(provided);
    let fields = learned.fields();
    let row = (
        cards::id.eq(DbId::from(contact.id)),
        cards::company_id.eq(company),
        cards::primary_phone.eq(contact.phone.as_str()),
        cards::first_name.eq(fields.first_name),
        cards::last_name.eq(fields.last_name),
        cards::city.eq(fields.city),
        cards::state.eq(fields.state),
        cards::learned.eq(DbDoc::of(&learned)),
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
pub(super) struct Known {
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    address: Option<String>,
    city: Option<String>,
    state: Option<String>,
    postal_code: Option<String>,
    learned: Option<DbDoc>,
}

impl Known {
    /// A card's fields that are learned, and what they were learned from.
    pub(super) fn read(self, id: ContactCardId) -> Result<(CardFields, Learned), StoreError> {
        let learned = match &self.learned {
            Some(doc) => doc.read().map_err(|error| corrupt(TABLE, "learned", id, error))?,
            None => Learned::default(),
        };
        let fields = CardFields {
            first_name: self.first_name,
            last_name: self.last_name,
            email: self.email,
            address: self.address,
            city: self.city,
            state: self.state,
            postal_code: self.postal_code,
        };
        Ok((fields, learned))
    }
}

/// Locks a card until the unit of work ends; whoever locks a card and a lead of its takes the card first.
pub(super) async fn lock(conn: &mut Conn, company: &str, id: ContactCardId) -> Result<(), StoreError> {
    let target = cards::table.filter(cards::company_id.eq(company)).filter(cards::id.eq(DbId::from(id)));
    let _: Option<DbId> =
        find_locked!(conn, "contact_cards.lock", target.select(cards::id)).map_err(fail(TABLE))?;
    Ok(())
}

/// A card's learned fields and what they were learned from, locked until the unit of work ends.
async fn known(
    conn: &mut Conn,
    company: &str,
    id: ContactCardId,
) -> Result<Option<(CardFields, Learned)>, StoreError> {
    let target = cards::table.filter(cards::company_id.eq(company)).filter(cards::id.eq(DbId::from(id)));
    let row: Option<Known> =
        find_locked!(conn, "contact_cards.find", target.select(Known::as_select())).map_err(fail(TABLE))?;
    row.map(|row| row.read(id)).transpose()
}

/// Writes what was learned, and the fields it changes; answers whether there are any. An analysis counts as a change
/// that somebody else's edit must not be made over unseen, what a provider reports does not.
pub(super) async fn write(
    conn: &mut Conn,
    company: &str,
    id: ContactCardId,
    (known, before): (CardFields, Learned),
    after: &Learned,
    counts: bool,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let fields = relearn(&known, &before, after);
    let changed = fields != known;
    if !changed && *after == before {
        return Ok(false);
    }
    let target =
        cards::table.filter(cards::company_id.eq(company.to_owned())).filter(cards::id.eq(DbId::from(id)));
    let update = diesel::update(target).set((
        cards::first_name.eq(fields.first_name),
        cards::last_name.eq(fields.last_name),
        cards::email.eq(fields.email),
        cards::address.eq(fields.address),
        cards::city.eq(fields.city),
        cards::state.eq(fields.state),
        cards::postal_code.eq(fields.postal_code),
        cards::learned.eq(DbDoc::of(after)),
        cards::version.eq(cards::version + i32::from(changed && counts)),
        cards::updated_at.eq(DbTs(now)),
    ));
    later!(conn, "contact_cards.learn", TABLE, kept(update))?;
    Ok(changed)
}

pub(super) async fn hear(
    conn: &mut Conn,
    company: &str,
    id: ContactCardId,
    update: &ContactUpdate,
    heard: (CallId, Timestamp),
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Some(known) = known(conn, company, id).await? else { return Ok(false) };
    let mut after = known.1.clone();
    after.hear(update, heard.1, heard.0);
    write(conn, company, id, known, &after, true, now).await
}
