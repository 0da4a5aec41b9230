"""Webhooks as providers send them, signed beforehand. The same bytes go to every system."""

import base64
import hashlib
import hmac
import itertools
import json
import random
import time

# callers and calls of a run are new to the system however often a measurement is repeated
_fresh = itertools.count(1)

# CallRail's own example of a webhook (apidocs.callrail.com), of a call that was answered
_CALL = {
    "answered": True, "business_phone_number": "+15205559000", "call_type": "answered", "company_name": "Tenant Roofing",
    "company_time_zone": "America/Phoenix", "customer_city": "Tucson", "customer_country": "US", "customer_state": "AZ",
    "device_type": "mobile", "direction": "inbound", "first_call": False, "formatted_call_type": "Answered",
    "formatted_customer_location": "Tucson, AZ", "formatted_business_phone_number": "520-555-9000", "prior_calls": 0,
    "formatted_duration": "3m 31s", "formatted_tracking_source": "Google Paid", "formatted_value": "--",
    "lead_status": "good_lead", "note": "", "recording_duration": 211, "source_name": "Google Ads", "tags": ["new-lead"],
    "total_calls": 1, "transcription": "", "value": "", "voicemail": False, "tracker_id": 354024023,
    "keywords": "roof leak repair near me", "medium": "cpc", "referring_url": "https://www.example.test/search",
    "landing_page_url": "https://example.test/roof-repair?utm_source=google&utm_medium=cpc", "last_requested_url": "",
    "referrer_domain": "", "conversational_transcript": "", "utm_source": "google", "utm_medium": "cpc", "utm_term": "",
    "utm_content": "", "utm_campaign": "roof-repair-az", "utma": "", "utmb": "", "utmc": "", "utmv": "", "utmz": "", "ga": "",
    "gclid": "", "integration_data": [{"integration": "Webhooks", "data": None}], "keywords_spotted": "",
    "speaker_percent": "", "call_highlights": [], "callercity": "Tucson", "callercountry": "US", "callerstate": "AZ",
    "callsource": "google_paid", "campaign": "", "custom": "", "destinationnum": "", "ip": "", "kissmetrics_id": "",
    "landingpage": "", "referrer": "", "referrermedium": "", "score": 1, "tag": "",
}


def company(tenant):
    """A tenant's id, from 1."""
    return f"co_{tenant:03d}"


def account(tenant):
    """CallRail's name for it."""
    return f"COM{tenant:03d}"


def tracking_number(tenant):
    """The number its customers call."""
    return f"+1520555{tenant:04d}"


def signing_key(tenant):
    """What CallRail signs its webhooks with."""
    return f"bench-signing-key-{tenant:03d}"


def phone(number):
    """A North American number that may exist."""
    return f"+1{200 + number % 800}{200 + number // 800 % 800}{number // 640_000 % 10_000:04d}"


def callrail_body(tenant, call, caller):
    """One `call.completed` of 2.3 kB."""
    number = phone(caller)
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + ".236+00:00"
    link = f"https://app.callrail.com/calls/{call}/recording"
    return json.dumps({
        **_CALL, "id": str(700_000_000 + call), "resource_id": f"CAL{call:032d}", "company_id": str(100_000 + tenant),
        "company_resource_id": account(tenant), "created_at": at, "start_time": at, "timestamp": at, "datetime": at,
        "customer_name": f"Caller {caller}", "formatted_customer_name": f"Caller {caller}", "callername": f"Caller {caller}",
        "customer_phone_number": number, "callernum": number, "formatted_customer_phone_number": number,
        "duration": str(30 + call % 600), "tracking_phone_number": tracking_number(tenant),
        "trackingnum": tracking_number(tenant), "recording": f"{link}/redirect?access_key=aaaaccccddddeeee",
        "recording_player": f"{link}?access_key=aaaabbbbccccdddd",
    }, separators=(",", ":")).encode()


def callrail_signature(tenant, body):
    """Base64 HMAC-SHA1 of the raw body."""
    return base64.b64encode(hmac.digest(signing_key(tenant).encode(), body, "sha1")).decode()


def write_callrail(path, count, tenants, known_callers=0):
    """A file of so many signed webhooks, each about a new call. Callers are new too, unless so many are known."""
    with open(path, "wb") as file:
        for _ in range(count):
            call = next(_fresh)
            tenant = 1 + call % tenants
            body = callrail_body(tenant, call, 5_000_000 + call % known_callers if known_callers else 10_000_000 + call)
            file.write(callrail_signature(tenant, body).encode() + b"\t" + body + b"\n")


_LABELS = ("price", "timeline", "competitor", "need_spouse_approval", "trust", "financing", "scope", "warranty", "weather")


def shunya_result(task, number, pad=2048):
    """What an analysis says; padded to a size."""
    result = {
        "job_id": task,
        "summary": {"summary": f"Call {number}. " + "Homeowner asked for a roof inspection; rep offered Tuesday. " * 3,
                    "key_points": ["leak", "insurance", "tuesday"]},
        "qualification": {"qualification_status": "hot", "booking_status": "booked" if number % 3 == 0 else "not_booked",
                          "overall_score": 0.81, "bant_scores": {"budget": 0.7, "authority": 0.9, "need": 0.8, "timeline": 0.6}},
        "objections": {"objections": [
            {"category_text": label, "objection_text": f"objection about {label}", "severity": "medium",
             "confidence_score": 0.8, "timestamp": 41.2}
            for label in random.Random(number).sample(_LABELS, 2)]},
        "compliance": {"sop_compliance": {"score": 0.74, "stages_followed": ["connect", "agenda", "assess"],
                                          "stages_missed": ["close"]}},
        "transcript": "",
    }
    result["transcript"] = "a" * max(0, pad - len(json.dumps(result)))
    return result


def shunya_signed(secret, tenant, task, number):
    """One analysis as Shunya posts it: headers and body."""
    body = json.dumps({"shunya_job_id": task, "task_id": task, "company_id": company(tenant), "status": "completed",
                       "result": shunya_result(task, number)}, separators=(",", ":"))
    at = str(int(time.time() * 1000))
    signature = hmac.new(secret.encode(), f"{at}.{body}".encode(), hashlib.sha256).hexdigest()
    return at, signature, task, body


def write_shunya(path, count, tenants, secret, prefix):
    """A file of so many signed analyses, of the tasks `{prefix}{0..}` whose tenants take turns."""
    with open(path, "w", encoding="utf8") as file:
        for number in range(count):
            file.write("\t".join(shunya_signed(secret, 1 + number % tenants, f"{prefix}{number}", number)) + "\n")
