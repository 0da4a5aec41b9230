use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use app::ports::{SealedSecret, TenantSetup, Tenants};
use async_trait::async_trait;
use kernel::{CompanyId, PhoneNumber, Provider, Secret, StoreError, Timestamp};
use tenancy::Company;

/// What was found is believed for this long.
const BELIEVED_FOR: Duration = Duration::from_secs(15);
/// No more answers are kept: who asks chooses the questions.
const MOST_ANSWERS: usize = 10_000;

/// Tenants as they were found moments ago, so that a webhook need not ask whose it is and with what key to check it.
///
/// Setting a tenant up by way of this forgets everything; another process's doing is noticed within fifteen seconds. Until
/// then a key that was taken away still counts. One that is new counts at once: whoever would refuse for what is remembered
/// asks [`Tenants::unremembered`] first. What was not found is not remembered, but that a tenant has no secret of a name is.
pub struct RememberedTenants {
    inner: Arc<dyn Tenants>,
    answers: Mutex<HashMap<Question, (Instant, Answer)>>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Question {
    ByKey(String),
    ByAccounts(Provider, Vec<String>),
    ByNumber(String),
    ById(String),
    Secret(String, Provider, String),
}

#[derive(Clone)]
enum Answer {
    Company(Company),
    Companies(Vec<Company>),
    Secret(Option<SealedSecret>),
}

impl RememberedTenants {
    /// Remembers what these answer.
    pub fn new(inner: Arc<dyn Tenants>) -> Self {
        Self { inner, answers: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Question, (Instant, Answer)>> {
        // nothing that can panic is done while it is held
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self, question: &Question) -> Option<Answer> {
        let answers = self.lock();
        let (asked, answer) = answers.get(question)?;
        (asked.elapsed() < BELIEVED_FOR).then(|| answer.clone())
    }

    /// What was found is as old as the question, not as the answer.
    fn learn(&self, question: Question, asked: Instant, answer: Answer) {
        let mut answers = self.lock();
        if answers.len() >= MOST_ANSWERS {
            answers.retain(|_, (asked, _)| asked.elapsed() < BELIEVED_FOR);
            if answers.len() >= MOST_ANSWERS {
                answers.clear();
            }
        }
        answers.insert(question, (asked, answer));
    }

    async fn company(
        &self,
        question: Question,
        ask: impl Future<Output = Result<Option<Company>, StoreError>>,
    ) -> Result<Option<Company>, StoreError> {
        if let Some(Answer::Company(company)) = self.known(&question) {
            return Ok(Some(company));
        }
        let asked = Instant::now();
        let found = ask.await?;
        if let Some(company) = &found {
            self.learn(question, asked, Answer::Company(company.clone()));
        }
        Ok(found)
    }
}

#[async_trait]
impl Tenants for RememberedTenants {
    async fn by_key(&self, key: &Secret) -> Result<Option<Company>, StoreError> {
        self.company(Question::ByKey(key.expose().clone()), self.inner.by_key(key)).await
    }

    async fn by_accounts(&self, provider: Provider, names: &[String]) -> Result<Vec<Company>, StoreError> {
        let question = Question::ByAccounts(provider, names.to_vec());
        if let Some(Answer::Companies(companies)) = self.known(&question) {
            return Ok(companies);
        }
        let asked = Instant::now();
        let companies = self.inner.by_accounts(provider, names).await?;
        if !companies.is_empty() {
            self.learn(question, asked, Answer::Companies(companies.clone()));
        }
        Ok(companies)
    }

    async fn by_tracking_number(&self, number: &PhoneNumber) -> Result<Option<Company>, StoreError> {
        let question = Question::ByNumber(number.as_str().to_owned());
        self.company(question, self.inner.by_tracking_number(number)).await
    }

    async fn find(&self, id: &CompanyId) -> Result<Option<Company>, StoreError> {
        self.company(Question::ById(id.as_str().to_owned()), self.inner.find(id)).await
    }

    async fn credential(
        &self,
        company: &CompanyId,
        provider: Provider,
        name: &str,
    ) -> Result<Option<SealedSecret>, StoreError> {
        let question = Question::Secret(company.as_str().to_owned(), provider, name.to_owned());
        if let Some(Answer::Secret(secret)) = self.known(&question) {
            return Ok(secret);
        }
        let asked = Instant::now();
        let secret = self.inner.credential(company, provider, name).await?;
        self.learn(question, asked, Answer::Secret(secret.clone()));
        Ok(secret)
    }

    async fn credentials_named(
        &self,
        provider: Provider,
        name: &str,
    ) -> Result<Vec<(CompanyId, SealedSecret)>, StoreError> {
        self.inner.credentials_named(provider, name).await
    }

    async fn with_credential(&self, provider: Provider, name: &str) -> Result<Vec<CompanyId>, StoreError> {
        self.inner.with_credential(provider, name).await
    }

    async fn list(&self) -> Result<Vec<Company>, StoreError> {
        self.inner.list().await
    }

    async fn set_up(&self, setup: &TenantSetup, now: Timestamp) -> Result<(), StoreError> {
        let done = self.inner.set_up(setup, now).await;
        // even if it failed: nobody knows how far its commit came
        self.lock().clear();
        done
    }

    async fn owns_vendor_task(&self, task_ids: &[String]) -> Result<Option<CompanyId>, StoreError> {
        self.inner.owns_vendor_task(task_ids).await
    }

    fn unremembered(&self) -> Option<Arc<dyn Tenants>> {
        Some(self.inner.clone())
    }
}
