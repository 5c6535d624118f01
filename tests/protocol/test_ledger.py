import dataclasses

import pytest

from ser_tf.errors import SettingError
from ser_tf.protocol import ledger
from ser_tf.protocol.ledger import assumption


@dataclasses.dataclass(frozen=True)
class Ledger:
    batch_size: int = assumption(32, "not stated", minimum=1, maximum=512)
    learning_rate: float = assumption(1e-3, "not stated", minimum=1e-9)
    excited: bool = assumption(False, "not stated")
    optimiser: str = assumption("adam", "not stated", ("adam", "sgd"))


@pytest.mark.parametrize(
    ("assignment", "key", "value"),
    [
        ("batch_size=8", "batch_size", 8),
        ("learning_rate=3e-4", "learning_rate", 3e-4),
        ("learning_rate=1", "learning_rate", 1.0),
        ("excited=true", "excited", True),
        ("excited=FALSE", "excited", False),
        ("optimiser=sgd", "optimiser", "sgd"),
    ],
)
def test_values_get_the_type_of_the_default(assignment, key, value):
    changed = ledger.override(Ledger(), [assignment])
    assert getattr(changed, key) == value and type(getattr(changed, key)) is type(getattr(Ledger(), key))
    assert dataclasses.replace(changed, **{key: getattr(Ledger(), key)}) == Ledger()


@pytest.mark.parametrize(
    ("assignment", "line"),
    [
        ("batch_size", "--set batch_size: expected ASSUMPTION=VALUE"),
        ("size=3", "--set size=3: no assumption size; there are batch_size, excited, learning_rate, optimiser"),
        ("=3", "--set =3: no assumption ; there are batch_size, excited, learning_rate, optimiser"),
        ("batch_size=many", "--set batch_size=many: expected a whole number"),
        ("batch_size=1.5", "--set batch_size=1.5: expected a whole number"),
        ("batch_size=", "--set batch_size=: expected a whole number"),
        ("batch_size=0", "--set batch_size=0: expected at least 1 and at most 512"),
        ("learning_rate=nan", "--set learning_rate=nan: expected at least 1e-09"),
        ("learning_rate=fast", "--set learning_rate=fast: expected a number"),
        ("excited=1", "--set excited=1: expected true or false"),
        ("optimiser=adamw", "--set optimiser=adamw: expected one of adam, sgd"),
    ],
)
def test_bad_assignments_are_one_clear_line(assignment, line):
    with pytest.raises(SettingError) as caught:
        ledger.override(Ledger(), ["excited=true", assignment])
    assert str(caught.value) == line


def test_later_assignments_win_and_all_are_kept():
    changed = ledger.override(Ledger(), ["batch_size=8", "excited=true", "batch_size=16"])
    assert ledger.overridden(changed) == {"batch_size": 16, "excited": True}
    assert ledger.overridden(Ledger()) == {} and Ledger().batch_size == 32
    assert ledger.as_dict(changed) == {
        "batch_size": 16, "learning_rate": 1e-3, "excited": True, "optimiser": "adam"
    }  # fmt: skip


def test_entries_show_value_default_choices_and_reason():
    entry = ledger.entries(ledger.override(Ledger(), ["optimiser=sgd"]))[-1]
    assert entry == ledger.Entry("optimiser", "sgd", "adam", ("adam", "sgd"), "not stated")


def test_a_default_outside_of_the_choices_is_refused():
    with pytest.raises(ValueError, match="'sgd' is not among"):
        assumption("sgd", "why", ("adam",))


def test_a_number_without_bounds_is_refused():
    with pytest.raises(ValueError, match="a number needs choices, a minimum or a maximum"):
        assumption(3, "why")


def test_restored_ledgers_take_new_defaults_and_drop_what_is_gone():
    assert ledger.restore(Ledger, {"batch_size": 8, "gone": 1}) == Ledger(batch_size=8)


def test_a_misspelt_assumption_is_a_type_error(tmp_path):
    """mypy knows every assumption where a system reads them; no `Any` lets a wrong name through."""
    api = pytest.importorskip("mypy.api", reason="mypy comes with the extra dev")
    (tmp_path / "misspelt.py").write_text(
        "from ser_tf.papers.lee2020.ledger import Ledger\n"
        "from ser_tf.protocol.context import FoldContext\n"
        "def right(context: FoldContext[Ledger]) -> int:\n"
        "    return context.ledger.max_epochs\n"
        "def wrong(context: FoldContext[Ledger]) -> None:\n"
        "    print(context.ledger.max_epoch)\n"
    )
    shown, _, status = api.run(["--cache-dir", str(tmp_path / "cache"), str(tmp_path / "misspelt.py")])
    assert status == 1 and "Found 1 error" in shown
    assert 'misspelt.py:6: error: "Ledger" has no attribute "max_epoch"' in shown
