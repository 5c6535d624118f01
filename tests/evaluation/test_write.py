import csv
import json
import struct
import subprocess
import sys

import matplotlib
import numpy as np
import pytest
from matplotlib import colormaps, image

from ser_tf.errors import UserError
from ser_tf.evaluation.confusion import save_confusion
from ser_tf.evaluation.write import write_results
from tests.evaluation.examples import summary_of

MATRIX = np.array([[90, 10, 0], [5, 5, 0], [0, 0, 0]])
CLASSES = ("angry", "happy", "sad")


def test_confusion_is_a_picture_of_200_dpi_with_its_counts_beside(tmp_path):
    png, table = save_confusion(tmp_path / "confusion_row.v2.png", MATRIX, CLASSES, "A title")
    data = png.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    place = data.index(b"pHYs") + 4
    assert struct.unpack(">I", data[place : place + 4])[0] == round(200 / 0.0254)
    assert table.name == "confusion_row.v2.csv"
    header, *rows = csv.reader(table.open())
    assert header == ["truth", *CLASSES]
    assert [row[0] for row in rows] == list(CLASSES)
    assert np.array_equal(np.array([row[1:] for row in rows], dtype=int), MATRIX)


def test_cells_are_coloured_by_the_share_of_their_row(tmp_path):
    png, _ = save_confusion(tmp_path / "c.png", np.array([[90, 10], [400, 600]]), ("a", "b"), "t")
    pixels = np.round(image.imread(png)[..., :3] * 255).astype(int).reshape(-1, 3)
    for share in (0.9, 0.1, 0.4, 0.6):
        colour = np.round(np.array(colormaps["Blues"](share)[:3]) * 255).astype(int)
        area = np.sum(np.abs(pixels - colour).max(axis=1) <= 1)
        assert area > 0.4 * (0.85 * 200) ** 2, share


def test_neither_pyplot_nor_tensorflow_is_imported():
    modules = "write", "summary", "tables", "confusion", "statistics", "sweep_forms", "older"
    lines = [f"import ser_tf.evaluation.{name}" for name in modules]
    lines.append("import sys; print([n for n in ('matplotlib.pyplot', 'tensorflow', 'keras') if n in sys.modules])")
    shown = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_the_same_matrix_gives_the_same_bytes_and_settings_are_left_alone(tmp_path):
    settings = dict(matplotlib.rcParams)
    first, _ = save_confusion(tmp_path / "1.png", MATRIX, CLASSES, "t")
    second, _ = save_confusion(tmp_path / "2.png", MATRIX, CLASSES, "t")
    other, _ = save_confusion(tmp_path / "3.png", MATRIX.T, CLASSES, "t")
    assert first.read_bytes() == second.read_bytes() != other.read_bytes()
    assert dict(matplotlib.rcParams) == settings


def test_a_matrix_of_other_classes_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"2 classes cannot have shape \(3, 3\)"):
        save_confusion(tmp_path / "c.png", MATRIX, ("a", "b"), "t")


def test_results_are_written_whole(tmp_path):
    summary = summary_of()
    paths = write_results(tmp_path / "new" / "folder", summary)
    names = {"summary.json", "table.md", "table.csv", "table.tex"}
    names |= {f"confusion_{key}.{kind}" for key in ("frame", "weighted", "deep") for kind in ("png", "csv")}
    assert {path.name for path in paths} == {path.name for path in (tmp_path / "new" / "folder").iterdir()} == names
    assert json.loads((tmp_path / "new" / "folder" / "summary.json").read_text()) == summary


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"^cannot write .*file/table\.md: .*$"):
        write_results(tmp_path / "file", summary_of())
