"""What can be attached, and what is said of the rest."""

from __future__ import annotations

import io
import os
import zlib

import matplotlib as mpl
import matplotlib.figure
import numpy as np
import pandas as pd  # noqa: TID253  # frames are what is tested
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image as Pillow

from nbapimgr.errors import OptionError
from nbapimgr.magics import _attach, _pictures
from nbapimgr.magics._attach import attach
from nbapimgr.magics._pictures import media_type, picture
from nbapimgr.models import Candidate, Image, Provider, Reply, Text

mpl.use("agg")


def pixels(image):
    assert image.media_type == media_type(image.data)
    return Pillow.open(io.BytesIO(image.data))


def refused(spec, **namespace):
    with pytest.raises(OptionError) as caught:
        attach(spec, namespace)
    return caught.value


class TestPictures:
    @pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "HSV"])
    def test_a_pil_image_keeps_its_pixels(self, mode):
        original = Pillow.new(mode, (3, 2), 1)
        image = picture(original)
        assert image.media_type == "image/png"
        shown, drawn = pixels(image), original.convert("RGB")
        assert shown.convert("RGB").tobytes() == drawn.tobytes()
        assert ("A" in shown.getbands()) == ("A" in original.getbands())

    def test_a_photo_stays_a_jpeg(self):
        data = io.BytesIO()
        Pillow.new("RGB", (8, 8), "red").save(data, "JPEG")
        assert picture(Pillow.open(data)).media_type == "image/jpeg"

    def test_a_figure_and_its_axes_are_the_same_picture_each_time(self):
        figure = matplotlib.figure.Figure(figsize=(1, 1))
        axes = figure.subplots()
        axes.plot([1, 2])
        assert pixels(picture(figure)).format == "PNG"
        assert picture(axes) == picture(figure) == picture(figure)
        assert b"matplotlib" not in picture(figure).data.lower()

    @given(
        arrays("uint8", array_shapes(min_dims=2, max_dims=2, min_side=8, max_side=20))
        | arrays(
            "uint8", st.tuples(st.integers(8, 12), st.integers(8, 12), st.sampled_from([3, 4]))
        )
    )
    def test_an_array_of_bytes_keeps_its_pixels(self, array):
        shown = np.asarray(pixels(picture(array)))
        assert np.array_equal(shown, array)

    def test_one_channel_is_grey(self):
        assert pixels(picture(np.zeros((8, 9, 1), "uint8"))).size == (9, 8)

    @pytest.mark.parametrize(
        "array",
        [np.zeros((2, 3)), np.ones((2, 3, 3)), np.eye(3, dtype=bool), np.zeros((2, 2), "uint8")],
    )
    def test_other_arrays_are_pictures_only_when_asked_for(self, array):
        assert picture(array) is None
        shown = np.asarray(pixels(picture(array, explicit=True)))
        assert shown.max() == array.max() * (255 if array.dtype != "uint8" else 1)

    @pytest.mark.parametrize(
        "array",
        [np.zeros(9, "uint8"), np.zeros((8, 8, 2), "uint8"), np.zeros((0, 8), "uint8"),
         np.zeros((8, 8), "uint16"), np.full((8, 8), 2.0), np.full((8, 8), -1.0),
         np.zeros((8, 8), "int64"), np.full((8, 8), np.nan)],
    )  # fmt: skip
    def test_arrays_that_are_no_pictures(self, array):
        assert picture(array, explicit=True) is None

    def test_a_picture_that_is_too_large_is_refused(self, monkeypatch):
        monkeypatch.setattr(_pictures, "LARGEST", 10)
        with pytest.raises(OptionError, match="MB is the most"):
            picture(Pillow.new("L", (2, 2)))

    @pytest.mark.parametrize("value", [None, "text", 3, pd.DataFrame(), object()])
    def test_other_values_are_no_pictures(self, value):
        assert picture(value, explicit=True) is None

    @pytest.mark.parametrize(
        ("data", "kind"),
        [(b"\x89PNG\r\n\x1a\n..", "image/png"), (b"\xff\xd8\xff\xe0", "image/jpeg"),
         (b"GIF89a", "image/gif"), (b"GIF87a", "image/gif"), (b"RIFF1234WEBP", "image/webp"),
         (b"RIFF1234WAVE", None), (b"", None), (b"BM", None)],
    )  # fmt: skip
    def test_pictures_are_known_by_their_first_bytes(self, data, kind):
        assert media_type(data) == kind


class TestVariables:
    def test_pictures(self):
        array = np.zeros((2, 2))
        assert attach("a", {"a": array}) == picture(array, explicit=True)
        png = picture(Pillow.new("L", (2, 2))).data
        for value in (png, bytearray(png), memoryview(png)):
            assert attach("b", {"b": value}) == Image(data=png)

    def test_a_frame_is_csv(self):
        frame = pd.DataFrame({"a": [1], "b": ["x"]})
        assert attach("df", {"df": frame}) == Text(text="[df.csv]\na,b\n1,x\n[end of df.csv]\n\n")
        indexed = pd.Series([1], index=["p"], name="n")
        assert attach("s", {"s": indexed}).text == "[s.csv]\n,n\np,1\n[end of s.csv]\n\n"

    def test_text_and_replies(self, tmp_path):
        candidate = Candidate(provider=Provider(name="p", dialect="d", base_url=""), model="m")
        reply = Reply(text="hello", candidate=candidate, model="m")
        (tmp_path / "n.txt").write_text("in a file")
        space = {"t": "words ", "r": reply, "b": b"\xef\xbb\xbfbytes", "p": tmp_path / "n.txt"}
        assert attach("t", space).text == "[t]\nwords\n[end of t]\n\n"
        assert attach("r", space).text == "[r]\nhello\n[end of r]\n\n"
        assert attach("b", space).text == "[b]\nbytes\n[end of b]\n\n"
        assert attach("p", space).text == "[n.txt]\nin a file\n[end of n.txt]\n\n"

    def test_a_url_in_a_variable(self):
        assert attach("u", {"u": "https://x.y/z"}) == Image(url="https://x.y/z")
        assert "see it" in attach("u", {"u": "https://x.y and see it"}).text

    def test_other_values_are_refused(self):
        error = refused("n", n=3)
        assert str(error) == "cannot attach 'n': it is a int"
        assert error.hint == "write it into the prompt instead: {{ n }}"


class TestFiles:
    def test_pictures_and_text(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        image = picture(Pillow.new("L", (2, 2)))
        (tmp_path / "wrong-name.txt").write_bytes(image.data)
        (tmp_path / "ä.csv").write_text("a,b\n")
        assert attach("wrong-name.txt", {}) == image
        assert attach("./ä.csv", {}).text == "[ä.csv]\na,b\n[end of ä.csv]\n\n"

    def test_the_home_folder(self, tmp_path, monkeypatch):
        monkeypatch.setenv("HOME", str(tmp_path))
        (tmp_path / "x").write_text("1")
        assert "1" in attach("~/x", {}).text

    def test_a_variable_goes_before_a_file(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "x").write_text("file")
        assert "variable" in attach("x", {"x": "variable"}).text
        assert "file" in attach("x", {}).text

    def test_a_url_is_left_to_the_provider(self):
        assert attach("https://x.y/z.png", {}) == Image(url="https://x.y/z.png")
        assert refused("ftp://x.y/z").hint == "a path, an https:// URL or a variable"

    @pytest.mark.parametrize(
        ("data", "what"),
        [(b"%PDF-1.7", "a PDF"), (b"PK\x03\x04", "a ZIP archive"), (b"BM....", "a BMP picture"),
         (b"II*\x00", "a TIFF"), (b"MM\x00*", "a TIFF"), (b"a\x00b", "neither a picture nor text"),
         (b"\xff\xfe\xfd", "neither a picture nor text")],
    )  # fmt: skip
    def test_what_no_model_takes(self, data, what, tmp_path):
        (tmp_path / "f").write_bytes(data)
        assert f"cannot attach 'f': it is {what}" in str(refused(str(tmp_path / "f")))

    def test_what_is_not_there(self, tmp_path):
        error = refused("figg", fig=1, _figg=2)
        assert str(error) == "cannot attach 'figg': no such variable and no such file"
        assert error.hint == "did you mean fig?"
        assert refused("nothing.at/all").hint == ""
        assert str(refused(str(tmp_path))).endswith("it is no file")
        assert "no such file" in str(refused("a\x00b"))

    def test_what_cannot_be_read(self, tmp_path, monkeypatch):
        file = tmp_path / "f"
        file.write_text("x")

        def denied(self):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(type(file), "read_bytes", denied)
        assert str(refused(str(file))).endswith("Permission denied")

    def test_what_is_too_large_is_not_read(self, tmp_path):
        file = tmp_path / "f"
        with file.open("wb") as f:
            os.truncate(f.fileno(), _pictures.LARGEST + 1)
        assert "f is 21 MB, and 21 MB is the most" in str(refused(str(file)))

    def test_a_pipe_is_not_waited_for(self, tmp_path):
        os.mkfifo(tmp_path / "pipe")
        assert "it is no file" in str(refused(str(tmp_path / "pipe")))

    def test_text_has_a_length(self, monkeypatch):
        monkeypatch.setattr(_attach, "_LONGEST", 3)
        assert "t has 4 characters, and 3 is the most" in str(refused("t", t="abcd"))

    def test_a_large_picture_in_memory(self, monkeypatch):
        monkeypatch.setattr(_attach, "LARGEST", 10)
        data = b"\x89PNG\r\n\x1a\n" + zlib.compress(b"x")
        assert "MB is the most" in str(refused("b", b=data))
