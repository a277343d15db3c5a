"""Losses of twin critics, told apart by values and gradients alone."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from rca.wiring.loss import Loss


def seen(loss, batches=3, rows=32, twin=0.1):
    """What is seen of twins whose values are leaves, under a loss of values and target."""
    torch.manual_seed(0)
    found = Loss()
    for _ in range(batches):
        first = torch.randn(rows, requires_grad=True)
        second = (first.detach() + twin * torch.randn(rows)).requires_grad_()
        target = torch.randn(rows)
        whole = loss(first, target) + loss(second, target)
        pulls = torch.autograd.grad(whole, (first, second))
        values = np.stack([first.detach().double(), second.detach().double()])
        found.add(values, np.stack([pull.double() for pull in pulls]))
    return found.tried, found.fitted, found.single


@pytest.mark.parametrize(
    ("loss", "fitted", "single"),
    [
        (functional.mse_loss, 3, 0),
        (lambda q, y: 0.5 * (q - y).square().sum(), 3, 0),
        (lambda q, y: -functional.mse_loss(q, y), 3, 0),  # another check's: the sign
        (lambda q, y: (q[:, None] - y).square().mean(), 3, 3),  # broadcasts
        (lambda q, y: functional.mse_loss(torch.tanh(q), y), 0, 0),
        (lambda q, y: functional.smooth_l1_loss(q, y, beta=0.5), 0, 0),
        (lambda q, y: (torch.linspace(0.1, 1, len(q)) * (q - y).square()).mean(), 0, 0),
    ],
)
def test_a_squared_error_from_a_target_of_each_row_is_told_from_others(loss, fitted, single):
    assert seen(loss) == (3, fitted, single)


def test_what_can_tell_nothing_is_left_out():
    assert seen(functional.mse_loss, rows=4) == (0, 0, 0)
    assert seen(functional.mse_loss, twin=0.0) == (0, 0, 0)
    assert seen(lambda q, y: functional.mse_loss(q, y) * float("nan")) == (0, 0, 0)
