"""What can be said of served models without training: networks that the tiny corpus cannot train, and features."""

import dataclasses

import numpy as np
import tensorflow as tf

from ser_tf.data import audio
from ser_tf.features.mfcc import LOG_MEL
from ser_tf.papers.ando2019 import networks
from ser_tf.papers.ando2019 import systems as ando2019
from ser_tf.papers.ando2019.ledger import Ledger as Ando2019Ledger
from ser_tf.papers.zhang2018 import satt, satt2017
from ser_tf.papers.zhang2018.ledger import Ledger as Zhang2018Ledger
from ser_tf.papers.zhang2018.piecewise import on_pieces
from ser_tf.papers.zhang2018.subutterances import SubUtterances
from ser_tf.protocol import models
from ser_tf.protocol.served import NOWHERE
from ser_tf.serving import requests
from ser_tf.serving.served import ServedModel, features_of
from tests.checks import posteriors_of
from tests.serving.fixtures import ask


class Memory(dict):
    """Features by id, as a feature store gives them."""

    @property
    def dims(self):
        return next(iter(self.values())).shape[1]

    def num_frames(self, utterance):
        return len(self[utterance])


def test_features_are_computed_for_each_recording_by_itself():
    """A batch of 32 with one of two minutes would need gigabytes otherwise."""
    ranks = []

    def watched(waveform, *arguments):
        ranks.append(waveform.shape.rank)
        return LOG_MEL.function(waveform, *arguments)

    waveform = np.full((2, 8000), 0.1, np.float32)
    waveform[0, 3000:] = np.nan
    spec = dataclasses.replace(LOG_MEL, function=watched)
    found = features_of(spec, tf.constant(waveform), tf.constant([3000, 8000])).numpy()
    assert set(ranks) == {1}
    for row, number in enumerate((3000, 8000)):
        expected = LOG_MEL(tf.constant(waveform[row, :number])).numpy()
        np.testing.assert_allclose(found[row, : len(expected)], expected, atol=1e-6)
        assert not found[row, len(expected) :].any()


def test_two_encoders_with_one_feature(emodb):
    """Fusion as ando2019 has it, untrained: the tiny corpus has no votes to train it on."""
    (spec,) = ando2019.features(Ando2019Ledger())
    mean, std = np.full(spec.dims, -10.0), np.full(spec.dims, 3.0)
    names = (networks.DOMINANT_ENCODER, networks.MLEE_ENCODER)
    encoders = [networks.build_encoder(spec.dims, mean, std, name, lstm_units=4) for name in names]
    model = networks.build_network(encoders, networks.build_classifier(16, 4))
    card = {"paper": "ando2019", "row": "fusion_soft_all", "classes": list("abcd"), "settings": {}}
    trained = models.TrainedModel(model, spec, card, None)
    waveform = audio.read(emodb.utterances[0].path)
    outputs = ask(ServedModel(trained), "serving_default", requests.of_waveforms([waveform, waveform[:4000]]))
    expected = trained.outputs(waveform)
    np.testing.assert_allclose(outputs["probabilities"][0], expected["probabilities"], atol=1e-5)
    np.testing.assert_allclose(outputs["attention"][0], expected["attention"], atol=1e-5)
    assert not outputs["attention"][1][outputs["attention_seconds"][1] == NOWHERE].any()


def test_pieces_are_cut_and_averaged_in_the_graph(emodb):
    """CNN+LSTM as zhang2018 has it, untrained: pieces of at most 0.2 s."""
    (spec,) = satt.features(Zhang2018Ledger())
    bare = satt2017.build_cnn_lstm(spec.dims, 4, np.full(spec.dims, -5.0), np.ones(spec.dims), lstm_units=4)
    card = {"paper": "zhang2018", "row": "satt_model1", "classes": list("abcd"), "settings": {}}
    served = ServedModel(models.TrainedModel(on_pieces(bare, 20), spec, card, None))
    waveforms = [audio.read(one.path) for one in emodb.utterances[:3]]
    found = ask(served, "serving_default", requests.of_waveforms(waveforms))
    features = Memory({str(place): spec(tf.constant(one)).numpy() for place, one in enumerate(waveforms)})
    pieces = SubUtterances(features, tuple(features), 20)
    expected = pieces.average(posteriors_of(bare, pieces, pieces.ids))
    np.testing.assert_allclose(found["probabilities"], expected, atol=1e-5)
    assert found.keys() == {"probabilities", "label", "error"} and not any(found["error"])
