//! The conversations' files, one line each; a test keeps the list and the folder the same.

/// Name and content of every file, in order of name.
pub(super) const FILES: [(&str, &str); 40] = [
    ("hvac-angry-no-show-booked", include_str!("../../corpus/hvac-angry-no-show-booked.json")),
    ("hvac-bilingual-ac-ruido-booked", include_str!("../../corpus/hvac-bilingual-ac-ruido-booked.json")),
    (
        "hvac-commercial-chiller-not-offered",
        include_str!("../../corpus/hvac-commercial-chiller-not-offered.json"),
    ),
    (
        "hvac-furnace-no-heat-newborn-booked",
        include_str!("../../corpus/hvac-furnace-no-heat-newborn-booked.json"),
    ),
    ("hvac-heat-pump-quote-not-booked", include_str!("../../corpus/hvac-heat-pump-quote-not-booked.json")),
    (
        "hvac-maintenance-plan-contract-not-booked",
        include_str!("../../corpus/hvac-maintenance-plan-contract-not-booked.json"),
    ),
    ("hvac-mini-split-addition-booked", include_str!("../../corpus/hvac-mini-split-addition-booked.json")),
    ("hvac-missed-call-lunch", include_str!("../../corpus/hvac-missed-call-lunch.json")),
    ("hvac-no-cooling-elderly-booked", include_str!("../../corpus/hvac-no-cooling-elderly-booked.json")),
    ("hvac-pool-heater-not-offered", include_str!("../../corpus/hvac-pool-heater-not-offered.json")),
    ("hvac-seo-solicitor-unqualified", include_str!("../../corpus/hvac-seo-solicitor-unqualified.json")),
    ("hvac-voicemail-invoice-copy", include_str!("../../corpus/hvac-voicemail-invoice-copy.json")),
    (
        "hvac-weekend-only-timing-not-booked",
        include_str!("../../corpus/hvac-weekend-only-timing-not-booked.json"),
    ),
    ("plumbing-angry-bill-cancels", include_str!("../../corpus/plumbing-angry-bill-cancels.json")),
    (
        "plumbing-bilingual-calentador-booked",
        include_str!("../../corpus/plumbing-bilingual-calentador-booked.json"),
    ),
    (
        "plumbing-bilingual-septic-not-offered",
        include_str!("../../corpus/plumbing-bilingual-septic-not-offered.json"),
    ),
    ("plumbing-cancellation-hoa-covers", include_str!("../../corpus/plumbing-cancellation-hoa-covers.json")),
    (
        "plumbing-kitchen-drain-diy-not-booked",
        include_str!("../../corpus/plumbing-kitchen-drain-diy-not-booked.json"),
    ),
    ("plumbing-missed-call-abandoned", include_str!("../../corpus/plumbing-missed-call-abandoned.json")),
    ("plumbing-repipe-trust-not-booked", include_str!("../../corpus/plumbing-repipe-trust-not-booked.json")),
    (
        "plumbing-reschedule-water-treatment-call",
        include_str!("../../corpus/plumbing-reschedule-water-treatment-call.json"),
    ),
    ("plumbing-slab-leak-price-booked", include_str!("../../corpus/plumbing-slab-leak-price-booked.json")),
    ("plumbing-spam-business-funding", include_str!("../../corpus/plumbing-spam-business-funding.json")),
    ("plumbing-voicemail-burst-pipe", include_str!("../../corpus/plumbing-voicemail-burst-pipe.json")),
    (
        "plumbing-water-heater-leak-same-day-booked",
        include_str!("../../corpus/plumbing-water-heater-leak-same-day-booked.json"),
    ),
    ("plumbing-wrong-number-pharmacy", include_str!("../../corpus/plumbing-wrong-number-pharmacy.json")),
    (
        "roofing-aging-shingle-spouse-not-booked",
        include_str!("../../corpus/roofing-aging-shingle-spouse-not-booked.json"),
    ),
    (
        "roofing-angry-leak-after-repair-escalated",
        include_str!("../../corpus/roofing-angry-leak-after-repair-escalated.json"),
    ),
    ("roofing-bilingual-goteras-booked", include_str!("../../corpus/roofing-bilingual-goteras-booked.json")),
    ("roofing-hail-insurance-booked", include_str!("../../corpus/roofing-hail-insurance-booked.json")),
    (
        "roofing-metal-over-shingles-technical-not-booked",
        include_str!("../../corpus/roofing-metal-over-shingles-technical-not-booked.json"),
    ),
    ("roofing-missed-call-after-hours", include_str!("../../corpus/roofing-missed-call-after-hours.json")),
    (
        "roofing-outbound-estimate-follow-up",
        include_str!("../../corpus/roofing-outbound-estimate-follow-up.json"),
    ),
    (
        "roofing-reschedule-estimate-sick-kid",
        include_str!("../../corpus/roofing-reschedule-estimate-sick-kid.json"),
    ),
    (
        "roofing-rowhouse-flat-roof-landlord-booked",
        include_str!("../../corpus/roofing-rowhouse-flat-roof-landlord-booked.json"),
    ),
    ("roofing-skylight-no-date-booked", include_str!("../../corpus/roofing-skylight-no-date-booked.json")),
    ("roofing-solar-panels-not-offered", include_str!("../../corpus/roofing-solar-panels-not-offered.json")),
    ("roofing-storm-leak-booked", include_str!("../../corpus/roofing-storm-leak-booked.json")),
    (
        "roofing-townhome-other-quotes-not-booked",
        include_str!("../../corpus/roofing-townhome-other-quotes-not-booked.json"),
    ),
    ("roofing-voicemail-tree-limb", include_str!("../../corpus/roofing-voicemail-tree-limb.json")),
];
