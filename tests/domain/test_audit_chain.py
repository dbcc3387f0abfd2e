"""The chain of the audit: every tampering that heads outside the database can show is shown, and nothing else."""

import hashlib
import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from types import MappingProxyType

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from gis_app.domain.audit_chain import (
    GENESIS,
    SENTENCES,
    AuditEntry,
    Fault,
    FaultKind,
    Head,
    chain_faults,
    entry_hash,
    parse_heads,
)
from gis_app.domain.errors import InvalidInput

NOON = datetime(2026, 6, 15, 4, 0, tzinfo=UTC)
FACTS = {
    "sequence": 1,
    "at": NOON,
    "account": "anyang",
    "action": "hazard.correct",
    "subject": "hazard:7",
    "detail": {},
    "scope_path": "/330381/",
}
LINK = "0" * 63 + "a"

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
whole_numbers = st.integers(1 - 2**53, 2**53 - 1)
details = st.dictionaries(
    texts,
    st.recursive(
        st.none() | st.booleans() | whole_numbers | texts,
        lambda parts: st.lists(parts, max_size=3) | st.dictionaries(texts, parts, max_size=3),
        max_leaves=5,
    ),
    max_size=3,
)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))
happenings = st.fixed_dictionaries(
    {"at": moments, "account": texts, "action": texts, "subject": texts, "detail": details, "scope_path": texts}
)


def chained(happenings, *, after=()):
    """Return a chain of happenings, perhaps grown from another."""
    chain = list(after)
    for happening in happenings:
        previous = chain[-1].hash if chain else GENESIS
        facts = {**happening, "sequence": len(chain) + 1}
        chain.append(AuditEntry(**facts, previous_hash=previous, hash=entry_hash(previous, **facts)))
    return chain


def happening_of(entry):
    return {field.name: getattr(entry, field.name) for field in fields(entry)[1:-2]}


def heads_of(chain):
    return [Head(entry.sequence, entry.hash) for entry in chain]


def kinds(entries, heads):
    return [(fault.kind, fault.sequence) for fault in chain_faults(entries, heads)]


@st.composite
def chains(draw, least=1):
    """Return a chain and the heads of its commits: of some entries, always of the last, in any order."""
    chain = chained(draw(st.lists(happenings, min_size=least, max_size=50)))
    commits = draw(st.sets(st.sampled_from(range(len(chain))))) | {len(chain) - 1}
    return chain, draw(st.permutations(heads_of([chain[place] for place in sorted(commits)])))


def test_a_hash_is_sha256_of_one_line_of_json():
    detail = {"层": [1, None, True], "a": {"z": "", "b": -2}}
    link = entry_hash(GENESIS, **{**FACTS, "detail": detail, "at": NOON.replace(microsecond=70)})
    by_hand = (
        '["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",1,"2026-06-15T04:00:00.000070+00:00",'
        '"anyang","hazard.correct","hazard:7",{"a":{"b":-2,"z":""},"层":[1,null,true]},"/330381/"]'
    )
    assert link == hashlib.sha256(by_hand.encode()).digest()


def test_the_same_moment_on_another_clock_gives_the_same_hash():
    in_the_city = NOON.astimezone(timezone(timedelta(hours=8)))
    assert entry_hash(GENESIS, **{**FACTS, "at": in_the_city}) == entry_hash(GENESIS, **FACTS)
    with pytest.raises(ValueError, match="time zone"):
        entry_hash(GENESIS, **{**FACTS, "at": NOON.replace(tzinfo=None)})


def test_texts_cannot_run_into_one_another():
    one = entry_hash(GENESIS, **{**FACTS, "account": 'a","b', "action": "c"})
    other = entry_hash(GENESIS, **{**FACTS, "account": "a", "action": 'b","c'})
    assert one != other


@pytest.mark.parametrize(
    ("value", "where"),
    [
        (0.5, "detail.v"),
        (float("nan"), "detail.v"),
        (2**53, "detail.v"),
        ([1, {"deep": b"x"}], "detail.v[1].deep"),
        ((1, 2), "detail.v"),
        ({1: 2}, "detail.v"),
        ("a\0b", "detail.v"),
        ("\ud800", "detail.v"),
        ({"\0": 1}, "detail.v"),
        (NOON, "detail.v"),
    ],
)
def test_what_a_database_would_not_give_back_is_refused_by_its_place(value, where):
    with pytest.raises(InvalidInput) as caught:
        entry_hash(GENESIS, **{**FACTS, "detail": {"v": value}})
    assert caught.value.message == f"{where} cannot stand in the audit."


def test_a_text_no_database_holds_is_refused_outside_the_detail_too():
    with pytest.raises(InvalidInput, match="subject"):
        entry_hash(GENESIS, **{**FACTS, "subject": "hazard:\0"})


def test_read_only_objects_and_enumerated_texts_are_what_they_say():
    class Stage(StrEnum):
        CLOSED = "closed"

    plain = entry_hash(GENESIS, **{**FACTS, "detail": {"stage": "closed"}})
    assert entry_hash(GENESIS, **{**FACTS, "detail": MappingProxyType({"stage": Stage.CLOSED})}) == plain


def test_a_detail_comes_back_from_the_database_with_the_same_hash(empty_database):
    @example({"10": 1, "9": 2, "": 2**53 - 1, "é": "e\u0301", "\U0001f600": ["\u2028", '\\"\x7f']})
    @given(details)
    def comes_back(detail):
        stored = connection.execute(back, {"detail": json.dumps(detail)}).scalar_one()
        assert entry_hash(GENESIS, **{**FACTS, "detail": stored}) == entry_hash(GENESIS, **{**FACTS, "detail": detail})

    back = text("SELECT CAST(:detail AS jsonb)")
    with empty_database.app.connect() as connection:
        comes_back()


@given(chains(), st.lists(happenings, max_size=3))
def test_a_chain_left_alone_is_whole_and_may_be_ahead_of_its_heads(made, later):
    chain, heads = made
    assert kinds(chained(later, after=chain), heads) == []
    assert kinds(chain, heads * 2) == []


FORGERIES = {
    "sequence": st.integers(-1, 60),
    "at": moments,
    "account": texts,
    "action": texts,
    "subject": texts,
    "detail": details | st.just([]) | st.just({"share": 0.5}),
    "scope_path": texts,
    "previous_hash": st.binary(max_size=33),
    "hash": st.binary(max_size=33),
}


@given(chains(), st.data())
@settings(max_examples=40)
@pytest.mark.parametrize("field", FORGERIES)
def test_an_edit_of_any_field_is_seen_at_its_entry(field, made, data):
    chain, heads = made
    place = data.draw(st.integers(0, len(chain) - 1))
    forged = replace(chain[place], **{field: data.draw(FORGERIES[field])})
    # As JSON: True is not 1 there.
    assume(json.dumps(getattr(forged, field), default=repr) != json.dumps(getattr(chain[place], field), default=repr))
    assert (FaultKind.CHANGED, forged.sequence) in kinds([*chain[:place], forged, *chain[place + 1 :]], heads)


def test_every_field_of_an_entry_has_a_forgery():
    assert list(FORGERIES) == [field.name for field in fields(AuditEntry)]


@given(chains(), st.data())
def test_a_deleted_entry_is_named(made, data):
    chain, heads = made
    gone = data.draw(st.sampled_from(chain)).sequence
    found = kinds([entry for entry in chain if entry.sequence != gone], heads)
    if gone == len(chain):
        assert found == [(FaultKind.TRUNCATED, gone)]
    else:
        assert found == [(FaultKind.MISSING, gone), (FaultKind.UNCHAINED, gone + 1)]


@given(chains(least=2), st.data())
def test_swapped_rows_are_seen_with_their_old_numbers_or_their_places(made, data):
    chain, heads = made
    one, other = sorted(data.draw(st.sets(st.integers(0, len(chain) - 1), min_size=2, max_size=2)))
    swapped = list(chain)
    swapped[one], swapped[other] = chain[other], chain[one]
    assert FaultKind.REPEATED in {kind for kind, _ in kinds(swapped, heads)}
    renumbered = [replace(entry, sequence=place) for place, entry in enumerate(swapped, start=1)]
    assert {(FaultKind.CHANGED, one + 1), (FaultKind.CHANGED, other + 1)} <= set(kinds(renumbered, heads))


@given(chains(), happenings, st.data())
def test_an_inserted_entry_is_seen_even_chained_to_the_one_before(made, happening, data):
    chain, heads = made
    place = data.draw(st.integers(0, len(chain) - 1))
    forged = chained([happening], after=chain[:place])
    pushed = [replace(entry, sequence=entry.sequence + 1) for entry in chain[place:]]
    found = kinds([*forged, *pushed], heads)
    assert {(FaultKind.UNCHAINED, place + 2), (FaultKind.CHANGED, place + 2)} <= set(found)
    assert (FaultKind.REPEATED, chain[place].sequence) in kinds([*forged, *chain[place:]], heads)


@given(chains(), st.data())
def test_a_chain_cut_off_lacks_every_head_past_its_end(made, data):
    chain, heads = made
    length = data.draw(st.integers(0, len(chain) - 1))
    lost = sorted(head.sequence for head in heads if head.sequence > length)
    assert kinds(chain[:length], heads) == [(FaultKind.TRUNCATED, sequence) for sequence in lost]


@given(chains(), st.lists(happenings, min_size=1, max_size=50), st.data())
def test_a_chain_cut_off_and_grown_again_is_seen_though_the_new_commits_have_heads_too(made, later, data):
    chain, heads = made
    length = data.draw(st.integers(0, len(chain) - 1))
    grown = chained(later, after=chain[:length])
    lost = [entry for entry in chain[length:] if entry not in grown]
    assume(lost)
    found = kinds(grown, heads + heads_of(grown[length:]))
    assert found
    assert {kind for kind, _ in found} <= {FaultKind.TRUNCATED, FaultKind.REWRITTEN}
    # Without the new heads, as somebody would who writes to the database only.
    assert kinds(grown, heads)


@given(chains(), st.sampled_from(["at", "account", "action", "subject", "detail", "scope_path"]), st.data())
def test_a_chain_made_anew_after_an_edit_contradicts_every_later_head(made, field, data):
    chain, heads = made
    place = data.draw(st.integers(0, len(chain) - 1))
    happened = [happening_of(entry) for entry in chain]
    happened[place] = {**happened[place], field: data.draw(happenings)[field]}
    anew = chained(happened)
    assume(anew[-1].hash != chain[-1].hash)
    rewritten = sorted(head.sequence for head in heads if head.sequence > place)
    assert kinds(anew, heads) == [(FaultKind.REWRITTEN, sequence) for sequence in rewritten]


def test_a_forged_sequence_far_away_makes_one_fault_of_its_gap():
    chain = chained([happening_of(AuditEntry(**FACTS, previous_hash=b"", hash=b""))] * 2)
    far = replace(chain[1], sequence=2**62)
    assert kinds([chain[0], far], []) == [(FaultKind.MISSING, 2), (FaultKind.CHANGED, 2**62)]


def test_entries_are_read_one_at_a_time():
    chain = chained([happening_of(AuditEntry(**FACTS, previous_hash=b"", hash=b""))] * 3)

    def stream():
        yield replace(chain[0], account="forger")
        pytest.fail("The second entry was read before the first was judged.")

    assert next(chain_faults(stream(), [])) == Fault(FaultKind.CHANGED, 1)


def test_every_kind_has_a_sentence_with_the_place():
    assert set(SENTENCES) == set(FaultKind)
    assert all("{sequence}" in sentence for sentence in SENTENCES.values())


def test_heads_are_read_from_their_lines():
    lines = [f"1 {LINK} 2026-06-15T04:05:06.789012+00:00\n", f"12 {LINK} 2026-06-15T04:05:06+00:00\n"]
    assert parse_heads(lines) == ([Head(1, bytes.fromhex(LINK)), Head(12, bytes.fromhex(LINK))], [])
    assert parse_heads([]) == ([], [])


@pytest.mark.parametrize(
    "line",
    [
        "\n",
        "nothing\n",
        f"0 {LINK} {NOON.isoformat()}\n",
        f"-1 {LINK} {NOON.isoformat()}\n",
        f"1_0 {LINK} {NOON.isoformat()}\n",
        f"１ {LINK} {NOON.isoformat()}\n",
        f"1 {LINK[1:]} {NOON.isoformat()}\n",
        f"1 {LINK[2:]} {NOON.isoformat()}\n",
        f"1 {LINK} yesterday\n",
        f"1 {LINK}\n",
        f"1 {LINK} {NOON.isoformat()} more\n",
        f"1 {LINK[:20]}2 {LINK} {NOON.isoformat()}\n",
        f"1 {LINK} {NOON.isoformat()}",
    ],
)
def test_a_malformed_line_is_told_by_its_number(line):
    good = f"7 {LINK} {NOON.isoformat()}\n"
    heads, faults = parse_heads([good, line, good])
    assert [head.sequence for head in heads] == [7, 7]
    assert faults == [Fault(FaultKind.MALFORMED_HEAD, 2)]


@given(st.integers(0, 98))
def test_a_last_line_torn_anywhere_is_no_fault(length):
    good = f"7 {LINK} {NOON.isoformat()}\n"
    torn = f"8 {LINK} {NOON.isoformat()}"[:length]
    heads, faults = parse_heads((good + torn).splitlines(keepends=True))
    assert [head.sequence for head in heads] == [7]
    assert faults == []
