"""What is made of a slope: the rules that turn a gradient into a step.

All run the recurrences that PyTorch documents, and where it has none, those of the paper, so that a run can be
checked against them: theta are the knobs, t = 1, 2, ... counts the steps.
"""

from typing import TypeAlias, get_args

from gdviz.core.optimizer import Optimizer
from gdviz.core.optimizers.adaptive import Adadelta, Adagrad, Adam, AdamW, NAdam, QHAdam, RMSProp
from gdviz.core.optimizers.momentum import ExactLineSearch, GradientDescent, HeavyBall, Lion, Nesterov, QHMomentum

__all__ = [
    "OPTIMIZERS",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "AnyOptimizer",
    "ExactLineSearch",
    "GradientDescent",
    "HeavyBall",
    "Lion",
    "NAdam",
    "Nesterov",
    "QHAdam",
    "QHMomentum",
    "RMSProp",
    "kind_of",
]


def kind_of(optimizer: type[Optimizer]) -> str:
    """The name of a rule in scenario files."""
    return str(optimizer.__struct_config__.tag)


AnyOptimizer: TypeAlias = (
    GradientDescent
    | HeavyBall
    | Nesterov
    | QHMomentum
    | Adagrad
    | RMSProp
    | Adadelta
    | Adam
    | AdamW
    | NAdam
    | QHAdam
    | Lion
    | ExactLineSearch
)
OPTIMIZERS: tuple[type[Optimizer], ...] = get_args(AnyOptimizer)
