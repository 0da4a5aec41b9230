//! What one tenant's transaction can do, table by table.

mod analyses;
mod calls;
mod contacts;
mod crm;
mod directory;
mod events;
mod inbox;
mod intake;
mod intake_people;
mod job_changes;
mod jobs;
mod leads;
mod learned;
mod subject_numbers;

pub(crate) use directory::{CompanyRow, company_of};
pub(crate) use inbox::{InboxRow, NewInboxRow, entry_of};
pub(crate) use job_changes::{cancel_job, retry_job};
pub(crate) use jobs::{JobRow, insert_job};
pub(crate) use subject_numbers::SubjectNumbers;
