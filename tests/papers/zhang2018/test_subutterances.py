import numpy as np
import pytest

from ser_tf.papers.zhang2018.subutterances import EQUAL, FIXED, SubUtterances, cut


class _Whole:
    dims = 2
    _features = {name: np.arange(2 * frames).reshape(frames, 2) for name, frames in (("a", 7), ("b", 3), ("c", 12))}

    def num_frames(self, name):
        return len(self._features[name])

    def __getitem__(self, name):
        return self._features[name]


@pytest.mark.parametrize("rule", [EQUAL, FIXED])
@pytest.mark.parametrize("frames", [1, 4, 5, 6, 11, 20, 21])
def test_pieces_are_short_enough_and_together_the_utterance(rule, frames):
    pieces = cut(frames, 5, rule)
    assert [first for first, _ in pieces] == [sum(size for _, size in pieces[:place]) for place in range(len(pieces))]
    assert sum(size for _, size in pieces) == frames and all(1 <= size <= 5 for _, size in pieces)
    assert len(pieces) == -(-frames // 5)


def test_the_rules_differ():
    assert cut(11, 5, EQUAL) == [(0, 3), (3, 4), (7, 4)]
    assert cut(11, 5, FIXED) == [(0, 5), (5, 5), (10, 1)]
    assert cut(11, None) == [(0, 11)]
    with pytest.raises(ValueError, match="rule 'odd'"):
        cut(11, 5, "odd")


def test_pieces_read_their_part_and_know_their_utterance():
    pieces = SubUtterances(_Whole(), ("c", "a", "b"), 5)
    assert pieces.ids == ("c#0", "c#4", "c#8", "a#0", "a#3", "b#0") and pieces.dims == 2
    np.testing.assert_array_equal(pieces.owners, [0, 0, 0, 1, 1, 2])
    for name in ("a", "b", "c"):
        mine = [piece for piece in pieces.ids if piece.startswith(name)]
        np.testing.assert_array_equal(np.concatenate([pieces[piece] for piece in mine]), _Whole()[name])
        assert sum(pieces.num_frames(piece) for piece in mine) == _Whole().num_frames(name)


def test_posteriors_are_averaged_by_utterance():
    pieces = SubUtterances(_Whole(), ("c", "a", "b"), 5)
    posteriors = np.array([[1, 0], [0, 1], [0.5, 0.5], [1, 0], [0.5, 0.5], [0.2, 0.8]])
    np.testing.assert_allclose(pieces.average(posteriors), [[0.5, 0.5], [0.75, 0.25], [0.2, 0.8]])
    whole = SubUtterances(_Whole(), ("c", "a"))
    np.testing.assert_array_equal(whole.average(posteriors[:2]), posteriors[:2])
