"""Model lists are kept, bounded, and believed for a while."""

from __future__ import annotations

import logging
import time

import msgspec
import pytest

from nbapimgr.manager import _lists as room
from nbapimgr.manager._lists import Lists
from nbapimgr.models import ModelInfo, Provider

ONE = Provider(name="one", dialect="openai-chat", base_url="http://one")
SMALL = ModelInfo(id="small", context_window=4096, images=False)


@pytest.fixture
def lists(tmp_path):
    return Lists(tmp_path / "models")


def files(lists):
    return list(lists._folder.iterdir())


def test_what_is_told_comes_back_without_the_raw_list(lists):
    told = (msgspec.structs.replace(SMALL, raw={"much": "more"}), ModelInfo(id="plain"))
    assert lists.keep(ONE, told) == {"small": SMALL}
    assert lists.of(ONE) == {"small": SMALL}


def test_each_provider_has_its_own(lists):
    lists.keep(ONE, (SMALL,))
    other = msgspec.structs.replace(ONE, name="ONE")
    assert lists.of(other) == {}
    lists.keep(other, ())
    assert lists.of(ONE)
    assert len(files(lists)) == 2


def test_a_name_like_a_path_stays_in_the_folder(lists):
    odd = msgspec.structs.replace(ONE, name="../../up")
    lists.keep(odd, (SMALL,))
    assert lists.of(odd)
    assert len(files(lists)) == 1


def test_another_address_has_said_nothing(lists):
    lists.keep(ONE, (SMALL,))
    assert lists.of(msgspec.structs.replace(ONE, base_url="http://two")) == {}


@pytest.mark.parametrize(("days", "believed"), [(29, True), (31, False), (-31, False)])
def test_an_old_list_is_not_believed(lists, monkeypatch, days, believed):
    lists.keep(ONE, (SMALL,))
    now = time.time() + days * 86_400
    monkeypatch.setattr(room.time, "time", lambda: now)
    assert bool(lists.of(ONE)) is believed


def test_a_list_has_bounds(lists, monkeypatch):
    monkeypatch.setattr(room, "_MOST", 2)
    many = tuple(ModelInfo(id=str(n), tools=True) for n in range(5))
    assert set(lists.keep(ONE, many)) == {"0", "1"}
    monkeypatch.setattr(room, "_MOST_BYTES", 10)
    assert lists.of(ONE) == {}


@pytest.mark.parametrize("damage", [b"", b"[]", b'{"base_url": 3}', b"\xff"])
def test_a_damaged_file_is_as_if_it_had_not_been_asked(lists, damage):
    lists.keep(ONE, (SMALL,))
    files(lists)[0].write_bytes(damage)
    assert lists.of(ONE) == {}


def test_a_disk_that_is_full_leaves_no_litter(lists, monkeypatch, caplog):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with caplog.at_level(logging.WARNING):
        lists.keep(ONE, (SMALL,))
    assert "not kept: No space left" in caplog.text
    assert files(lists) == []


def test_a_folder_that_cannot_be_written_costs_nothing(tmp_path, caplog):
    (tmp_path / "models").write_text("in the way")
    lists = Lists(tmp_path / "models")
    with caplog.at_level(logging.WARNING):
        assert lists.keep(ONE, (SMALL,)) == {"small": SMALL}
    assert "the models of one are not kept: " in caplog.text
    assert lists.of(ONE) == {}
