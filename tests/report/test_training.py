"""What training curves say of generalising, by hand."""

import pandas as pd

from evidence import BOTH_ROWS
from zsaudio.report.training import curve_sentences


def curve(model: str, setting: str, *validation: float) -> pd.DataFrame:
    epochs = range(1, len(validation) + 1)
    columns = {"model": model, "setting": setting, "epoch": epochs, "validation_map": validation, "train_loss": 0.25}
    return pd.DataFrame(columns)


def test_the_best_epoch_and_the_last_are_told_of_rows_as_published():
    curves = pd.concat(
        [
            curve("temporal_attention", "setting1", 0.1, 0.5, 0.2),
            curve("temporal_attention", "setting2", 0.3, 0.1, 0.1),
            curve("temporal_attention_tuned", "setting1", 0.1, 0.2, 0.3),
            curve("supervised", "setting1", 0.1, 0.2, 0.3),
        ]
    )
    assert curve_sentences(curves, BOTH_ROWS) == [
        "Temporal attention: validation mAP is best at epoch 2, 1 (0.400 on average) and 0.150 at epoch 3, where the "
        "training loss is 0.25."
    ]


def test_without_curves_nothing_is_said():
    assert curve_sentences(pd.DataFrame(), BOTH_ROWS) == []
