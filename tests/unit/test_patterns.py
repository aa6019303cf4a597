"""The regexes in data/lookups/patterns.yml find what they should and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

LOOKUPS = Path(__file__).resolve().parents[2] / "data" / "lookups"


def _entries(name: str) -> list[dict[str, str]]:
    content = yaml.safe_load((LOOKUPS / name).read_text(encoding="utf-8"))
    return list(content["nlu"])


def _lines(entry: dict[str, str]) -> list[str]:
    return [line.removeprefix("- ") for line in entry["examples"].splitlines() if line]


PATTERNS = {
    entry["regex"]: [re.compile(line, re.IGNORECASE) for line in _lines(entry)] for entry in _entries("patterns.yml")
}

ENTITIES = {
    "reference",
    "email",
    "amount",
    "currency",
    "transaction_id",
    "date",
    "time",
    "error_code",
}


def found(entity: str, text: str) -> list[str]:
    """Every match of the entity's regex, as the assistant would take it."""
    return [match.group() for regex in PATTERNS[entity] for match in regex.finditer(text)]


# (text, what must be found in it)
POSITIVE: dict[str, list[tuple[str, str]]] = {
    "reference": [
        ("HS-1042", "HS-1042"),
        ("hs-1042", "hs-1042"),
        ("status of hs 1042 please", "hs 1042"),
        ("what about HS1042?", "HS1042"),
        ("#HS1042 is mine", "#HS1042"),
        ("#hs-7", "#hs-7"),
        ("HS#1042", "HS#1042"),
        ("close HS-1042.", "HS-1042"),
        ("(HS-1042)", "HS-1042"),
        ("HS-1042's technician", "HS-1042"),
        ("HS–1042", "HS–1042"),
        ("ticket:HS-20931,thanks", "HS-20931"),
    ],
    "email": [
        ("write to asha.verma@example.edu", "asha.verma@example.edu"),
        ("K.Brandt@Example.DE.", "K.Brandt@Example.DE"),
        ("<j_okafor+help@mail.example.co.uk>", "j_okafor+help@mail.example.co.uk"),
        ("o'neill@example.ie", "o'neill@example.ie"),
        ("mine is a@b.io, thanks", "a@b.io"),
        ("21bce0457@students.example.ac.in", "21bce0457@students.example.ac.in"),
        ("mail:x-y@my-uni.example.org!", "x-y@my-uni.example.org"),
    ],
    "amount": [
        ("450", "450"),
        ("no, the amount was 450", "450"),
        ("1,200.50", "1,200.50"),
        ("1.200,50", "1.200,50"),
        ("it was 1,200.50 euros", "1,200.50"),
        ("1.200,50 €", "1.200,50"),
        ("€12", "12"),
        ("₹50 only", "50"),
        ("₹ 2,500 for the mess", "2,500"),
        ("Rs.450", "450"),
        ("rs 450", "450"),
        ("Rs450", "450"),
        ("450rs", "450"),
        ("paid 450/- at the counter", "450"),
        ("5k", "5k"),
        ("2.5k naira", "2.5k"),
        ("2 lakh", "2 lakh"),
        ("fees of 1,20,000", "1,20,000"),
        ("12 euros", "12"),
        ("7 dollars", "7"),
        ("$30", "30"),
        ("£1,250.00", "1,250.00"),
        ("₦25,000", "25,000"),
        ("EUR 14.99", "14.99"),
        ("14.99EUR", "14.99"),
        ("89.99", "89.99"),
        ("12,50", "12,50"),
        ("2000 rupees", "2000"),
        ("₹2026", "2026"),
        ("they took 340.", "340"),
        ("charged 4500, not once but twice", "4500"),
        ("1 200,00 €", "1 200,00"),
        ("USD 1 200.00", "1 200.00"),
        ("1.200.000 naira", "1.200.000"),
        ("800?", "800"),
        ("the customer paid 38.90 on the terminal", "38.90"),
        ("we report 450", "450"),
        ("€503", "503"),
        ("€12.10.", "12.10"),
    ],
    "currency": [
        ("₹450", "₹"),
        ("12 €", "€"),
        ("$30", "$"),
        ("US$30", "US$"),
        ("Rs450", "Rs"),
        ("Rs.450", "Rs"),
        ("450rs", "rs"),
        ("14.99EUR", "EUR"),
        ("usd20", "usd"),
        ("₦25,000", "₦"),
        ("450/-", "/-"),
        ("CAD 20", "CAD"),
    ],
    "transaction_id": [
        ("TXN20394857", "TXN20394857"),
        ("txn88310472, 450 rupees", "txn88310472"),
        ("TXN883", "TXN883"),
        ("pay_29QQoUBi66xm2f", "pay_29QQoUBi66xm2f"),
        ("pi_3MtwBwLkdIwHu7ix28a3tqPa", "pi_3MtwBwLkdIwHu7ix28a3tqPa"),
        ("UTR 403812345678", "403812345678"),
        ("utr: 4038123456789012", "4038123456789012"),
        ("403812345678", "403812345678"),
        ("UTR403812345678", "UTR403812345678"),
        ("order #A-99812", "#A-99812"),
        ("order A-99812.", "A-99812"),
        ("order 9981245", "9981245"),
        ("invoice no 204417", "204417"),
        ("INV-2026-00412", "INV-2026-00412"),
        ("INV-00412", "INV-00412"),
        ("T2403121530459876", "T2403121530459876"),
        ("5TY05013RG002845M is the paypal one", "5TY05013RG002845M"),
        ("ref T2403121530459876.", "T2403121530459876"),
        ("ORD-55120", "ORD-55120"),
        ("order AB-99812", "AB-99812"),
        ("trx_1234567", "trx_1234567"),
        ("A1B2C3D4", "A1B2C3D4"),
    ],
    "date": [
        ("2026-03-12", "2026-03-12"),
        ("12/03/2026", "12/03/2026"),
        ("03/25/2026", "03/25/2026"),
        ("12.03.2026", "12.03.2026"),
        ("on 12.03.2026.", "12.03.2026"),
        ("12.03.", "12.03."),
        ("am 12.03. in the morning", "12.03."),
        ("2.3.26", "2.3.26"),
        ("12/03", "12/03"),
        ("3rd of March", "3rd of March"),
        ("3rd March 2026", "3rd March 2026"),
        ("3 Mar", "3 Mar"),
        ("3-Mar-2026", "3-Mar-2026"),
        ("03-mar-26", "03-mar-26"),
        ("March 3", "March 3"),
        ("March 3rd, 2026", "March 3rd, 2026"),
        ("paid in March 2026", "March 2026"),
        ("may 5", "may 5"),
        ("28 February at night", "28 February"),
        ("yesterday", "yesterday"),
        ("Yesterday evening", "Yesterday evening"),
        ("today's class", "today"),
        ("tomorrow morning", "tomorrow morning"),
        ("last Monday", "last Monday"),
        ("since tuesday", "tuesday"),
        ("monday afternoon", "monday afternoon"),
        ("next fri", "next fri"),
        ("two days ago", "two days ago"),
        ("3 weeks ago", "3 weeks ago"),
        ("a couple of days ago", "a couple of days ago"),
        ("a few months back", "a few months back"),
        ("this morning", "this morning"),
        ("last night", "last night"),
        ("tonight", "tonight"),
        ("last week", "last week"),
        ("this semester", "this semester"),
        ("since January", "January"),
        ("fee for April", "April"),
        ("since March", "March"),
        ("I left in 2022.", "2022"),
        ("enrolled until 2027", "2027"),
        ("the day before yesterday", "the day before yesterday"),
        ("on the 12th", "12th"),
        ("on the 3rd of March", "3rd of March"),
    ],
    "time": [
        ("14:30", "14:30"),
        ("at 9:05.", "9:05"),
        ("23:59:59", "23:59:59"),
        ("9am", "9am"),
        ("9 am", "9 am"),
        ("11 p.m.", "11 p.m."),
        ("9.30 pm", "9.30 pm"),
        ("9:30pm", "9:30pm"),
        ("half past nine", "half past nine"),
        ("quarter to ten", "quarter to ten"),
        ("a quarter past 3", "a quarter past 3"),
        ("ten past four", "ten past four"),
        ("5 o'clock", "5 o'clock"),
        ("nine o’clock", "nine o’clock"),
        ("14h30", "14h30"),
        ("1430 hrs", "1430 hrs"),
        ("around noon", "noon"),
        ("since 8 in the morning", "8 in the morning"),
        ("20 minutes past 4", "20 minutes past 4"),
        ("midnight", "midnight"),
        ("two hours ago", "two hours ago"),
        ("20 minutes ago", "20 minutes ago"),
    ],
    "error_code": [
        ("0x80070005", "0x80070005"),
        ("error 0x80070005", "error 0x80070005"),
        ("ERR_CONNECTION_RESET", "ERR_CONNECTION_RESET"),
        ("err_name_not_resolved", "err_name_not_resolved"),
        ("net::ERR_CERT_DATE_INVALID", "net::ERR_CERT_DATE_INVALID"),
        ("DNS_PROBE_FINISHED_NXDOMAIN", "DNS_PROBE_FINISHED_NXDOMAIN"),
        ("blue screen, IRQL_NOT_LESS_OR_EQUAL", "IRQL_NOT_LESS_OR_EQUAL"),
        ("HTTP 500", "HTTP 500"),
        ("http error 503", "http error 503"),
        ("error 503", "error 503"),
        ("Error code: 1603.", "Error code: 1603"),
        ("error E-1234", "error E-1234"),
        ("E-1234", "E-1234"),
        ("AADSTS50058", "AADSTS50058"),
        ("ORA-01017: invalid username", "ORA-01017"),
        ("404 not found", "404 not found"),
        ("502 Bad Gateway", "502 Bad Gateway"),
        ("it says 500 error", "500 error"),
        ("ECONNREFUSED", "ECONNREFUSED"),
        ("all links end in 404", "404"),
        ("the page gives 503.", "503"),
        ("f12 says 500", "500"),
        ("SMTP 421 when sending", "SMTP 421"),
        ("550 5.7.1 rejected", "550 5.7.1"),
        ("the LaserJet shows 49.4C02", "49.4C02"),
        ("status code 403", "status code 403"),
    ],
}

# Nothing may be found in these.
NEGATIVE: dict[str, list[str]] = {
    "reference": [
        "hs",
        "hs 3",
        "the hs is closed",
        "HS-",
        "clothes-1042",
        "baths 1042",
        "HS-10a",
        "HSBC 1042",
        "HS-1042-B",
        "HS-12345678",
        "1042",
    ],
    "email": [
        "@priya",
        "priya@",
        "priya at example.edu",
        "priya@localhost",
        "user@@example.com",
        "see you @ 5",
        "example.edu",
    ],
    "amount": [
        "2026",
        "since 2019",
        "in 1998 already",
        "9845011223",
        "98450 11223",
        "+91 98450 11223",
        "+919845011223",
        "020-7946-0958",
        "(020) 7946 0958",
        "HS-1042",
        "hs 1042",
        "#HS1042",
        "TXN20394857",
        "pay_29QQoUBi66xm2f",
        "403812345678",
        "order 99812",
        "#A-99812",
        "12/03/2026",
        "2026-03-12",
        "12.03.2026",
        "12.03.",
        "14:30",
        "9.30 pm",
        "9am",
        "error 503",
        "HTTP 500",
        "500 error",
        "404 not found",
        "0x80070005",
        "E-1234",
        "ORA-01017",
        "room 214",
        "hostel 3",
        "block 12",
        "CH204",
        "21BCE0457",
        "Windows 11",
        "Office 365",
        "192.168.1.10",
        "version 10.0.19045",
        "300 students",
        "500 GB",
        "200 kbps",
        "100%",
        "3 times",
        "two days ago",
        "4111 1111 1111 1111",
        "https://example.edu/fees/450",
        "a450",
        "ext 4471",
        "24/7",
        "200th",
        "1500m",
        "a 503 again",
        "550 5.7.1",
        "block D, 214",
        "my employee number is 20714",
        "a 300 page job",
        "ISO 9001",
        "python 3.12",
    ],
    "currency": [
        "rs",
        "errors 50",
        "cars450",
        "europe2026",
        "the price is 450",
        "CAD software",
        "and/or",
        "audio1",
    ],
    "transaction_id": [
        "HS-1042",
        "HS1042",
        "hs10423355",
        "#HS10421",
        "0x80070005",
        "AADSTS50058",
        "ORA-01017",
        "E-1234",
        "ERR_CONNECTION_RESET",
        "password",
        "9845011223",
        "+919845011223",
        "919845011223",
        "4111111111111111",
        "5500000000000004",
        "12/03/2026",
        "2026-03-12",
        "1,200.50",
        "450",
        "march2026",
        "semester2026",
        "LaserJet1020",
        "j.okafor2026xyz@example.org",
        "abc12345678@example.org",
        "iphone15",
        "21BCE0457",
        "asset tag IT-20931",
        "CH204",
        "room 20144",
        "paying 450",
        "order a coffee",
        "order 66",
        "https://example.edu/a1b2c3d4e5",
    ],
    "date": [
        "24/7",
        "1/2",
        "10/10",
        "192.168.1.10",
        "10.0.0.1",
        "1.2.3",
        "10.0.19045",
        "12.50",
        "1.200,50",
        "1,200.50",
        "14:30",
        "45/99/2026",
        "2026-13-40",
        "may I ask",
        "march on",
        "it may take 3 goes",
        "sat down in the sun",
        "we wed",
        "3rd floor",
        "on the 3rd floor",
        "in the 2nd year",
        "HS-1042",
        "403812345678",
        "01-02-03-04-05-06",
        "two days",
        "room 2026",
        "3/4 of the pages",
        "decimal 3",
        "€12.10.",
        "12 decisions",
    ],
    "time": [
        "24:00:99",
        "25:30",
        "14:75",
        "00:1a:2b:3c:4d:5e",
        "10:20:30:40",
        "9 amps",
        "I am 9",
        "3:1",
        "2.30",
        "192.168.1.10:80",
        "half of them",
        "from five to ten people",
        "afternoon",
        "change it from 2 to 4",
        "2026",
        "two hours",
        "12/03/2026",
    ],
    "error_code": [
        "450",
        "500 rupees",
        "503 rupees",
        "€404",
        "rs 502",
        "12.504",
        "1,503",
        "room 404",
        "an error",
        "error",
        "error 5 times",
        "error 15 times",
        "billing error: 89 euros",
        "error, 1,503.20 taken",
        "the error is back",
        "e-mail",
        "e-12a",
        "code 443211",
        "HS-1042",
        "TXN20394857",
        "my_file_name",
        "http://example.edu",
        "https://example.edu/500",
        "errors in 3 places",
        "room E204",
        "terror 50",
        "Oracle 19",
    ],
}


def test_every_entity_has_one_regex() -> None:
    assert set(PATTERNS) == ENTITIES
    assert all(len(regexes) == 1 for regexes in PATTERNS.values())


@pytest.mark.parametrize(
    ("entity", "text", "expected"),
    [(entity, text, expected) for entity, rows in POSITIVE.items() for text, expected in rows],
)
def test_finds(entity: str, text: str, expected: str) -> None:
    assert found(entity, text) == [expected]


@pytest.mark.parametrize(
    ("entity", "text"),
    [(entity, text) for entity, texts in NEGATIVE.items() for text in texts],
)
def test_leaves_alone(entity: str, text: str) -> None:
    assert found(entity, text) == []


def test_a_message_with_everything_in_it() -> None:
    text = "HS-1042: paid ₹1,200.50 on 12/03/2026 at 14:30, TXN20394857, got error 503, mail asha.verma@example.edu"
    assert {entity: found(entity, text) for entity in ENTITIES} == {
        "reference": ["HS-1042"],
        "amount": ["1,200.50"],
        "currency": ["₹"],
        "date": ["12/03/2026"],
        "time": ["14:30"],
        "transaction_id": ["TXN20394857"],
        "error_code": ["error 503"],
        "email": ["asha.verma@example.edu"],
    }


@pytest.mark.parametrize("entity", sorted(ENTITIES))
@pytest.mark.parametrize(
    "text", ["1" * 5000, "a1" * 2500, "1,000," * 800, "a.b@" * 1200, "a_" * 2500, "half past " * 500]
)
def test_long_input_does_not_stall(entity: str, text: str) -> None:
    # A runaway regex would hang here for minutes.
    found(entity, text)


TABLES = sorted(path.name for path in LOOKUPS.glob("*.yml") if path.name != "patterns.yml")


@pytest.mark.parametrize("name", TABLES)
def test_longer_names_stand_before_shorter_ones(name: str) -> None:
    # A table becomes one alternation: the first name that fits wins.
    for entry in _entries(name):
        if "lookup" not in entry:
            continue
        names = [line.lower() for line in _lines(entry)]
        assert len(names) == len(set(names))
        for index, earlier in enumerate(names):
            for later in names[index + 1 :]:
                assert not re.match(re.escape(earlier) + r"\b", later), (earlier, later)


def test_a_synonym_has_one_meaning() -> None:
    meaning: dict[str, str] = {}
    for name in TABLES:
        for entry in _entries(name):
            for line in _lines(entry) if "synonym" in entry else []:
                assert meaning.setdefault(line.lower(), entry["synonym"]) == entry["synonym"]
