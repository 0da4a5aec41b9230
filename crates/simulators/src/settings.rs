//! How the stand-ins are to be.

use std::path::PathBuf;

use kernel::Secret;

use crate::{draw::Draw, faults::Faults};

/// Everything the stand-ins can be told when they are started. `Default` is a calm day at the providers' own pace.
#[derive(Clone, Debug)]
pub struct SimulatorSettings {
    /// Decides whatever is left to chance: the same seed, the same run.
    pub seed: u64,
    /// 1.0 is the providers' own pace; 0.02 is fifty times as fast. Times of day are always real.
    pub time_scale: f64,
    /// What goes wrong.
    pub faults: Faults,
    /// How often Shunya says things nobody documented, 0 to 1 for each of them.
    pub quirks: f64,
    /// How often CallRail has no recording of a call that was answered, for good. Less than 1 % in reality.
    pub unrecorded: f64,
    /// How often a recording is attached after the call's end was told, and told by a "modified" event.
    pub late_recordings: f64,
    /// Keys and accounts.
    pub secrets: SimulatorSecrets,
    /// Where Otto is, such as `http://127.0.0.1:8080`. May be set later.
    pub otto_url: Option<String>,
    /// Where what must survive the process is kept. Without it everything is in memory.
    pub state_dir: Option<PathBuf>,
    /// Where to listen.
    pub ports: SimulatorPorts,
}

impl Default for SimulatorSettings {
    fn default() -> Self {
        Self {
            seed: 1,
            time_scale: 1.0,
            faults: Faults::NONE,
            quirks: 0.05,
            unrecorded: 0.0,
            late_recordings: 0.08,
            secrets: SimulatorSecrets::default(),
            otto_url: None,
            state_dir: None,
            ports: SimulatorPorts::default(),
        }
    }
}

/// Ports on the loopback interface; 0 is any free one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct SimulatorPorts {
    pub shunya: u16,
    pub callrail: u16,
    pub twilio: u16,
}

/// What Otto must know to be let in, and to believe what it gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulatorSecrets {
    /// CallRail's API key.
    pub callrail_api_key: Secret,
    /// CallRail's account.
    pub callrail_account_id: String,
    /// Shunya's API key, accepted as a bearer token.
    pub shunya_api_key: Secret,
    /// What Shunya's tokens are signed with; without it the API key is the only way in.
    pub shunya_jwt_secret: Option<Secret>,
    /// What Shunya signs its webhooks with.
    pub shunya_hmac_secret: Secret,
    /// Twilio's account.
    pub twilio_account_sid: String,
    /// Twilio's token.
    pub twilio_auth_token: Secret,
}

impl Default for SimulatorSecrets {
    fn default() -> Self {
        let secret = |text: &str| Secret::new(text.to_owned());
        Self {
            callrail_api_key: secret("simulated-callrail-api-key"),
            callrail_account_id: "ACC00000000000000000000000000000001".to_owned(),
            shunya_api_key: secret("simulated-shunya-api-key"),
            shunya_jwt_secret: Some(secret("simulated-shunya-jwt-secret")),
            shunya_hmac_secret: secret("simulated-shunya-hmac-secret"),
            twilio_account_sid: "AC00000000000000000000000000000001".to_owned(),
            twilio_auth_token: secret("simulated-twilio-auth-token"),
        }
    }
}

/// Area codes of the companies' numbers, which no customer has. 555-0100 to 0199 belong to nobody in any area.
const TOLL_FREE: [&str; 7] = ["800", "833", "844", "855", "866", "877", "888"];
/// Blocks of four numbers in them.
const NUMBER_BLOCKS: u64 = 25 * TOLL_FREE.len() as u64;

/// A company as CallRail knows it. Otto must have the same accounts, key and numbers on file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulatedTenant {
    /// Otto's own name for it, for those who read the traffic's reports.
    pub company_id: String,
    /// As customers know it.
    pub name: String,
    /// IANA zone.
    pub time_zone: String,
    /// CallRail's older, numeric id of the company.
    pub callrail_company_id: u64,
    /// CallRail's id of the company: `COM` and 32 hexadecimal digits.
    pub callrail_company_resource_id: String,
    /// What CallRail signs this company's webhooks with: 32 hexadecimal digits, used as text.
    pub signing_key: Secret,
    /// The unguessable path segment of its webhook addresses, where it has one.
    pub tenant_key: Option<Secret>,
    /// The numbers customers call, E.164.
    pub tracking_numbers: Vec<String>,
    /// The number calls are passed on to, E.164.
    pub business_number: String,
}

impl SimulatedTenant {
    /// A company whose accounts, keys and numbers follow from the seed and its name.
    pub fn new(seed: u64, company_id: &str, name: &str, time_zone: &str) -> Self {
        let block = Draw::new(seed, &["numbers", company_id]).below(NUMBER_BLOCKS);
        Self::with_numbers(seed, company_id, name, time_zone, block)
    }

    fn with_numbers(seed: u64, company_id: &str, name: &str, time_zone: &str, block: u64) -> Self {
        let mut draw = Draw::new(seed, &["tenant", company_id]);
        let area = usize::try_from(block / 25).ok().and_then(|at| TOLL_FREE.get(at)).unwrap_or(&"800");
        let first = 100 + block % 25 * 4;
        let number = |n: u64| format!("+1{area}555{n:04}");
        Self {
            company_id: company_id.to_owned(),
            name: name.to_owned(),
            time_zone: time_zone.to_owned(),
            callrail_company_id: 100_000_000 + draw.below(900_000_000),
            callrail_company_resource_id: format!("COM{}", draw.hex(32)),
            signing_key: Secret::new(draw.hex(32)),
            tenant_key: None,
            tracking_numbers: (0..3).map(|n| number(first + n)).collect(),
            business_number: number(first + 3),
        }
    }

    /// The same company, its webhooks sent to addresses with this unguessable segment.
    #[must_use]
    pub fn with_tenant_key(self, key: &str) -> Self {
        Self { tenant_key: Some(Secret::new(key.to_owned())), ..self }
    }

    /// Companies to show: the one the conversations speak of, and two more.
    pub fn demo(seed: u64) -> Vec<Self> {
        let first = Draw::new(seed, &["numbers"]).below(NUMBER_BLOCKS);
        [
            ("demo-summit", "Summit Home Services", "America/Phoenix", 0),
            ("demo-lakeside", "Lakeside Roofing & Air", "America/Chicago", 1),
            ("demo-harbor", "Harbor Plumbing Co.", "America/New_York", 2),
        ]
        .map(|(company, name, zone, n)| {
            Self::with_numbers(seed, company, name, zone, (first + n) % NUMBER_BLOCKS)
        })
        .to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_look_like_accounts() {
        let secrets = SimulatorSecrets::default();
        assert_eq!(secrets.twilio_account_sid.len(), 34);
        assert_eq!(secrets.callrail_account_id.len(), 35);
    }

    #[test]
    fn tenants_follow_from_the_seed_and_differ() {
        assert_eq!(SimulatedTenant::demo(4), SimulatedTenant::demo(4));
        assert_ne!(SimulatedTenant::demo(4), SimulatedTenant::demo(5));
        for seed in 0..50 {
            differ(&SimulatedTenant::demo(seed));
        }
    }

    fn differ(tenants: &[SimulatedTenant]) {
        for tenant in tenants {
            let resource = tenant.callrail_company_resource_id.strip_prefix("COM").unwrap();
            assert_eq!(resource.len(), 32);
            assert_eq!(tenant.signing_key.expose().len(), 32);
            for number in tenant.tracking_numbers.iter().chain([&tenant.business_number]) {
                kernel::PhoneNumber::parse(number).unwrap();
            }
            kernel::Calendar::in_zone(&tenant.time_zone).unwrap();
        }
        let [a, b, c] = tenants else { panic!() };
        for (one, other) in [(a, b), (a, c), (b, c)] {
            assert_ne!(one.signing_key, other.signing_key);
            assert_ne!(one.callrail_company_id, other.callrail_company_id);
            assert!(one.tracking_numbers.iter().all(|number| !other.tracking_numbers.contains(number)));
        }
    }
}
