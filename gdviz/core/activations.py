"""What a neuron makes of its weighted sum, and the slope that backpropagation needs.

Each works in place on a whole batch, and gives its slope from the activation itself, so that the weighted sum
need not be kept.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Mapping

Matrix = NDArray[np.floating[Any]]

# Arrays of no dimensions: numpy converts a Python number anew at every call, which for such small batches shows. These
# two are exact in float32, so they are right for both dtypes.
_HALF, _ONE = np.array(0.5, np.float32), np.array(1, np.float32)


class Activation(ABC):
    """An activation function, applied element by element (softmax: column by column)."""

    name: ClassVar[str]

    @abstractmethod
    def apply(self, z: Matrix) -> None:
        """z <- activation(z), in place; z is (neurons, n), a column an example."""

    @abstractmethod
    def times_slope(self, delta: Matrix, a: Matrix, scratch: Matrix) -> None:
        """delta <- delta * activation'(z), in place, where a = activation(z); all are (neurons, n)."""


class Sigmoid(Activation):
    """1 / (1 + e^-z), squashing any sum into (0, 1)."""

    name = "sigmoid"

    def apply(self, z: Matrix) -> None:
        # The same function as (1 + tanh(z/2)) / 2, which cannot overflow.
        np.multiply(z, _HALF, out=z)
        np.tanh(z, out=z)
        np.multiply(z, _HALF, out=z)
        np.add(z, _HALF, out=z)

    def times_slope(self, delta: Matrix, a: Matrix, scratch: Matrix) -> None:
        # sigma' = a (1 - a) = a - a^2
        np.multiply(a, a, out=scratch)
        np.subtract(a, scratch, out=scratch)
        np.multiply(delta, scratch, out=delta)


class Tanh(Activation):
    """tanh z, a sigmoid centred on 0."""

    name = "tanh"

    def apply(self, z: Matrix) -> None:
        np.tanh(z, out=z)

    def times_slope(self, delta: Matrix, a: Matrix, scratch: Matrix) -> None:
        np.multiply(a, a, out=scratch)
        np.subtract(_ONE, scratch, out=scratch)
        np.multiply(delta, scratch, out=delta)


class Relu(Activation):
    """max(0, z): the slope is 1 where the neuron is on, 0 where it is off (and at 0 itself)."""

    name = "relu"

    def apply(self, z: Matrix) -> None:
        np.maximum(z, 0, out=z)

    def times_slope(self, delta: Matrix, a: Matrix, scratch: Matrix) -> None:
        np.multiply(delta, np.greater(a, 0, out=scratch, casting="unsafe"), out=delta)


class LeakyRelu(Activation):
    """z where positive, 0.01 z elsewhere (Maas et al., ICML 2013), so that no neuron is ever quite off."""

    name = "leaky-relu"
    leak = 0.01

    def apply(self, z: Matrix) -> None:
        np.maximum(z, self.leak * z, out=z)

    def times_slope(self, delta: Matrix, a: Matrix, scratch: Matrix) -> None:
        np.greater(a, 0, out=scratch, casting="unsafe")
        np.maximum(scratch, self.leak, out=scratch)
        np.multiply(delta, scratch, out=delta)


class Step(Activation):
    """1 where z is positive, else 0: a neuron that is on or off (Rosenblatt's perceptron, 1958). Its slope is 0."""

    name = "step"

    def apply(self, z: Matrix) -> None:
        np.greater(z, 0, out=z, casting="unsafe")

    def times_slope(self, delta: Matrix, a: Matrix, scratch: Matrix) -> None:
        delta[:] = 0


class Softmax(Activation):
    """e^z over its column's sum: the outputs are probabilities. Its slope is taken together with the cross-entropy."""

    name = "softmax"

    def apply(self, z: Matrix) -> None:
        # Less the column's maximum first: the same function, and e^z cannot overflow.
        np.subtract(z, z.max(axis=0), out=z)
        np.exp(z, out=z)
        np.divide(z, z.sum(axis=0), out=z)

    def times_slope(self, delta: Matrix, a: Matrix, scratch: Matrix) -> None:
        # J^T delta for each column, J = diag(a) - a a^T.
        np.multiply(delta, a, out=scratch)
        np.subtract(delta, scratch.sum(axis=0), out=delta)
        np.multiply(delta, a, out=delta)


SOFTMAX = Softmax()
"""Only ever an output layer's, beside the cross-entropy."""

ACTIVATIONS: Mapping[str, Activation] = {
    activation.name: activation for activation in (Sigmoid(), Tanh(), Relu(), LeakyRelu(), Step())
}
