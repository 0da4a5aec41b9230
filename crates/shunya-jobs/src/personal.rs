//! What customers said, and what was made of it, hides itself in logs.

use kernel::hides_personal;

use crate::record::{
    Address, AnalysisRecord, AppointmentFacts, Compliance, MissedOpportunity, Objection, PendingAction, Risk,
    Segment, StageResult, Transcript, UnknownValue, UpgradeOpportunity,
};

hides_personal!(AnalysisRecord as json);
hides_personal!(PendingAction as json);
hides_personal!(AppointmentFacts as json);
hides_personal!(Address as json);
hides_personal!(Objection as json);
hides_personal!(Compliance as json);
hides_personal!(StageResult as json);
hides_personal!(Risk as json);
hides_personal!(UpgradeOpportunity as json);
hides_personal!(MissedOpportunity as json);
hides_personal!(Transcript as json);
hides_personal!(Segment as json);
hides_personal!(UnknownValue { field; value });
