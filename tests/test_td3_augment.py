"""Random shifts equal cropping from an edge-padded image."""

import numpy as np
import torch

from rca.td3.augment import randomly_shifted


def test_each_image_is_a_crop_of_its_edge_padded_self():
    image = torch.from_numpy(
        np.random.default_rng(0).integers(256, size=(20, 2, 9, 7), dtype=np.uint8)
    )
    shifted = randomly_shifted(image, 2, torch.Generator().manual_seed(0))
    offsets = set()
    for one, moved in zip(image.numpy(), shifted.numpy(), strict=True):
        padded = np.pad(one, ((0, 0), (2, 2), (2, 2)), mode="edge")
        crops = {(i, j): padded[:, i : i + 9, j : j + 7] for i in range(5) for j in range(5)}
        found = [offset for offset, crop in crops.items() if np.array_equal(crop, moved)]
        assert len(found) == 1
        offsets.update(found)
    assert len(offsets) > 8


def test_no_shift_draws_nothing():
    image, generator = torch.zeros(1, 1, 4, 4), torch.Generator().manual_seed(3)
    state = generator.get_state()
    assert randomly_shifted(image, 0, generator) is image
    assert torch.equal(generator.get_state(), state)
