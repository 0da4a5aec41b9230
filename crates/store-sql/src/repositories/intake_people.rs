//! Companies, people and cards that come from elsewhere.

use app::ports::{CardPut, MovedCard, MovedUser, Put, SealedSecret};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl};
use diesel_async::RunQueryDsl;
use kernel::{ContactCardId, PhoneNumber, Provider, StoreError, Timestamp};
use tenancy::Company;

use crate::{
    db::{Conn, find_locked, on_db},
    error::fail,
    schema::{
        companies, contact_cards as cards, provider_credentials as credentials, tracking_numbers as numbers,
        users,
    },
    system::id_of,
    types::{DbDoc, DbId, DbTs},
};

pub(super) async fn company(conn: &mut Conn, company: &Company, now: Timestamp) -> Result<Put, StoreError> {
    let row = (
        companies::id.eq(company.id.as_str()),
        companies::name.eq(&company.name),
        companies::time_zone.eq(company.calendar.zone_name()),
        companies::tenant_key.eq(company.tenant_key.expose()),
        companies::created_at.eq(DbTs(now)),
        companies::updated_at.eq(DbTs(now)),
    );
    let added = on_db!(conn, "companies.put", |c| {
        diesel::insert_into(companies::table)
            .values(row)
            .on_conflict(companies::id)
            .do_nothing()
            .execute(c)
            .await
    })
    .map_err(fail("companies"))?;
    Ok(if added > 0 { Put::Taken } else { Put::There })
}

pub(super) async fn number(
    conn: &mut Conn,
    company: &str,
    provider: Provider,
    number: &PhoneNumber,
    now: Timestamp,
) -> Result<Put, StoreError> {
    let row = (
        numbers::id.eq(id_of(&["tracking_number", number.as_str()])),
        numbers::company_id.eq(company),
        numbers::number.eq(number.as_str()),
        numbers::provider.eq(provider.as_str()),
        numbers::created_at.eq(DbTs(now)),
    );
    let added = on_db!(conn, "tracking_numbers.put", |c| {
        diesel::insert_into(numbers::table).values(row).on_conflict_do_nothing().execute(c).await
    })
    .map_err(fail("tracking_numbers"))?;
    if added > 0 {
        return Ok(Put::Taken);
    }
    let own: i64 = on_db!(conn, "tracking_numbers.is_own", |c| {
        let own = numbers::table
            .filter(numbers::company_id.eq(company))
            .filter(numbers::number.eq(number.as_str()));
        own.count().get_result(c).await
    })
    .map_err(fail("tracking_numbers"))?;
    Ok(if own > 0 { Put::There } else { Put::Refused })
}

pub(super) async fn credential(
    conn: &mut Conn,
    company: &str,
    (provider, name): (Provider, &str),
    sealed: &SealedSecret,
    now: Timestamp,
) -> Result<Put, StoreError> {
    let row = (
        credentials::id.eq(id_of(&["provider_credential", company, provider.as_str(), name])),
        credentials::company_id.eq(company),
        credentials::provider.eq(provider.as_str()),
        credentials::name.eq(name),
        credentials::ciphertext.eq(&sealed.0),
        credentials::created_at.eq(DbTs(now)),
        credentials::updated_at.eq(DbTs(now)),
    );
    let added = on_db!(conn, "provider_credentials.put", |c| {
        diesel::insert_into(credentials::table).values(row).on_conflict_do_nothing().execute(c).await
    })
    .map_err(fail("provider_credentials"))?;
    Ok(if added > 0 { Put::Taken } else { Put::There })
}

pub(super) async fn user(
    conn: &mut Conn,
    company: &str,
    user: &MovedUser,
    now: Timestamp,
) -> Result<Put, StoreError> {
    let row = (
        users::id.eq(user.id.as_str()),
        users::company_id.eq(company),
        users::name.eq(user.name.as_deref()),
        users::email.eq(user.email.as_deref()),
        users::role.eq(user.role.as_str()),
        users::created_at.eq(DbTs(now)),
        users::updated_at.eq(DbTs(now)),
    );
    let added = on_db!(conn, "users.put", |c| {
        diesel::insert_into(users::table).values(row).on_conflict_do_nothing().execute(c).await
    })
    .map_err(fail("users"))?;
    if added > 0 {
        return Ok(Put::Taken);
    }
    let own: i64 = on_db!(conn, "users.is_own", |c| {
        let own = users::table.filter(users::company_id.eq(company)).filter(users::id.eq(user.id.as_str()));
        own.count().get_result(c).await
    })
    .map_err(fail("users"))?;
    Ok(if own > 0 { Put::There } else { Put::Refused })
}

pub(super) async fn card_of(
    conn: &mut Conn,
    company: &str,
    phone: &PhoneNumber,
) -> Result<Option<ContactCardId>, StoreError> {
    let found: Option<DbId> = on_db!(conn, "contact_cards.of_number", |c| {
        cards::table
            .filter(cards::company_id.eq(company))
            .filter(cards::primary_phone.eq(phone.as_str()))
            .select(cards::id)
            .get_result(c)
            .await
            .optional()
    })
    .map_err(fail("contact_cards"))?;
    Ok(found.map(Into::into))
}

pub(super) async fn card(conn: &mut Conn, company: &str, card: &MovedCard) -> Result<CardPut, StoreError> {
    let fields = &card.fields;
    let row = (
        (
            cards::id.eq(DbId::from(card.id)),
            cards::company_id.eq(company),
            cards::primary_phone.eq(card.phone.as_str()),
            cards::secondary_phone.eq(card.second_phone.as_ref().map(PhoneNumber::as_str)),
            cards::metadata.eq(card.metadata.clone().map(DbDoc)),
            cards::created_at.eq(DbTs(card.created_at)),
            cards::updated_at.eq(DbTs(card.updated_at)),
        ),
        (
            cards::first_name.eq(fields.first_name.as_deref()),
            cards::last_name.eq(fields.last_name.as_deref()),
            cards::email.eq(fields.email.as_deref()),
            cards::address.eq(fields.address.as_deref()),
            cards::city.eq(fields.city.as_deref()),
            cards::state.eq(fields.state.as_deref()),
            cards::postal_code.eq(fields.postal_code.as_deref()),
        ),
    );
    let added = on_db!(conn, "contact_cards.put", |c| {
        diesel::insert_into(cards::table).values(row).on_conflict_do_nothing().execute(c).await
    })
    .map_err(fail("contact_cards"))?;
    if added > 0 {
        return Ok(CardPut::Taken);
    }
    fill(conn, company, card).await
}

type Held = (
    DbId,
    (Option<String>, Option<DbDoc>),
    (Option<String>, Option<String>, Option<String>),
    (Option<String>, Option<String>, Option<String>, Option<String>),
);

/// Fills what is empty on the card a number has already: a name of both parts, an address as a whole.
async fn fill(conn: &mut Conn, company: &str, card: &MovedCard) -> Result<CardPut, StoreError> {
    let target = cards::table
        .filter(cards::company_id.eq(company))
        .filter(cards::primary_phone.eq(card.phone.as_str()));
    let held: Option<Held> = find_locked!(
        conn,
        "contact_cards.held",
        target.select((
            cards::id,
            (cards::secondary_phone, cards::metadata),
            (cards::first_name, cards::last_name, cards::email),
            (cards::address, cards::city, cards::state, cards::postal_code),
        ))
    )
    .map_err(fail("contact_cards"))?;
    let Some((id, (second, metadata), (first, last, email), place)) = held else {
        return Ok(CardPut::Refused);
    };
    if id == DbId::from(card.id) {
        return Ok(CardPut::There);
    }
    let fields = &card.fields;
    let nameless = first.is_none() && last.is_none();
    let placeless = place.0.is_none() && place.1.is_none() && place.2.is_none() && place.3.is_none();
    let new = |is_empty: bool, value: &Option<String>| value.clone().filter(|_| is_empty);
    let first = new(nameless, &fields.first_name);
    let last = new(nameless, &fields.last_name);
    let email = new(email.is_none(), &fields.email);
    let address = new(placeless, &fields.address);
    let city = new(placeless, &fields.city);
    let state = new(placeless, &fields.state);
    let postal_code = new(placeless, &fields.postal_code);
    let second = card.second_phone.as_ref().filter(|_| second.is_none());
    let metadata = card.metadata.clone().filter(|_| metadata.is_none());
    let texts = [&first, &last, &email, &address, &city, &state, &postal_code];
    if texts.iter().all(|text| text.is_none()) && second.is_none() && metadata.is_none() {
        return Ok(CardPut::United { filled: false });
    }
    // what is none stays as it is
    on_db!(conn, "contact_cards.fill", |c| {
        let update = diesel::update(target).set((
            (
                first.map(|text| cards::first_name.eq(text)),
                last.map(|text| cards::last_name.eq(text)),
                email.map(|text| cards::email.eq(text)),
                address.map(|text| cards::address.eq(text)),
                city.map(|text| cards::city.eq(text)),
                state.map(|text| cards::state.eq(text)),
                postal_code.map(|text| cards::postal_code.eq(text)),
            ),
            (
                second.map(|number| cards::secondary_phone.eq(number.as_str())),
                metadata.map(|metadata| cards::metadata.eq(DbDoc(metadata))),
                cards::version.eq(cards::version + 1),
            ),
        ));
        // its text depends on what is filled
        update.execute(c).await
    })
    .map_err(fail("contact_cards"))?;
    Ok(CardPut::United { filled: true })
}
