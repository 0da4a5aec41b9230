//! Webhooks in, and recordings copied.

mod accept_call_webhook;
mod accept_engine_webhook;
mod apply_call_event;
mod call_customer;
mod call_names;
mod call_news;
mod fetch_recording;
mod imported;
mod list_provider_calls;
mod media;
mod replay_webhook;
mod sender_search;

pub use accept_call_webhook::{
    AcceptError, CallWebhookAck, accept_call_webhook, call_event_kind, credential_context,
};
pub(crate) use accept_engine_webhook::match_keys as engine_match_keys;
pub use accept_engine_webhook::{EngineWebhookAck, EngineWebhookError, accept_engine_webhook};
pub use apply_call_event::{Applied, apply_call_event};
pub use fetch_recording::{fetch_recording, give_up_recording};
pub use imported::IMPORTED;
pub(crate) use imported::{HEARD_AFTER, HEARD_BEFORE};
pub use list_provider_calls::{list_company_calls, list_platform_calls, listings_in_use};
pub use media::{MediaError, MediaLink, read_media, store_media};
pub use replay_webhook::{ReplayError, replay_webhook};
pub use sender_search::{SearchLimits, SenderSearch};
