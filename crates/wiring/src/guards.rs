//! What stands before each provider.

use std::{sync::Arc, time::Duration};

use app::{
    guarded::{EngineBudgets, GuardSettings, GuardedEngine, GuardedRecordings, Limit, ProviderGuard},
    ports::{AnalysisEngine, RecordingSource, Shared},
};
use breaker::BreakerPolicy;
use kernel::{Clock, Provider};
use settings::Settings;

use crate::world::RandomDice;

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

pub(crate) struct Guards {
    callrail: Arc<ProviderGuard>,
    shunya: Arc<ProviderGuard>,
}

impl Guards {
    pub(crate) fn of(settings: &Settings, shared: &Shared, clock: &Arc<dyn Clock>) -> Self {
        let first_pause = settings.care.first_pause;
        let policy =
            BreakerPolicy { first_pause, longest_pause: first_pause * 10, ..BreakerPolicy::default() };
        let guard = |provider| {
            ProviderGuard::new(GuardSettings {
                provider,
                policy,
                limiter: shared.limiter.clone(),
                clock: clock.clone(),
                dice: Arc::new(RandomDice),
            })
        };
        Self { callrail: guard(Provider::Callrail), shunya: guard(Provider::Shunya) }
    }

    pub(crate) fn all(&self) -> Vec<Arc<ProviderGuard>> {
        vec![self.callrail.clone(), self.shunya.clone()]
    }

    pub(crate) fn callrail(
        &self,
        settings: &Settings,
        client: Arc<dyn RecordingSource>,
    ) -> Arc<dyn RecordingSource> {
        let care = &settings.care;
        let hour = care.callrail_per_hour.map(|most| Limit::within("hour", most, HOUR));
        let day = care.callrail_per_day.map(|most| Limit::within("day", most, DAY));
        let limits = hour.into_iter().chain(day).collect();
        Arc::new(GuardedRecordings::new(client, self.callrail.clone(), limits))
    }

    pub(crate) fn shunya(
        &self,
        settings: &Settings,
        client: Arc<dyn AnalysisEngine>,
    ) -> Arc<dyn AnalysisEngine> {
        let care = &settings.care;
        let budgets = EngineBudgets {
            submissions: care.submissions_per_minute.map(|most| Limit::within("submissions", most, MINUTE)),
            looks: care.looks_per_minute.map(|most| Limit::within("looks", most, MINUTE)),
        };
        Arc::new(GuardedEngine::new(client, self.shunya.clone(), budgets))
    }
}
