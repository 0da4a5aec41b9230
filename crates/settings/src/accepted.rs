//! Settings operators have for what Otto does not do yet. They are checked all the same, so that nobody finds out on the day
//! it does that one was wrong all along; nothing keeps their values, because nothing reads them.

use kernel::PhoneNumber;

use crate::{
    Environment,
    read::Reader,
    variables::{self as v, Variable},
};

pub(crate) fn check(reader: &mut Reader<'_>) {
    check_clerk(reader);
    check_twilio(reader);
    for key in [
        &v::OPENAI_API_KEY,
        &v::DEEPGRAM_API_KEY,
        &v::BLAND_API_KEY,
        &v::GOOGLE_MAPS_API_KEY,
        &v::AI_INTERNAL_TOKEN,
    ] {
        matches(reader, key, "one word", is_word);
    }
    let keys = |text: &str| text.split(',').all(|key| is_word(key.trim()));
    matches(reader, &v::OPENAI_API_KEYS, "keys separated by commas", keys);
    let strategies = ["round_robin", "random", "least_used"];
    let known = |text: &str| strategies.contains(&text);
    matches(reader, &v::OPENAI_KEY_ROTATION_STRATEGY, "round_robin, random or least_used", known);
    reader.url(&v::DEEPGRAM_API_BASE_URL);
    for switch in [
        &v::ENABLE_UWC_SUMMARIZATION,
        &v::ENABLE_UWC_RAG,
        &v::ENABLE_UWC_FOLLOWUPS,
        &v::ENABLE_UWC_TRAINING,
        &v::ENABLE_PERSONAL_OTTO,
        &v::ENABLE_SOP_COMPLIANCE_PIPELINE,
        &v::ENABLE_FOLLOWUP_RECOMMENDATIONS,
        &v::USE_CANONICAL_ASK_OTTO,
    ] {
        reader.boolean(switch);
    }
}

fn matches(reader: &mut Reader<'_>, variable: &Variable, expected: &str, fits: impl Fn(&str) -> bool) {
    if reader.text(variable).is_some_and(|text| !fits(&text)) {
        reader.wrong(variable, format!("must be {expected}"));
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic())
}

fn check_clerk(reader: &mut Reader<'_>) {
    let begins = |beginnings: &'static [&'static str]| {
        move |text: &str| {
            is_word(text)
                && beginnings.iter().any(|it| text.strip_prefix(it).is_some_and(|rest| !rest.is_empty()))
        }
    };
    matches(reader, &v::CLERK_SECRET_KEY, "Clerk's key, which begins with sk_", begins(&["sk_"]));
    matches(reader, &v::CLERK_PUBLISHABLE_KEY, "Clerk's key, which begins with pk_", begins(&["pk_"]));
    matches(
        reader,
        &v::CLERK_WEBHOOK_SECRET,
        "the endpoint's secret, which begins with whsec_",
        begins(&["whsec_"]),
    );
    reader.url(&v::CLERK_API_URL);
    let origin = reader.url(&v::CLERK_FRONTEND_ORIGIN);
    if origin.is_some_and(|url| url.path() != "/" || url.query().is_some()) {
        reader.wrong(&v::CLERK_FRONTEND_ORIGIN, "must be an origin, without a path");
    }
    let issuer = reader.url(&v::CLERK_ISSUER);
    // whoever can answer in its place can sign anybody in
    let open = issuer.is_some_and(|url| url.scheme() != "https");
    if open && reader.environment != Environment::Development {
        reader.wrong(&v::CLERK_ISSUER, "must be https://");
    }
}

fn check_twilio(reader: &mut Reader<'_>) {
    let account = |text: &str| {
        text.strip_prefix("AC")
            .is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    matches(reader, &v::TWILIO_ACCOUNT_SID, "AC and 32 hexadecimal digits", account);
    matches(reader, &v::TWILIO_AUTH_TOKEN, "one word", is_word);
    let number = |text: &str| text.starts_with('+') && PhoneNumber::parse(text).is_ok();
    for variable in [&v::TWILIO_FROM_NUMBER, &v::TWILIO_CALLBACK_NUMBER] {
        matches(reader, variable, "a telephone number such as +12125550123", number);
    }
    reader.url(&v::TWILIO_API_BASE_URL);
}
