"""The cross attention network, its ablations, and the systems it is compared with."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from ser_tf.features.mfcc import MfccParams
from ser_tf.papers.lee2020 import networks as lee2020
from ser_tf.papers.lee2020 import xu2019, yoon2019
from ser_tf.papers.lee2020.segment_mfcc import SegmentMfcc
from ser_tf.papers.lee2020.text_audio import SEGMENT_DROPOUTS, AudioSettings, TextSettings

DIMS, CLASSES, UNITS = 4, 3, 8
RNG = np.random.default_rng(5)
TEXT = TextSettings(("a", "b", "c", "d", "e"), RNG.normal(size=(6, 5)).astype(np.float32))
AUDIO = AudioSettings(RNG.normal(size=DIMS), RNG.uniform(0.5, 2.0, DIMS))
NUM_WORDS = (4, 2, 1)
LENGTHS = (20, 12, 5)
SEGMENTS = ([[0, 5], [4, 6], [10, 4], [13, 7]], [[0, 6], [6, 6]], [[0, 5]])

CAN = functools.partial(lee2020.build_cross_attention_network, TEXT, AUDIO, CLASSES, UNITS)
NETWORKS = {
    "can": CAN,
    "split heads": functools.partial(CAN, project_heads=False),
    "no stop-gradient": functools.partial(CAN, stop_gradient=False),
    "no align loss": functools.partial(CAN, align_weight=0.0),
    "padded average": functools.partial(CAN, segment_average="padded"),
    "dropout on averages": functools.partial(CAN, segment_dropout="average"),
    "no cross attention": functools.partial(CAN, align_weight=0.0, stop_gradient=False, cross_attention=False),
    "text": functools.partial(lee2020.build_text_network, TEXT, CLASSES, UNITS),
    "audio": functools.partial(lee2020.build_audio_network, AUDIO, CLASSES, UNITS),
    "yoon2019": functools.partial(yoon2019.build_multi_hop_network, TEXT, AUDIO, CLASSES, UNITS),
    "xu2019": functools.partial(xu2019.build_alignment_network, TEXT, AUDIO, CLASSES, UNITS),
}


def batch_of(rows=(0, 1, 2), more_words=0, more_frames=0, filling=0.0):
    """Right-padded inputs of some utterances; all padding is there `more` times and holds `filling`."""
    rng = np.random.default_rng(11)
    features = [rng.normal(size=(length, DIMS)).astype(np.float32) for length in LENGTHS]
    words = [rng.integers(0, 6, number) for number in NUM_WORDS]
    num_words = max(NUM_WORDS[row] for row in rows) + more_words
    num_frames = max(LENGTHS[row] for row in rows) + more_frames
    batch = {
        "words": np.full((len(rows), num_words), int(bool(filling)), np.int32),
        "segments": np.zeros((len(rows), num_words, 2), np.int32),
        "features": np.full((len(rows), num_frames, DIMS), filling, np.float32),
        "num_words": np.asarray([NUM_WORDS[row] for row in rows], np.int32),
        "lengths": np.asarray([LENGTHS[row] for row in rows], np.int32),
    }
    for place, row in enumerate(rows):
        batch["words"][place, : NUM_WORDS[row]] = words[row]
        batch["segments"][place, : NUM_WORDS[row]] = SEGMENTS[row]
        batch["features"][place, : LENGTHS[row]] = features[row]
    return batch


def run(model, batch, training=False):
    inputs = {name: tf.constant(batch[name]) for name in model.input}
    return {name: value.numpy() for name, value in model(inputs, training=training).items()}


def softmax(scores):
    exponentials = np.exp(scores - scores.max(-1, keepdims=True))
    return exponentials / exponentials.sum(-1, keepdims=True)


@pytest.fixture(scope="module", params=NETWORKS)
def model(request):
    return NETWORKS[request.param]()


def test_posteriors_sum_to_one(model):
    probabilities = run(model, batch_of())["probabilities"]
    assert probabilities.shape == (3, CLASSES)
    np.testing.assert_allclose(probabilities.sum(1), 1.0, atol=1e-5)


def test_neither_padding_nor_neighbours_change_an_utterance(model):
    together = run(model, batch_of())
    padded = run(model, batch_of(more_words=3, more_frames=9, filling=50.0))
    for row in range(3):
        alone = run(model, batch_of((row,)))
        for name, value in alone.items():
            inside = tuple(slice(size) for size in value.shape[1:])
            for other in (together[name], padded[name]):
                np.testing.assert_allclose(other[row][inside], value[0], atol=1e-5, rtol=0, err_msg=name)
                outside = other[row].copy()
                outside[inside] = 0
                if "attention" in name or name == "alignment":
                    assert not outside[: value.shape[1]].any(), f"{name} on padding"


def test_save_and_load(model, tmp_path):
    before = run(model, batch_of())
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", compile=False)
    assert [layer.name for layer in loaded.layers] == [layer.name for layer in model.layers]
    after = run(loaded, batch_of())
    for name, value in before.items():
        np.testing.assert_array_equal(after[name], value)


def test_a_step_trains_every_weight(model):
    inputs = {name: tf.constant(batch_of()[name]) for name in model.input}
    with tf.GradientTape() as tape:
        outputs = model(inputs, training=False)
        loss = sum(tf.reduce_sum(value[:, 0] ** 2) for name, value in outputs.items() if name.endswith("probabilities"))
    weights = model.trainable_weights
    for weight, gradient in zip(weights, tape.gradient(loss, [one.value for one in weights]), strict=True):
        assert gradient is not None, weight.path
        assert np.isfinite(tf.convert_to_tensor(gradient).numpy()).all(), weight.path


def test_kept_vocabulary_and_first_embedding():
    embedding = CAN().get_layer("word_embedding")
    assert embedding.vocabulary == TEXT.vocabulary
    np.testing.assert_array_equal(embedding.get_weights()[0], TEXT.embedding)
    assert embedding.trainable


@pytest.mark.parametrize("padding", [0, 5])
@pytest.mark.parametrize("project", [True, False])
def test_equations_4_to_15(padding, project):
    """From the encoders' states to the decision, in NumPy, one utterance after the other."""
    model = CAN(project_heads=project)
    batch = batch_of(more_words=padding, more_frames=padding, filling=7.0 if padding else 0.0)
    outputs = run(model, batch)
    layers = [model.get_layer(f"{name}_blstm_dropout").output for name in ("text", "audio")]
    states = dict(zip(("text", "audio"), keras.Model(model.input, layers)(batch), strict=True))
    weights = {weight.name: weight.numpy() for weight in model.get_layer("cross_attention").weights}
    for row, words in enumerate(NUM_WORDS):
        hidden = {name: each.numpy()[row, :words].astype(np.float64) for name, each in states.items()}
        if project:
            hidden = {name: each @ weights[f"{name}_projection"] for name, each in hidden.items()}
        contexts, alpha = {}, {}
        for name in hidden:
            heads = np.split(hidden[name], 4, axis=1)
            alpha[name] = [
                softmax(head @ weights[f"{name}_query"][place]) for place, head in enumerate(heads)
            ]  # eq. 4-5
            np.testing.assert_allclose(outputs[f"{name}_attention"][row, :, :words], alpha[name], atol=1e-5)
        for query in hidden:
            for key in hidden:  # eq. 6-9
                heads = np.split(hidden[key], 4, axis=1)
                contexts[query, key] = np.concatenate(
                    [one @ head for one, head in zip(alpha[query], heads, strict=True)]
                )
        order = (("text", "text"), ("text", "audio"), ("audio", "audio"), ("audio", "text"))
        inputs = {
            "joint": np.concatenate([contexts[pair] for pair in order]),  # eq. 10
            "text": contexts["text", "text"],  # eq. 11
            "audio": contexts["audio", "audio"],  # eq. 12
        }
        posteriors = {}
        for name, context in inputs.items():
            kernel, bias = model.get_layer(f"{name}_probabilities").get_weights()
            posteriors[name] = softmax(context @ kernel + bias)
            np.testing.assert_allclose(outputs[f"{name}_probabilities"][row], posteriors[name], atol=1e-5)
        decision = posteriors["joint"] * posteriors["text"] ** 0.1 * posteriors["audio"] ** 0.1  # eq. 15
        np.testing.assert_allclose(outputs["probabilities"][row], decision / decision.sum(), atol=1e-5)


def test_the_lower_blstm_reads_each_segment_by_itself_in_one_call(monkeypatch):
    model = CAN()
    batch = batch_of(more_words=2, more_frames=3, filling=9.0)
    lower = model.get_layer("segment_blstm")
    shapes = []
    call = type(lower).call

    def counted(self, sequences, *arguments, **keywords):
        if self is lower:
            shapes.append(tuple(sequences.shape))
        return call(self, sequences, *arguments, **keywords)

    monkeypatch.setattr(type(lower), "call", counted)
    vectors = keras.Model(model.input, model.get_layer("segment_vectors").output)(batch).numpy()
    # Seven segments of 7, 6, 6, 6, 5, 5, 4 frames: each row has room for one of them.
    assert shapes == [(sum(NUM_WORDS), 7, DIMS)]
    plain = keras.layers.Bidirectional(keras.layers.LSTM(UNITS, return_sequences=True))
    plain.build((None, None, DIMS))
    plain.set_weights(lower.get_weights())
    for row, segments in enumerate(SEGMENTS):
        for word, (first, number) in enumerate(segments):
            frames = (batch["features"][row, first : first + number] - AUDIO.mean) / AUDIO.std
            alone = plain(tf.constant(frames[np.newaxis], tf.float32)).numpy()[0].mean(0)
            np.testing.assert_allclose(vectors[row, word], alone, atol=1e-5)
    assert not vectors[1, 2:].any()


def test_segments_of_a_waveform_are_converted_inside_of_the_network():
    """The same network on the waveform and on its segments' MFCC, given one after the other."""
    params = MfccParams()
    statistics = RNG.normal(size=40), RNG.uniform(0.5, 2.0, 40)
    of_waveforms = lee2020.build_cross_attention_network(TEXT, AudioSettings(*statistics, params), CLASSES, UNITS)
    of_frames = lee2020.build_cross_attention_network(TEXT, AudioSettings(*statistics), CLASSES, UNITS)
    of_frames.set_weights(of_waveforms.get_weights())
    samples = RNG.normal(0, 0.1, (3, 8000, 1)).astype(np.float32)
    segments = np.zeros((3, 4, 2), np.int32)
    segments[0] = [[0, 2000], [1900, 2000], [3800, 900], [4600, 3400]]
    segments[1, :2], segments[2, 0] = [[0, 4000], [3900, 300]], [0, 700]
    batch = batch_of() | {"features": samples, "segments": segments}
    frames, places = SegmentMfcc(params)(samples, segments)
    converted = batch | {"features": frames.numpy(), "segments": places.numpy()}
    np.testing.assert_allclose(
        run(of_waveforms, batch)["probabilities"], run(of_frames, converted)["probabilities"], atol=1e-6
    )


@pytest.mark.parametrize("place", SEGMENT_DROPOUTS)
def test_dropout_of_the_lower_blstm_lies_where_it_is_asked_for(place):
    order = [layer.name for layer in CAN(segment_dropout=place).layers]
    if place == "none":
        assert "segment_blstm_dropout" not in order
    else:
        dropped, averaged = order.index("segment_blstm_dropout"), order.index("segment_vectors")
        assert (dropped < averaged) == (place == "frames")
    assert {"text_blstm_dropout", "audio_blstm_dropout"} <= set(order)


def reached(model, output):
    """Which layers' weights a loss on one output reaches."""
    batch = batch_of()
    inputs = {name: tf.constant(batch[name]) for name in model.input}
    weights = model.trainable_weights
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(inputs)[output][:, 0])
    gradients = tape.gradient(loss, [weight.value for weight in weights])
    return {
        weight.path: gradient is not None and np.abs(tf.convert_to_tensor(gradient).numpy()).max() > 0
        for weight, gradient in zip(weights, gradients, strict=True)
    }


def test_text_posterior_trains_only_the_text_side():
    paths = reached(CAN(), "text_probabilities")
    assert paths["cross_attention/text_query"] and paths["word_embedding/embeddings"]
    assert not any(hit for path, hit in paths.items() if "audio" in path or "segment" in path)


@pytest.mark.parametrize(("stop_gradient", "crossed"), [(True, False), (False, True)])
def test_crossed_weights_in_the_whole_network(stop_gradient, crossed):
    """The loss through c_TA alone reaches the audio encoder, and the text's query only without stop-gradient."""
    model = CAN(stop_gradient=stop_gradient, align_weight=0.0)
    attention = model.get_layer("cross_attention")
    names = ("text_blstm_dropout", "audio_blstm_dropout", "word_mask")
    encoders = keras.Model(model.input, [model.get_layer(name).output for name in names])
    weights = model.trainable_weights
    for query, value, query_side, value_side in (
        ("text", "audio", "text_blstm", "segment_blstm"),
        ("audio", "text", "segment_blstm", "text_blstm"),
    ):
        with tf.GradientTape() as tape:
            contexts = attention(*encoders(batch_of()))
            loss = tf.reduce_sum(contexts[f"c_{query}_{value}"] ** 2)
        gradients = tape.gradient(loss, [weight.value for weight in weights])
        hit = {weight.path: gradient is not None for weight, gradient in zip(weights, gradients, strict=True)}
        assert hit[f"cross_attention/{query}_query"] == crossed
        assert not hit[f"cross_attention/{value}_query"]
        assert all(found for path, found in hit.items() if path.startswith(value_side))
        assert all(found == crossed for path, found in hit.items() if path.startswith(query_side))
        assert any(path.startswith(value_side) for path in hit) and any(path.startswith(query_side) for path in hit)


def test_ablations_leave_out_their_parts():
    assert set(CAN(align_weight=0.0).output) == {"probabilities", "text_attention", "audio_attention"}
    contexts = {cross: CAN(cross_attention=cross).get_layer("contexts").output.shape[-1] for cross in (True, False)}
    assert contexts == {True: 8 * UNITS, False: 4 * UNITS}


def test_xu_attends_over_the_frames_for_each_word():
    alignment = run(NETWORKS["xu2019"](), batch_of())["alignment"]
    for row, (words, frames) in enumerate(zip(NUM_WORDS, LENGTHS, strict=True)):
        np.testing.assert_allclose(alignment[row, :words].sum(1), 1.0, atol=1e-5)
        assert not alignment[row, :, frames:].any()


def test_yoon_hops_from_audio_to_text_to_audio():
    model = NETWORKS["yoon2019"]()
    batch = batch_of()
    outputs = run(model, batch)
    names = ("text_blstm_dropout", "audio_blstm_dropout", "hops")
    text, audio, hops = keras.Model(model.input, [model.get_layer(name).output for name in names])(
        {name: batch[name] for name in model.input}
    )
    for row, (words, frames) in enumerate(zip(NUM_WORDS, LENGTHS, strict=True)):
        text_states, audio_states = text.numpy()[row, :words], audio.numpy()[row, :frames]
        last = np.concatenate([audio_states[-1, :UNITS], audio_states[0, UNITS:]])
        first_weights = softmax(text_states @ last)
        first = first_weights @ text_states
        second_weights = softmax(audio_states @ first)
        np.testing.assert_allclose(outputs["text_attention"][row, :words], first_weights, atol=1e-5)
        np.testing.assert_allclose(outputs["audio_attention"][row, :frames], second_weights, atol=1e-5)
        np.testing.assert_allclose(hops[row], np.concatenate([first, second_weights @ audio_states]), atol=1e-5)
