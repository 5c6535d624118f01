"""Deterministic test signals at 16 kHz."""

import numpy as np

RATE = 16000


def tone(hz, seconds=1.0, amplitude=0.3):
    return (amplitude * np.sin(2.0 * np.pi * hz * np.arange(int(seconds * RATE)) / RATE)).astype(np.float32)


def noise(seconds=1.0, amplitude=0.1, seed=0):
    return (amplitude * np.random.default_rng(seed).standard_normal(int(seconds * RATE))).astype(np.float32)


def voice(f0_hz, seed=0, tilt=1.5):
    """Harmonics of a contour (Hz, one value a sample) with falling amplitudes, up to 4 kHz, and a little noise."""
    phase = 2.0 * np.pi * np.cumsum(f0_hz) / RATE
    total = np.zeros(len(f0_hz))
    for harmonic in range(1, 60):
        total += np.where(harmonic * f0_hz < 4000.0, np.sin(harmonic * phase) / harmonic**tilt, 0.0)
    dust = 1e-3 * np.random.default_rng(seed).standard_normal(len(f0_hz))
    return (0.2 * total + dust).astype(np.float32)


def syllables(seed=0):
    """About two seconds of voiced stretches with gliding pitch, hiss and pauses."""
    generator = np.random.default_rng(seed)
    parts = []
    for low, high in ((110, 150), (180, 140), (220, 320), (90, 80)):
        samples = int(generator.integers(4000, 6000))
        envelope = np.hanning(samples) ** 0.5
        parts += [voice(np.linspace(low, high, samples), seed) * envelope, noise(0.05, 0.02, seed), np.zeros(1600)]
    return np.concatenate(parts).astype(np.float32)
