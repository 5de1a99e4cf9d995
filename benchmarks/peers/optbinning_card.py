"""The peer of points cards: optbinning's scorecard on the same folds, and its speed.

    python benchmarks/peers/optbinning_card.py TABLE.parquet FOLDS.json ROWS

TABLE has the features and `y`; FOLDS is a list of {"train": [...], "test": [...]} of row numbers.
Prints one JSON line: the version; for each fold its AUC and the seconds of its fit; and, of a card
fitted on all rows, the seconds to score ROWS rows (the table repeated) and one row. The card is its
binning with default settings, then scikit-learn's logistic regression with its default penalty,
scaled to points as ours.
"""

import json
import sys
import time
import warnings
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
from optbinning import BinningProcess, Scorecard
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

SCALE = {"pdo": 40, "odds": 20, "scorecard_points": 600}
ONE_ROW_TIMES = 30

warnings.filterwarnings("ignore")


def fitted(frame: pd.DataFrame, y: pd.Series) -> Scorecard:
    texts = [name for name in frame.columns if not pd.api.types.is_numeric_dtype(frame[name])]
    card = Scorecard(
        binning_process=BinningProcess(list(frame.columns), categorical_variables=texts),
        estimator=LogisticRegression(max_iter=1_000),
        scaling_method="pdo_odds",
        scaling_method_params=SCALE,
    )
    return card.fit(frame, y)


def main() -> None:
    frame = pq.read_table(sys.argv[1]).to_pandas()
    for name in frame.columns:
        if not pd.api.types.is_numeric_dtype(frame[name]):
            frame[name] = frame[name].astype(object)
    y = frame.pop("y")
    folds = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    aucs, seconds = [], []
    for fold in folds:
        train, test = fold["train"], fold["test"]
        began = time.perf_counter()
        card = fitted(frame.iloc[train], y.iloc[train])
        seconds.append(time.perf_counter() - began)
        risk = -card.score(frame.iloc[test])
        aucs.append(float(roc_auc_score(y.iloc[test], risk)))
    card = fitted(frame, y)
    rows = int(sys.argv[3])
    large = pd.concat([frame] * (rows // len(frame) + 1), ignore_index=True).iloc[:rows]
    began = time.perf_counter()
    card.score(large)
    many = time.perf_counter() - began
    one = []
    for at in range(ONE_ROW_TIMES):
        row = frame.iloc[[at]]
        began = time.perf_counter()
        card.score(row)
        one.append(time.perf_counter() - began)
    print(
        json.dumps(
            {
                "version": version("optbinning"),
                "auc": aucs,
                "fit_seconds": seconds,
                "rows_seconds": many,
                "one_row_seconds": sorted(one)[len(one) // 2],
            }
        )
    )


if __name__ == "__main__":
    main()
