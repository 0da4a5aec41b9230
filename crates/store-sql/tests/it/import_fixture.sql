-- The predecessor's tables as far as they are moved in, and rows with the defects it has.
CREATE TABLE companies (id varchar PRIMARY KEY, name varchar UNIQUE, phone_number varchar, primary_tracking_number varchar,
    callrail_api_key varchar, callrail_account_id varchar, timezone varchar, call_provider varchar, created_at timestamp);
CREATE TABLE users (id varchar PRIMARY KEY, email varchar, username varchar, name varchar, role varchar, company_id varchar NOT NULL);
CREATE TABLE contact_cards (id varchar PRIMARY KEY, company_id varchar NOT NULL, primary_phone varchar NOT NULL,
    secondary_phone varchar, email varchar, first_name varchar, last_name varchar, address varchar, city varchar, state varchar,
    postal_code varchar, metadata json, property_snapshot json, created_at timestamp NOT NULL, updated_at timestamp NOT NULL,
    UNIQUE (company_id, primary_phone));
CREATE TABLE leads (id varchar PRIMARY KEY, contact_card_id varchar NOT NULL, company_id varchar NOT NULL, status varchar NOT NULL,
    source varchar NOT NULL DEFAULT 'UNKNOWN', campaign varchar, pipeline_stage varchar, priority varchar, score integer, tags json,
    deal_status varchar, deal_size double precision, assigned_rep_id varchar, last_contacted_at timestamp,
    created_at timestamp, updated_at timestamp);
CREATE TABLE lead_status_history (id varchar PRIMARY KEY, lead_id varchar NOT NULL, company_id varchar NOT NULL,
    from_status varchar, to_status varchar NOT NULL, reason varchar, triggered_by varchar, context text, created_at timestamp NOT NULL);
CREATE TABLE calls (call_id integer PRIMARY KEY, missed_call boolean DEFAULT false, name varchar, phone_number varchar,
    call_type varchar, transcript text, owner_id varchar, bought boolean, price_if_bought double precision, cancelled boolean,
    still_deciding boolean, reason_for_lost_sale varchar, transcript_discrepancies text, company_id varchar,
    contact_card_id varchar, lead_id varchar, status varchar, last_call_duration integer, created_at timestamp, updated_at timestamp);
CREATE TABLE call_transcripts (id varchar PRIMARY KEY, call_id integer NOT NULL, tenant_id varchar NOT NULL, uwc_job_id varchar UNIQUE,
    transcript_text text NOT NULL, speaker_labels json, confidence_score double precision, language varchar, created_at timestamp);
CREATE TABLE call_analysis (id varchar PRIMARY KEY, call_id integer NOT NULL, tenant_id varchar NOT NULL, uwc_job_id varchar UNIQUE,
    objections json, objection_details json, sentiment_score double precision, coaching_tips json, sop_stages_completed json,
    sop_stages_missed json, sop_compliance_score double precision, compliance_violations json, lead_quality varchar,
    booking_status varchar, call_outcome_category varchar, analyzed_at timestamp NOT NULL, created_at timestamp);
CREATE TABLE shunya_jobs (id varchar PRIMARY KEY, company_id varchar NOT NULL, call_id integer, job_type varchar NOT NULL,
    job_status varchar NOT NULL, shunya_job_id varchar, input_payload json, output_payload json, started_at timestamp,
    completed_at timestamp, created_at timestamp, updated_at timestamp, UNIQUE (company_id, shunya_job_id));
CREATE TABLE appointments (id varchar PRIMARY KEY, lead_id varchar NOT NULL, contact_card_id varchar, company_id varchar NOT NULL,
    assigned_rep_id varchar, scheduled_start timestamp NOT NULL, scheduled_end timestamp, status varchar NOT NULL,
    outcome varchar NOT NULL, appointment_type varchar, location_address varchar, service_type varchar, external_id varchar,
    deal_size double precision, created_at timestamp, updated_at timestamp);
CREATE TABLE tasks (id varchar PRIMARY KEY, company_id varchar NOT NULL, contact_card_id varchar, lead_id varchar,
    appointment_id varchar, call_id integer, description varchar NOT NULL, assigned_to varchar NOT NULL, source varchar NOT NULL,
    action_type varchar, unique_key varchar, due_at timestamp, status varchar NOT NULL, priority varchar, completed_at timestamp,
    created_at timestamp, updated_at timestamp);
CREATE TABLE key_signals (id varchar PRIMARY KEY, company_id varchar NOT NULL, contact_card_id varchar NOT NULL, lead_id varchar,
    signal_type varchar NOT NULL, severity varchar NOT NULL, title varchar NOT NULL, description varchar, unique_key varchar,
    signal_metadata json, acknowledged boolean, acknowledged_at timestamp, acknowledged_by varchar, created_at timestamp);

INSERT INTO companies VALUES
    ('org_a', 'Summit Roofing', '(602) 555-9999', NULL, 'secret-key', 'ACC77', 'America/Phoenix', 'CALLRAIL', '2025-01-01'),
    ('org_b', 'Other Roofing', '+16025559999', 'n/a', NULL, NULL, 'Mars/Olympus', 'callrail', '2025-01-01'),
    ('not an id', 'Nobody', NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO users VALUES
    ('user_csr', 'c@example.com', 'c', 'Casey', 'CSR', 'org_a'),
    ('user_rep', 'r@example.com', 'r', 'Robin', 'sales_rep', 'org_a'),
    ('user_odd', 'o@example.com', 'o', 'Odd', 'wizard', 'org_a');

INSERT INTO contact_cards (id, company_id, primary_phone, secondary_phone, email, first_name, metadata, created_at, updated_at) VALUES
    ('00000000-0000-4000-8000-0000000000c1', 'org_a', '(602) 555-0101', NULL, NULL, 'Dana', NULL, '2026-11-01', '2026-11-02'),
    ('00000000-0000-4000-8000-0000000000c2', 'org_a', '+16025550101', NULL, 'dana@example.com', 'Dana R.', NULL, '2026-11-03', '2026-11-03'),
    ('00000000-0000-4000-8000-0000000000c3', 'org_a', 'anonymous', NULL, NULL, NULL, NULL, '2026-11-01', '2026-11-01'),
    ('00000000-0000-4000-8000-0000000000c4', 'org_a', '266696687', '602.555.0104', NULL, 'Lee', '{"note": "a\u0000b"}', '2026-11-01', '2026-11-01'),
    ('00000000-0000-4000-8000-0000000000c5', 'org_a', '6025550105', NULL, NULL, 'Priya', NULL, '2025-03-01', '2026-11-01'),
    ('00000000-0000-4000-8000-0000000000b1', 'org_b', '6025550105', NULL, NULL, 'Priya', NULL, '2025-03-01', '2026-11-01');

INSERT INTO leads (id, contact_card_id, company_id, status, source, deal_size, assigned_rep_id, created_at, updated_at) VALUES
    ('00000000-0000-4000-8000-0000000000e1', '00000000-0000-4000-8000-0000000000c1', 'org_a', 'WARM', 'INBOUND_CALL', NULL, NULL, '2026-11-01', '2026-11-02'),
    ('00000000-0000-4000-8000-0000000000e2', '00000000-0000-4000-8000-0000000000c2', 'org_a', 'hot', 'referral', 19.99, 'user_rep', '2026-11-03', '2026-11-04'),
    ('00000000-0000-4000-8000-0000000000e3', '00000000-0000-4000-8000-0000000000c3', 'org_a', 'NEW', 'UNKNOWN', NULL, NULL, '2026-11-01', '2026-11-01'),
    ('lead-of-old', '00000000-0000-4000-8000-0000000000c5', 'org_a', 'QUALIFIED_BOOKED', 'carrier pigeon', NULL, NULL, '2025-03-01', '2026-11-05'),
    ('00000000-0000-4000-8000-0000000000e5', '00000000-0000-4000-8000-0000000000c4', 'org_a', 'BANANA', 'UNKNOWN', NULL, NULL, '2026-11-01', '2026-11-01'),
    ('00000000-0000-4000-8000-0000000000e6', '00000000-0000-4000-8000-0000000000b1', 'org_a', 'NEW', 'UNKNOWN', NULL, NULL, '2026-11-01', '2026-11-01');
INSERT INTO lead_status_history VALUES
    ('h1', 'lead-of-old', 'org_a', 'NEW', 'WARM', 'call', 'shunya', '{"call": 1}', '2025-04-01'),
    ('h2', 'lead-of-old', 'org_a', 'QUALIFIED_UNBOOKED', 'qualified_booked', NULL, 'otto', NULL, '2025-05-01'),
    ('h3', '00000000-0000-4000-8000-0000000000e2', 'org_a', 'NEW', 'PLATINUM', NULL, 'otto', NULL, '2026-11-03');

INSERT INTO calls (call_id, missed_call, name, phone_number, call_type, transcript, owner_id, bought, price_if_bought, company_id, contact_card_id, lead_id, status, last_call_duration, created_at, updated_at) VALUES
    (1, false, 'PRIYA', '602-555-0105', 'CSR_CALL', NULL, 'user_csr', true, 12500.5, 'org_a', '00000000-0000-4000-8000-0000000000c5', 'lead-of-old', 'completed', 61, '2026-11-10 12:00', '2026-11-10 13:00'),
    (2, true, NULL, '6025550101', 'csr_call', NULL, NULL, false, NULL, 'org_a', NULL, NULL, 'missed', NULL, '2026-11-10 14:00', '2026-11-10 14:00'),
    (3, false, NULL, '6025550105', 'csr_call', NULL, 'stranger', false, NULL, NULL, '00000000-0000-4000-8000-0000000000c5', NULL, 'incoming', NULL, '2025-02-10', '2025-02-10'),
    (4, false, NULL, '6025550199', 'csr_call', NULL, NULL, false, NULL, NULL, NULL, NULL, 'incoming', NULL, '2026-11-10', '2026-11-10'),
    (5, false, NULL, 'restricted', 'csr_call', NULL, NULL, false, NULL, 'org_a', NULL, NULL, 'answered', NULL, '2026-11-10', '2026-11-10'),
    (6, false, 'NEW CALLER', '6025550106', 'SALES_CALL', NULL, NULL, false, NULL, 'org_a', NULL, NULL, 'answered', NULL, '2026-11-11', '2026-11-11'),
    (7, false, NULL, '6025550105', 'csr_call', 'Hello, this is about gutters.', NULL, false, NULL, 'org_a', NULL, NULL, 'answered', NULL, '2026-11-12', '2026-11-12'),
    (8, false, NULL, '6025550105', 'csr_call', NULL, NULL, NULL, NULL, 'org_b', '00000000-0000-4000-8000-0000000000b1', NULL, 'answered', NULL, '2026-11-12', '2026-11-12');
INSERT INTO shunya_jobs VALUES
    ('00000000-0000-4000-8000-0000000000d1', 'org_a', 1, 'CSR_CALL', 'SUCCEEDED', 'task_1', NULL,
     '{"qualification": {"qualification_status": "hot", "booking_status": "booked"}, "objections": {"objections": ["Too dear\u0000"]}}',
     '2026-11-10 12:30', '2026-11-10 12:40', '2026-11-10 12:20', '2026-11-10 12:40'),
    ('00000000-0000-4000-8000-0000000000d2', 'org_a', 2, 'csr_call', 'failed', 'task_2', NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO call_analysis (id, call_id, tenant_id, uwc_job_id, objections, sentiment_score, sop_compliance_score, lead_quality, booking_status, analyzed_at, created_at) VALUES
    ('an1', 1, 'org_a', 'task_1', '["Too dear"]', 0.5, 0.7, 'cold', NULL, '2026-11-10 12:41', '2026-11-10 12:41'),
    ('an2', 6, 'org_a', 'task_6a', '["Ask husband"]', 0.4, 0.5, 'cold', 'not_booked', '2026-11-11 10:00', '2026-11-11 10:00'),
    ('an3', 6, 'org_a', 'task_6b', '["Ask husband"]', 0.9, 0.8, 'HOT', 'booked', '2026-11-11 11:00', '2026-11-11 11:00');
INSERT INTO call_transcripts VALUES
    ('tr1', 1, 'org_a', 'task_1', 'Good morning. Hello.', '[{"speaker": "A", "text": "Good morning."}]', 0.9, 'en-US', '2026-11-10 12:41');

INSERT INTO appointments (id, lead_id, contact_card_id, company_id, scheduled_start, status, outcome, appointment_type, location_address, external_id, created_at, updated_at) VALUES
    ('00000000-0000-4000-8000-0000000000a1', 'lead-of-old', NULL, 'org_a', '2026-12-01 16:00', 'SCHEDULED', 'PENDING', 'IN_PERSON', '1 Main St', 'cal-1', '2026-11-10', '2026-11-10'),
    ('00000000-0000-4000-8000-0000000000a2', 'lead-of-old', NULL, 'org_a', '2026-12-01 16:00', 'confirmed', 'pending', 'phone', NULL, NULL, '2026-11-10', '2026-11-10'),
    ('00000000-0000-4000-8000-0000000000a3', 'gone', NULL, 'org_a', '2026-12-01 16:00', 'SCHEDULED', 'PENDING', NULL, NULL, NULL, '2026-11-10', '2026-11-10'),
    ('00000000-0000-4000-8000-0000000000a4', '00000000-0000-4000-8000-0000000000e2', NULL, 'org_a', '2026-12-02 16:00', 'no-show', 'NO_SHOW', NULL, NULL, 'cal-1', '2026-11-10', '2026-11-10'),
    ('00000000-0000-4000-8000-0000000000a5', '00000000-0000-4000-8000-0000000000e2', '00000000-0000-4000-8000-0000000000c2', 'org_a', '2026-11-02 16:00', 'no-show', 'NO_SHOW', NULL, NULL, NULL, '2026-11-01', '2026-11-02');
INSERT INTO tasks (id, company_id, contact_card_id, lead_id, appointment_id, call_id, description, assigned_to, source, action_type, due_at, status, priority, created_at, updated_at) VALUES
    ('00000000-0000-4000-8000-0000000000f1', 'org_a', '00000000-0000-4000-8000-0000000000c5', 'lead-of-old', '00000000-0000-4000-8000-0000000000a2', 1, 'Send the quote', 'CSR', 'SHUNYA', 'SEND_QUOTE', '2026-11-11', 'OPEN', 'HIGH', '2026-11-10', '2026-11-10'),
    ('00000000-0000-4000-8000-0000000000f2', 'org_a', '00000000-0000-4000-8000-0000000000c5', NULL, NULL, NULL, 'send  the QUOTE', 'rep', 'manual', NULL, NULL, 'open', NULL, '2026-11-10', '2026-11-10'),
    ('00000000-0000-4000-8000-0000000000f3', 'org_a', '00000000-0000-4000-8000-0000000000c5', NULL, NULL, NULL, 'Send the quote', 'rep', 'manual', NULL, NULL, 'COMPLETED', NULL, '2026-11-10', '2026-11-10'),
    ('00000000-0000-4000-8000-0000000000f4', 'org_a', '00000000-0000-4000-8000-0000000000c3', NULL, NULL, NULL, 'Call back', 'rep', 'manual', NULL, NULL, 'OPEN', NULL, '2026-11-10', '2026-11-10'),
    ('00000000-0000-4000-8000-0000000000f5', 'org_a', NULL, '00000000-0000-4000-8000-0000000000e1', NULL, NULL, 'Measure the roof', 'rep', 'manual', NULL, '2026-12-24', 'OPEN', NULL, '2026-11-10', '2026-11-10');
INSERT INTO key_signals (id, company_id, contact_card_id, lead_id, signal_type, severity, title, signal_metadata, acknowledged, created_at) VALUES
    ('00000000-0000-4000-8000-000000000051', 'org_a', '00000000-0000-4000-8000-0000000000c5', 'lead-of-old', 'RISK', 'HIGH', 'Deal at risk', '{"a": 1}', false, '2026-11-10'),
    ('00000000-0000-4000-8000-000000000052', 'org_a', '00000000-0000-4000-8000-0000000000c5', NULL, 'risk', 'low', 'deal at  RISK', NULL, false, '2026-11-10'),
    ('00000000-0000-4000-8000-000000000053', 'org_a', '00000000-0000-4000-8000-0000000000c5', NULL, 'risk', 'low', 'Deal at risk', NULL, true, '2026-11-10'),
    ('00000000-0000-4000-8000-000000000054', 'org_a', '00000000-0000-4000-8000-0000000000c3', NULL, 'risk', 'low', 'Deal at risk', NULL, false, '2026-11-10');
