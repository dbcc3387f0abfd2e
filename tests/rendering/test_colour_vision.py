"""The classes of every layer stay apart for readers with colour-blindness, by simulation."""

import itertools

import numpy as np
import pytest

from gis_app import paths
from gis_app.rendering.layer_spec import load_layers

# Machado, Oliveira & Fernandes (2009), severity 1.0, on linear RGB.
VISIONS = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
WHITE = np.array([0.95047, 1.0, 1.08883])
LEAST = 7.5
"""Least distance in CIELAB: 2.3 can just be told apart side by side; three times that holds apart on a map."""


def lab(colour, vision):
    rgb = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(VISIONS[vision] @ linear, 0, 1) / WHITE
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def distance(one, other, vision):
    return float(np.linalg.norm(lab(one, vision) - lab(other, vision)))


def test_red_and_green_of_one_lightness_fall_together_for_deuteranopia_and_not_for_normal_vision():
    assert distance("#b86b5a", "#8a8a3c", "normal") > 3 * distance("#b86b5a", "#8a8a3c", "deuteranopia")
    assert distance("#000000", "#ffffff", "tritanopia") == pytest.approx(100, abs=1)


# Classes of the basemap are told by width and shape; they are ground, not news.
CLASSED = [layer for layer in load_layers(paths.layers()) if len(layer.paint.stops) > 1 and layer.group != "basemap"]


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("layer", CLASSED, ids=lambda layer: layer.id)
def test_classes_of_a_layer_are_told_apart(layer, vision):
    stops = layer.paint.stops
    # Classes of numbers lie in an order, so neighbours are what may be taken for each other; categories, any two.
    pairs = itertools.pairwise(stops) if layer.paint.kind == "steps" else itertools.combinations(stops, 2)
    close = {
        (one.label.en, other.label.en): round(distance(one.color, other.color, vision), 1)
        for one, other in pairs
        # Hatching tells apart by itself.
        if one.hatched == other.hatched and distance(one.color, other.color, vision) < LEAST
    }
    assert close == {}
