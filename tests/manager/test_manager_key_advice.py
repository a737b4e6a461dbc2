"""When a key should be changed or removed: what was seen, refused, announced, or not used."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from nbapimgr.errors import AllProvidersFailed
from nbapimgr.manager import Manager, credential_rows
from nbapimgr.manager import _key_usage as key_usage
from nbapimgr.manager._key_usage import KeyUses, with_use
from nbapimgr.manager._sightings import Sightings
from nbapimgr.scan import Leak, Report
from nbapimgr.vault import CredentialInfo, Keychain, KeyUse, _credentials, _slots
from nbapimgr.vault._passphrase import Kdf
from nbapimgr.wire.key_endings import key_ending
from tests.engine.faultserver import error

KEY = "sk-planted-0123456789-abcdefghijk-9Zq7"
OTHER = "sk-planted-9876543210-abcdefghijk-7Qz9"
GOOGLE = "AIza" + "Zq7" * 11 + "xy"
DAY = 86_400
NOW = 1_795_000_000


@pytest.fixture(autouse=True)
def here(monkeypatch, tmp_path):
    """A machine with a disk of its own, no keychain and empty histories."""
    monkeypatch.setattr(_credentials, "memory_only", lambda _environ: "")
    monkeypatch.setattr(Keychain, "why_not", lambda _self: "there is no keychain here")
    monkeypatch.setattr(_slots, "new_kdf", lambda: Kdf("argon2id", (19 * 1024, 2, 1)))
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.delenv("HISTFILE", raising=False)


@pytest.fixture
def kept(asked):
    asked.credentials.setup()
    asked.credentials.add("one", KEY)
    return asked


def notebook(folder, text):
    path = folder / "a.ipynb"
    path.write_text(json.dumps({"cells": [{"source": text}], "metadata": {}}))
    return path


def advice(manager, name="one"):
    return [info.advice(time.time()) for info in manager.credentials.list(name)]


def row(manager, alias="default"):
    return next(row for row in credential_rows(manager) if row["alias"] == alias)


# --- seen in a file -------------------------------------------------------------------------------


def test_a_key_that_was_seen_is_to_be_rotated_until_it_is(kept, home, tmp_path):
    path = notebook(tmp_path, f"k = '{KEY}'")
    assert advice(kept) == [""]
    kept.leaks()
    today = datetime.now(UTC).date()
    said = f"rotate it: it was seen in {path} (cell 1), on {today}"
    assert advice(kept) == [said]
    assert row(kept)["do"] == said
    another = Manager(home)  # the next kernel knows it, too
    assert advice(another) == [said]
    kept.credentials.add("one", OTHER)
    assert advice(kept)[0] == advice(another)[0] == ""
    another.close()


def test_what_is_kept_of_a_search_holds_no_key(kept, home, tmp_path):
    notebook(tmp_path, f"k = '{KEY}'")
    kept.leaks()
    [file] = home.rglob("seen-keys.json")
    text = file.read_text()
    assert KEY[3:12] not in text
    assert "9Zq7" not in text
    assert str(tmp_path / "a.ipynb") in text
    assert file.stat().st_mode & 0o077 == 0


def test_a_file_that_was_cleaned_is_forgotten_and_others_are_not(kept, tmp_path):
    path = notebook(tmp_path, KEY)
    (tmp_path / "sub").mkdir()
    other = notebook(tmp_path / "sub", KEY)
    kept.leaks()
    assert " and 1 more" in advice(kept)[0]
    notebook(tmp_path, "clean")
    kept.leaks(tmp_path / "nowhere")
    assert " and 1 more" in advice(kept)[0]
    kept.leaks()
    assert str(other) in advice(kept)[0]
    assert str(path) not in advice(kept)[0]
    other.unlink()
    notebook(tmp_path / "sub", "clean")
    kept.leaks()
    assert advice(kept) == [""]


def test_a_key_of_the_environment_is_seen_too(asked, monkeypatch, tmp_path):
    monkeypatch.setenv("MY_KEY", KEY)
    asked.providers.update("one", env=("MY_KEY",))
    notebook(tmp_path, KEY)
    asked.leaks()
    assert "it was seen in" in advice(asked)[0]


def leak(n=1):
    return Leak(
        kind="notebook", path=f"{n}.ipynb", where="cell 1", vendor="", masked="…", do="",
        fingerprint="f1",
    )  # fmt: skip


def test_a_file_of_findings_that_is_damaged_or_cannot_be_written_is_no_trouble(tmp_path):
    path = tmp_path / "seen.json"
    seen = Sightings(path)
    assert seen.of("f1") == ""
    path.write_bytes(b"\xff{")
    assert seen.of("f1") == ""
    seen.note(Report(leaks=(leak(),), files=1))
    assert Sightings(path).of("f1").startswith("1.ipynb (cell 1), on ")
    assert Sightings(path).of("f2") == ""
    (tmp_path / "file").write_text("in the way")
    lost = Sightings(tmp_path / "file" / "seen.json")
    lost.note(Report(leaks=(leak(),), files=1))
    assert lost.of("f1")


def test_what_is_kept_is_bounded(tmp_path):
    seen = Sightings(tmp_path / "seen.json")
    seen.note(Report(leaks=tuple(map(leak, range(1005))), files=1005))
    assert "and 999 more" in Sightings(tmp_path / "seen.json").of("f1")


# --- announced ------------------------------------------------------------------------------------


def test_a_form_that_its_vendor_has_cut_off(llm):
    llm.providers.add("google", key=GOOGLE)
    llm.providers.add("mine", base_url="http://127.0.0.1:9", key=GOOGLE)
    assert advice(llm, "google")[0].startswith("rotate it: Google has announced to take keys of")
    assert advice(llm, "mine") == [""]
    assert key_ending("google", "AQ.Ab8RN6" + "a" * 44) == key_ending("google", GOOGLE + "x") == ""


# --- used -----------------------------------------------------------------------------------------


def test_what_the_rows_say_of_each_key(kept, server):
    kept.credentials.spare("one", OTHER)
    for _ in range(3):
        kept.ask("hello")
    server.script(error(400))
    with pytest.raises(AllProvidersFailed):
        kept.ask("hello", fallback=False, only=("one",))
    found = row(kept)
    today = datetime.now(UTC).date().isoformat()
    assert (found["calls"], found["error_rate"], found["last_used"]) == (4, 0.25, today)
    assert found["tokens"] > 0
    spare = row(kept, "spare")
    assert (spare["calls"], spare["error_rate"], spare["tokens"]) == (0, None, 0)
    assert (spare["last_used"], spare["cost_usd"]) == ("", None)
    info = kept.credentials.list("one")[0]
    assert (info.use.calls, info.use.failed) == (4, 1)


def test_before_anybody_was_asked_nothing_is_read(kept, monkeypatch):
    monkeypatch.setattr(kept._usage, "frame", None)
    assert kept.credentials.list("one")[0].use is None
    assert kept.credentials.list("one", usage=True)[0].use == KeyUse()
    assert kept.credentials.list("one")[0].use == KeyUse()


def test_the_rows_are_read_once_a_minute(monkeypatch):
    reads, now = [], [1000.0]
    monkeypatch.setattr(key_usage.time, "monotonic", lambda: now[0])
    uses = KeyUses(lambda: reads.append(1) or {})
    for moment in (1000.0, 1059.0, 1061.0):
        now[0] = moment
        uses.fresh()
    assert len(reads) == 2


def test_a_key_that_is_refused_in_a_call_is_to_be_rotated_until_it_is_well_again(kept, server):
    server.script(error(401))
    with pytest.raises(AllProvidersFailed):
        kept.ask("hello")
    [info] = kept.credentials.list("one", usage=True)
    today = datetime.now(UTC).date()
    assert info.advice(time.time()) == f"rotate it: the provider refused it on {today}"
    later = msgspec.structs.replace(info, checked=info.use.refused + 1, verdict="valid")
    assert later.advice(time.time()) == ""


def info(alias="default", **more):
    about = {"provider": "one", "source": "vault", "masked": "…9Zq7", "fingerprint": alias}
    return CredentialInfo(alias=alias, **{**about, "active": True, **more})


def used(*infos, **days):
    """The advice for keys that were used last so many days ago."""
    uses = {f"one#{alias}": KeyUse(calls=1, last=NOW - n * DAY) for alias, n in days.items()}
    return [one.advice(NOW) for one in with_use(infos, uses, NOW)]


def test_a_key_that_nobody_needs_is_better_removed():
    month = "remove it if nothing else needs it: it was not used for 30 days"
    key = info(created=NOW - 80 * DAY)
    assert used(key, default=30) == [month]
    assert used(key, default=29) == [""]
    assert used(info(created=NOW - 29 * DAY)) == [""]
    assert used(info(created=NOW - 30 * DAY)) == [month]
    old = with_use([info(created=NOW - 400 * DAY)], {}, NOW)[0]
    assert old.unused == 90  # no more was looked at
    assert used(info(state="removed", created=NOW - 80 * DAY)) == [""]


def test_of_a_key_whose_age_nobody_knows_the_last_call_counts():
    there = {"fingerprint": "", "source": "environment variable A"}
    (one,) = with_use([info("env:A", **there)], {}, NOW)
    assert one.unused == 0
    uses = {"one:env:A": KeyUse(calls=1, last=NOW - 40 * DAY)}
    (one,) = with_use([info("env:A", **there)], uses, NOW)
    assert one.unused == 40


def test_a_spare_is_needed_as_long_as_its_provider_is():
    keys = [info(created=NOW - 80 * DAY), info("spare", active=False, created=NOW - 80 * DAY)]
    assert used(*keys, default=1) == ["", ""]
    assert all("not used for 40 days" in line for line in used(*keys, default=40))


def test_what_has_happened_comes_before_the_calendar():
    old = info(created=NOW - 91 * DAY, unused=40, seen="a file", verdict="rejected", reason="bad")
    assert old.advice(NOW) == "rotate it: the provider rejects it (bad)"
    old = msgspec.structs.replace(old, verdict="")
    assert old.advice(NOW) == "rotate it: it was seen in a file"
    old = msgspec.structs.replace(old, seen="")
    assert old.advice(NOW) == "rotate it: it is 91 days old"


def test_rows_of_other_days_and_kept_answers_do_not_count(kept, server):
    kept.mode = "record"
    kept.ask("hello")
    kept.mode = "replay"
    kept.ask("hello")
    assert row(kept)["calls"] == 1
    assert kept.usage(timedelta(days=1), ["outcome"])["outcome"].tolist() == ["ok", "cached"]
