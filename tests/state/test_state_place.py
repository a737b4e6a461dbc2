"""Where the state of a host is kept, and where it is not."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

import pytest

from nbapimgr.state import state_folder
from nbapimgr.state._place import PlaceError, file_system_of, is_shared, made_private

MOUNTS = """\
22 1 8:1 / / rw - ext4 /dev/sda1 rw
23 22 0:30 / /tmp rw - tmpfs tmpfs rw
24 22 0:40 / /home rw,nosuid shared:1 - nfs4 server:/home rw
25 24 0:41 / /home/me/own\\040disk rw - xfs /dev/sdb1 rw
26 22 0:42 / /homestead rw - btrfs /dev/sdc1 rw
damaged
"""


@pytest.fixture
def mounts(tmp_path):
    """A list of mounts as Linux has it."""
    path = tmp_path / "mountinfo"
    path.write_text(MOUNTS)
    return path


@pytest.mark.skipif(sys.platform == "win32", reason="paths of POSIX")
@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/var/lib/x", "ext4"),
        ("/", "ext4"),
        ("/tmp/not/there/yet", "tmpfs"),  # noqa: S108  # nothing is written
        ("/home", "nfs4"),
        ("/home/me/state", "nfs4"),
        ("/home/me/own disk/state", "xfs"),
        ("/homestead/me", "btrfs"),
    ],
)
def test_the_file_system_is_that_of_the_innermost_mount(mounts, folder, kind):
    assert file_system_of(Path(folder), mounts) == kind


def test_where_nobody_can_tell_it_is_taken_for_ones_own(tmp_path):
    assert file_system_of(tmp_path, tmp_path / "none") == ""
    assert not is_shared("")


def test_a_share_of_windows_is_known_by_its_name(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    assert is_shared(file_system_of(Path("\\\\server\\share\\home")))


def test_the_state_of_a_home_is_in_it(home, tmp_path):
    assert state_folder(tmp_path / "other") == tmp_path / "other" / "state"
    assert state_folder() == home / "state"


def test_without_a_home_it_is_the_platforms_folder_of_what_runs(monkeypatch, tmp_path):
    monkeypatch.delenv("NBAPIMGR_HOME")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert "nbapimgr" in str(state_folder())
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "nbapimgr" in str(state_folder())


def test_a_home_on_the_network_has_its_part_of_the_hosts_own_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setattr("nbapimgr.state._place.file_system_of", lambda _: "nfs4")
    one, two = state_folder(tmp_path / "one"), state_folder(tmp_path / "two")
    assert one != two
    assert one == state_folder(tmp_path / "one")
    assert tmp_path / "one" not in one.parents
    assert one.parent.name == "nbapimgr"


def test_a_folder_is_made_for_its_owner_only(tmp_path):
    folder = tmp_path / "deep" / "state"
    made_private(folder)
    made_private(folder)
    if sys.platform != "win32":
        assert folder.stat().st_mode & 0o777 == 0o700
        folder.chmod(0o755)
        made_private(folder)
        assert folder.stat().st_mode & 0o777 == 0o700


def test_windows_has_no_such_rights(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.delattr(os, "getuid", raising=False)
    made_private(tmp_path / "state")
    assert (tmp_path / "state").is_dir()


def test_a_folder_on_the_network_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr("nbapimgr.state._place.file_system_of", lambda _: "cifs")
    with pytest.raises(PlaceError, match=r"network file system \(cifs\)"):
        made_private(tmp_path / "state")
    assert not (tmp_path / "state").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="owners of POSIX")
def test_somebody_elses_folder_is_refused(monkeypatch, tmp_path):
    mine = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: mine + 1)
    with pytest.raises(PlaceError, match="somebody else"):
        made_private(tmp_path / "state")


@pytest.mark.skipif(sys.platform == "win32", reason="links of POSIX")
def test_a_link_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "state").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PlaceError, match="somebody else"):
        made_private(tmp_path / "state")
