//! Reading a provider's own list of calls, and ingesting those whose webhooks never reached us.
//!
//! CallRail sends each webhook once and never again: what we were not there to take is lost unless we ask. Each account's
//! list is walked from where everything was taken in, oldest first, and how far is stored page by page. So a walk that
//! was interrupted, or that was longer than one run may be, goes on where it stopped, and an outage of whatever length is
//! caught up with.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bytes::Bytes;
use chrono::Duration;
use idempotency::{InboxState, event_key};
use kernel::{
    CompanyId, ErrorKind, InboxId, Provider, ProviderError, Scope, StoreError, Timestamp, fingerprint,
};
use queue::FailureClass;
use tracing::Instrument;

use super::{
    apply_call_event,
    apply_call_event::is_known,
    credential_context,
    fetch_recording::{ACCOUNT_ID, API_KEY, ApiAccount, account_of, platform_account},
};
use crate::{
    Patience, Ports, again,
    jobs::{Done, JobError, JobRun, ListCompanyCalls, SystemRun},
    ports::{
        CallListing, CallsSince, ListedCall, ListedCalls, NewInboxEntry, RecordingSource, TenantHints,
        Unreadable,
    },
};

/// What began up to this long before everything was taken in is looked at again: recordings are attached up to a day
/// late, calls may still be going on, clocks differ, and a provider may take our time for another zone's.
const OVERLAP: Duration = Duration::hours(25);
/// An account never read before is read from this long ago. Long enough for a weekend between connecting the account and
/// being sent webhooks; what is older a company has dealt with itself, and its analysis would cost money.
const FIRST_LOOK: Duration = Duration::days(3);
/// Calls older than this are not asked for: CallRail keeps 25 months and refuses to be asked for more.
const LONGEST_AGO: Duration = Duration::days(24 * 30);
/// At most so many pages are read in one run; the next goes on from there. With CallRail's 250 calls a page and four runs
/// an hour, 40,000 calls an hour and 160 of the 1,000 requests it allows.
const MOST_PAGES: usize = 40;
/// The kind under which an entry that could not be taken in is kept.
pub(super) const LISTED: &str = "call.listed";

/// Reads the list of the platform's own account, and sets companies with accounts of their own to read theirs.
pub async fn list_platform_calls(run: &SystemRun<'_>) -> Result<Done, JobError> {
    let ports = run.ports;
    for company in ports.tenants.with_credential(Provider::Callrail, API_KEY).await? {
        let now = ports.clock.now();
        let mut work = ports.begin(&Scope::system(company, "callrail")).await?;
        work.enqueue(&ListCompanyCalls {}, now).await?;
        work.commit().await?;
    }
    if let Some(account) = platform_account(ports) {
        Walk::begin(ports, &account).await?.go().await?;
    }
    Ok(Done::Finished)
}

/// Reads the list of one company's own account.
pub async fn list_company_calls(run: &JobRun<'_>) -> Result<Done, JobError> {
    let account = account_of(run.ports, &run.scope, Provider::Callrail).await?;
    // without an account of its own any more, it is in the platform's, which is read anyway
    if account.owner.is_some() {
        Walk::begin(run.ports, &account).await?.go().await?;
    }
    Ok(Done::Finished)
}

/// The name under which an account's list is kept.
fn account_key(account_id: &str) -> String {
    fingerprint(&[account_id.as_bytes()]).chars().take(32).collect()
}

/// How far the lists were read of every account that is configured now.
pub async fn listings_in_use(ports: &Ports) -> Result<Vec<CallListing>, StoreError> {
    let provider = Provider::Callrail;
    let with_key: BTreeSet<CompanyId> =
        ports.tenants.with_credential(provider, API_KEY).await?.into_iter().collect();
    let mut keys: BTreeSet<(Option<CompanyId>, String)> = BTreeSet::new();
    for (company, sealed) in ports.tenants.credentials_named(provider, ACCOUNT_ID).await? {
        let context = credential_context(&company, provider, ACCOUNT_ID);
        // one that cannot be opened is not read either, which its own job says
        let Ok(account) = ports.secrets.open(&sealed, &context) else { continue };
        if with_key.contains(&company) {
            keys.insert((Some(company), account_key(account.expose())));
        }
    }
    if let Some(account) = platform_account(ports) {
        keys.insert((None, account_key(&account.credentials.account_id)));
    }
    let mut listings = ports.listings.list().await?;
    listings.retain(|listing| keys.contains(&(listing.owner.clone(), listing.account_key.clone())));
    Ok(listings)
}

/// A walk through one account's list.
struct Walk<'a> {
    ports: &'a Ports,
    account: &'a ApiAccount,
    source: &'a dyn RecordingSource,
    listing: CallListing,
    /// Whose what is; asked once a run.
    owners: HashMap<TenantHints, Option<CompanyId>>,
    /// When the last call seen began, as long as they came oldest first.
    reached: Option<Timestamp>,
    is_ordered: bool,
    found: u64,
}

impl<'a> Walk<'a> {
    async fn begin(ports: &'a Ports, account: &'a ApiAccount) -> Result<Self, JobError> {
        let provider = account.provider;
        let source =
            ports.recordings(provider).ok_or_else(|| JobError::permanent("no client for this provider"))?;
        let (now, key) = (ports.clock.now(), account_key(&account.credentials.account_id));
        let owner = account.owner.as_ref();
        let listing = ports.listings.open(owner, provider, &key, now - FIRST_LOOK, now).await?;
        let (owners, found) = (HashMap::new(), 0);
        Ok(Self { ports, account, source, listing, owners, reached: None, is_ordered: true, found })
    }

    async fn go(mut self) -> Result<(), JobError> {
        let walked = self.pages().await;
        if self.found > 0 {
            metrics::counter!("otto_callrail_found_total").increment(self.found);
            let owner = self.account.owner.as_ref().map_or("the platform", CompanyId::as_str);
            tracing::warn!(account = owner, found = self.found, "calls found whose webhooks never arrived");
        }
        // where a breaker or a budget is in the way, nobody was asked
        if let Err(error) = &walked
            && !matches!(error.class, FailureClass::NotNow { .. })
        {
            let now = self.ports.clock.now();
            self.listing.failing_since.get_or_insert(now);
            self.listing.last_error = Some(error.message.clone());
            if let Err(error) = self.ports.listings.save(&mut self.listing, now).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "cannot note a list that fails");
            }
        }
        walked
    }

    async fn pages(&mut self) -> Result<(), JobError> {
        for _ in 0..MOST_PAGES {
            let now = self.ports.clock.now();
            let began = match (self.listing.walk_began, &self.listing.next_page) {
                (Some(began), Some(_)) => began,
                _ => now,
            };
            self.listing.walk_began = Some(began);
            let page = self.page(now).await?;
            let next_page = page.next_page.clone();
            self.take_in(page).await?;
            let is_over = next_page.is_none();
            // what is committed and no more: the last of a page that came in order, or all there was when it began
            let passed = if is_over { Some(began) } else { self.reached.filter(|_| self.is_ordered) };
            let until = passed.map_or(self.listing.listed_until, |passed| passed.min(began));
            self.listing.listed_until = self.listing.listed_until.max(until);
            self.listing.next_page = next_page;
            (self.listing.failing_since, self.listing.last_error) = (None, None);
            if is_over {
                (self.listing.walk_began, self.listing.finished_at) = (None, Some(self.ports.clock.now()));
            }
            if !self.ports.listings.save(&mut self.listing, now).await? {
                // another process walks through the same list
                return Ok(());
            }
            if is_over {
                return Ok(());
            }
        }
        Ok(())
    }

    /// The next page; the first, if the provider does not know its own link to the next any more.
    async fn page(&mut self, now: Timestamp) -> Result<ListedCalls, ProviderError> {
        let since = (self.listing.listed_until - OVERLAP).max(now - LONGEST_AGO);
        let mut wanted = CallsSince { since, page: self.listing.next_page.take() };
        let asked = self.source.list_calls(&self.account.credentials, &wanted).await;
        match asked {
            Err(ProviderError::Rejected { .. } | ProviderError::NotFound { .. }) if wanted.page.is_some() => {
                wanted.page = None;
                self.listing.walk_began = Some(now);
                (self.reached, self.is_ordered) = (None, true);
                self.source.list_calls(&self.account.credentials, &wanted).await
            }
            other => {
                self.listing.next_page = wanted.page;
                other
            }
        }
    }

    async fn take_in(&mut self, page: ListedCalls) -> Result<(), JobError> {
        for entry in page.unreadable {
            self.set_aside(self.account.owner.clone().as_ref(), &entry, Unreadable::Malformed.as_str())
                .await?;
        }
        let mut by_owner: BTreeMap<CompanyId, Vec<ListedCall>> = BTreeMap::new();
        for call in page.calls {
            if let Some(at) = call.event.facts.started_at {
                self.is_ordered &= self.reached.is_none_or(|reached| reached <= at);
                self.reached = Some(at);
            }
            // an account may hold companies that are not tenants, or tenants with an account of their own
            let Some(owner) = self.owner(&call.hints).await? else { continue };
            if self.account.owner.as_ref().is_none_or(|only| *only == owner) {
                by_owner.entry(owner).or_default().push(call);
            }
        }
        for (owner, calls) in by_owner {
            self.take_in_of(&owner, calls).await?;
        }
        Ok(())
    }

    async fn owner(&mut self, hints: &TenantHints) -> Result<Option<CompanyId>, StoreError> {
        if let Some(known) = self.owners.get(hints) {
            return Ok(known.clone());
        }
        let owner = whose(self.ports, self.account.provider, hints).await?;
        self.owners.insert(hints.clone(), owner.clone());
        Ok(owner)
    }

    /// Applies what is new in the calls of one company, each in a transaction of its own: one that cannot be applied is
    /// set aside and does not stop the rest.
    async fn take_in_of(&mut self, owner: &CompanyId, calls: Vec<ListedCall>) -> Result<(), JobError> {
        let provider = self.account.provider;
        let scope = Scope::system(owner.clone(), provider.as_str());
        let names: Vec<&str> = calls.iter().map(|call| call.event.ids.primary.as_str()).collect();
        let mut work = self.ports.begin(&scope).await?;
        let known = match work.calls().named(provider, &names).await {
            Err(error) if error.kind() == ErrorKind::Unavailable => return Err(error.into()),
            // a row that cannot be read is met again below, alone
            known => known.unwrap_or_default(),
        };
        work.rollback().await?;
        let known: HashMap<_, _> = known.iter().map(|call| (call.ids.primary.as_str(), call)).collect();
        for call in &calls {
            let stored = known.get(call.event.ids.primary.as_str());
            if stored.is_some_and(|stored| is_known(stored, &call.event)) {
                continue;
            }
            // a trace of its own, as each webhook has one
            let span = tracing::info_span!(parent: None, "app.ingest_listed_call");
            span.follows_from(tracing::Span::current());
            let applied =
                again(self.ports, Patience::UNIT, || self.apply(&scope, call)).instrument(span).await;
            let is_away = |error: &StoreError| {
                // who is overtaken again and again is not, but has met a row that nothing finds
                error.kind() == ErrorKind::Unavailable && !matches!(error, StoreError::Overtaken { .. })
            };
            match applied {
                Ok(is_new) => self.found += u64::from(is_new),
                // the next run will do
                Err(error) if is_away(&error) => return Err(error.into()),
                Err(error) => {
                    tracing::error!(
                        company.id = %owner,
                        error = &error as &dyn std::error::Error,
                        "a listed call cannot be applied"
                    );
                    self.set_aside(Some(owner), &call.raw, "not_applied").await?;
                }
            }
        }
        Ok(())
    }

    async fn apply(&self, scope: &Scope, call: &ListedCall) -> Result<bool, StoreError> {
        let now = self.ports.clock.now();
        let mut work = self.ports.begin(scope).await?;
        let applied = apply_call_event(&mut work, self.account.provider, &call.event, now).await?;
        work.commit().await?;
        Ok(applied.is_new)
    }

    /// Keeps an entry for people to look at and replay.
    async fn set_aside(
        &self,
        owner: Option<&CompanyId>,
        entry: &Bytes,
        reason: &str,
    ) -> Result<(), StoreError> {
        let (provider, now) = (self.account.provider, self.ports.clock.now());
        let entry = NewInboxEntry {
            id: InboxId::fresh(self.ports.ids.as_ref()),
            provider,
            kind: LISTED.to_owned(),
            event_key: event_key(owner, provider, LISTED, "", entry),
            match_key: None,
            state: InboxState::Quarantined,
            reason: Some(reason.to_owned()),
            path: String::new(),
            query: String::new(),
            content_type: Some("application/json".to_owned()),
            proof: Vec::new(),
            body: entry.to_vec(),
            trace: None,
            call: None,
            received_at: now,
        };
        match owner {
            Some(owner) => {
                let mut work = self.ports.begin(&Scope::system(owner.clone(), provider.as_str())).await?;
                work.inbox().store(&entry).await?;
                work.commit().await
            }
            None => self.ports.inbox_office.quarantine(&entry).await.map(drop),
        }
    }
}

/// Whose a call is, as the provider's own API says: by its name for the company, else by the number that was called.
pub(super) async fn whose(
    ports: &Ports,
    provider: Provider,
    hints: &TenantHints,
) -> Result<Option<CompanyId>, StoreError> {
    let mut owners = ports.tenants.by_accounts(provider, &hints.accounts).await?;
    if owners.len() > 1 {
        return Ok(None);
    }
    if let Some(owner) = owners.pop() {
        return Ok(Some(owner.id));
    }
    match &hints.tracking_number {
        Some(number) => Ok(ports.tenants.by_tracking_number(number).await?.map(|owner| owner.id)),
        None => Ok(None),
    }
}
