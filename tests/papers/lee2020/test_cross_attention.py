"""Cross attention against its equations, and which branch a loss reaches."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from ser_tf.papers.lee2020.cross_attention import CrossAttention, ProductDecision
from ser_tf.papers.lee2020.xu2019 import AlignmentAttention
from ser_tf.papers.lee2020.yoon2019 import LastStates, QueryAttention

WORDS = (5, 3, 1)
MASK = np.arange(5) < np.asarray(WORDS)[:, np.newaxis]
DIMS = 8
RNG = np.random.default_rng(7)
TEXT = RNG.normal(size=(3, 5, DIMS)).astype(np.float32)
AUDIO = RNG.normal(size=(3, 5, DIMS)).astype(np.float32)


def softmax(scores):
    exponentials = np.exp(scores - scores.max(-1, keepdims=True))
    return exponentials / exponentials.sum(-1, keepdims=True)


def by_hand(layer, text, audio):
    """Equations 4-9 for one utterance without padding, one head after the other."""
    weights = {weight.name: weight.numpy() for weight in layer.weights}
    states = {"text": text.astype(np.float64), "audio": audio.astype(np.float64)}
    width = DIMS // layer.num_heads
    if layer.project:
        states = {name: each @ weights[f"{name}_projection"] for name, each in states.items()}
    heads = [slice(width * head, width * (head + 1)) for head in range(layer.num_heads)]
    outputs = {}
    for name, other in (("text", "audio"), ("audio", "text")):
        alpha = [softmax(states[name][:, part] @ weights[f"{name}_query"][head]) for head, part in enumerate(heads)]
        outputs[f"{name}_attention"] = np.stack(alpha)
        for key in (name, other):
            context = [weight @ states[key][:, part] for weight, part in zip(alpha, heads, strict=True)]
            outputs[f"c_{name}_{key}"] = np.concatenate(context)
    return outputs


@pytest.mark.parametrize("project", [True, False])
@pytest.mark.parametrize("num_heads", [1, 4])
def test_equations_4_to_9(num_heads, project):
    layer = CrossAttention(num_heads, project)
    outputs = {name: value.numpy() for name, value in layer(TEXT, AUDIO, MASK).items()}
    for row, words in enumerate(WORDS):
        expected = by_hand(layer, TEXT[row, :words], AUDIO[row, :words])
        assert set(outputs) == set(expected)
        for name, value in expected.items():
            found = outputs[name][row]
            if name.endswith("attention"):
                assert np.all(found[:, words:] == 0)
                found = found[:, :words]
            np.testing.assert_allclose(found, value, atol=1e-5, err_msg=name)


def gradients(layer, context):
    """Of a loss on one context: with regard to the states and to every weight of the layer."""
    text, audio = tf.constant(TEXT), tf.constant(AUDIO)
    layer(text, audio, MASK)
    with tf.GradientTape() as tape:
        tape.watch([text, audio])
        loss = tf.reduce_sum(tf.square(layer(text, audio, MASK)[context]))
    weights = {weight.name: weight.value for weight in layer.trainable_weights}
    found = tape.gradient(loss, {"text": text, "audio": audio, **weights})
    return {name: value is not None and bool(np.abs(value.numpy()).max() > 1e-6) for name, value in found.items()}


@pytest.mark.parametrize(("query", "value"), [("text", "audio"), ("audio", "text")])
def test_stop_gradient_cuts_exactly_the_crossed_weights(query, value):
    reached = gradients(CrossAttention(4), f"c_{query}_{value}")
    assert reached[value] and reached[f"{value}_projection"]
    assert not reached[query] and not reached[f"{query}_query"] and not reached[f"{query}_projection"]
    assert not reached[f"{value}_query"]  # the other modality's query has no part in this context


@pytest.mark.parametrize(("query", "value"), [("text", "audio"), ("audio", "text")])
def test_without_stop_gradient_the_loss_reaches_the_query(query, value):
    reached = gradients(CrossAttention(4, stop_gradient=False), f"c_{query}_{value}")
    assert reached[value] and reached[f"{value}_projection"]
    assert reached[query] and reached[f"{query}_query"] and reached[f"{query}_projection"]


@pytest.mark.parametrize("stop_gradient", [True, False])
def test_a_modalitys_own_context_always_trains_its_query(stop_gradient):
    reached = gradients(CrossAttention(4, stop_gradient=stop_gradient), "c_text_text")
    assert reached["text"] and reached["text_query"] and not reached["audio"]


def test_stop_gradient_changes_no_output():
    layer = CrossAttention(4)
    with_cut = layer(TEXT, AUDIO, MASK)
    layer.stop_gradient = False
    for name, value in layer(TEXT, AUDIO, MASK).items():
        np.testing.assert_array_equal(value, with_cut[name])


def test_not_crossed_has_only_own_contexts():
    assert set(CrossAttention(4, crossed=False)(TEXT, AUDIO, MASK)) == {
        "c_text_text",
        "c_audio_audio",
        "text_attention",
        "audio_attention",
    }


def test_heads_must_divide_the_dimensions():
    with pytest.raises(ValueError, match="3 heads do not divide 8 dimensions"):
        CrossAttention(3)(TEXT, AUDIO, MASK)


def test_configuration_survives():
    layer = CrossAttention(2, project=False, stop_gradient=False, crossed=False)
    again = CrossAttention.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert keras.saving.get_registered_object("ser_tf>CrossAttention") is CrossAttention


def test_decision_is_equation_15_normalised():
    joint, text, audio = (softmax(RNG.normal(size=(4, 7))).astype(np.float32) for _ in range(3))
    joint[0, 0] = 0.0
    expected = joint * text**0.1 * audio**0.1
    found = ProductDecision(0.1)(joint, text, audio).numpy()
    np.testing.assert_allclose(found, expected / expected.sum(1, keepdims=True), atol=1e-6)


def test_query_attention():
    query = RNG.normal(size=(3, DIMS)).astype(np.float32)
    context, weights = QueryAttention()(query, TEXT, MASK)
    for row, words in enumerate(WORDS):
        expected = softmax(TEXT[row, :words] @ query[row])
        np.testing.assert_allclose(weights[row, :words], expected, atol=1e-5)
        np.testing.assert_allclose(context[row], expected @ TEXT[row, :words], atol=1e-5)
    assert np.all(weights.numpy()[~MASK] == 0)


def test_alignment_attention():
    queries = RNG.normal(size=(3, 2, 6)).astype(np.float32)
    layer = AlignmentAttention()
    contexts, weights = layer(queries, AUDIO, MASK)
    u, v, b = (weight.numpy() for weight in layer.weights)
    for row, frames in enumerate(WORDS):
        for word in range(2):
            expected = softmax(np.tanh(AUDIO[row, :frames] @ u[:, 0] + queries[row, word] @ v[:, 0] + b))
            np.testing.assert_allclose(weights[row, word, :frames], expected, atol=1e-5)
            np.testing.assert_allclose(contexts[row, word], expected @ AUDIO[row, :frames], atol=1e-5)


def test_last_states_are_those_of_the_valid_steps():
    states = RNG.normal(size=(2, 5, 6)).astype(np.float32)
    last = LastStates()(states, np.asarray([5, 2])).numpy()
    np.testing.assert_array_equal(last[:, :3], [states[0, 4, :3], states[1, 1, :3]])
    np.testing.assert_array_equal(last[:, 3:], states[:, 0, 3:])
