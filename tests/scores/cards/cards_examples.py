"""Small cards for tests: one written by hand, and any card there can be."""

from dataclasses import replace

from hypothesis import strategies as st

from headrace.scores.binning.bins import Bins, Kind, finished
from headrace.scores.binning.problem import Settings, Special, Trend
from headrace.scores.cards.points_card import Fitted, Line, PointsCard
from headrace.scores.cards.scale import PointsScale


def numeric(feature, edges, good, bad, *, specials=(), aside=(), starts=None) -> Bins:
    """Bins of numbers; a piece for each bin unless starts are given."""
    counts = [*aside, *[(0.0, 0.0)] * (len(specials) + 1 - len(aside))]
    bins = Bins(
        feature=feature,
        kind=Kind.NUMERIC,
        settings=Settings(specials=tuple(specials)),
        piece_edges=tuple(edges),
        categories=(),
        piece_good=tuple(map(float, good)),
        piece_bad=tuple(map(float, bad)),
        starts=tuple(range(len(good))) if starts is None else tuple(starts),
        rare=(),
        rare_good=(),
        rare_bad=(),
        aside_good=tuple(float(g) for g, _ in counts),
        aside_bad=tuple(float(b) for _, b in counts),
        woe=(0.0,) * (len(starts or good) + len(specials) + 1),
        trend=Trend.NONE,
    )
    return finished(bins)


def categorical(feature, groups, good, bad, *, rare=(), specials=()) -> Bins:
    """Bins of texts; good and bad by category, in the order of the groups."""
    names = [name for group in groups for name in group]
    bins = Bins(
        feature=feature,
        kind=Kind.CATEGORICAL,
        settings=Settings(specials=tuple(specials)),
        piece_edges=(),
        categories=tuple(names),
        piece_good=tuple(map(float, good)),
        piece_bad=tuple(map(float, bad)),
        starts=tuple(sum(map(len, groups[:at])) for at in range(len(groups))),
        rare=tuple(rare),
        rare_good=(2.0,) * len(rare),
        rare_bad=(1.0,) * len(rare),
        aside_good=(0.0,) * (len(specials) + 1),
        aside_bad=(0.0,) * (len(specials) + 1),
        woe=(0.0,) * (len(groups) + len(specials) + 2),
        trend=Trend.NONE,
    )
    return finished(bins)


NEVER = Special("never borrowed", codes=(-1.0,))
INCOME = numeric(
    "income",
    (1_000.0, 2_000.0, 3_500.0, 5_000.0),
    (60, 80, 120, 160, 180),
    (40, 30, 25, 15, 10),
    aside=((40.0, 10.0),),
    starts=(0, 1, 2, 4),
)
OVERDUE = numeric(
    "overdue_days", (1.0, 30.0), (500, 120, 20), (40, 50, 30), specials=(NEVER,), aside=((30, 5),)
)
HOUSING = categorical("housing", [["own"], ["rent", "guest"]], (400, 150, 50), (40, 50, 20))
HAND = PointsCard(
    scale=PointsScale(),
    base=100,
    lines=(
        Line(INCOME, -0.9, (110, 130, 145, 180, 120)),
        Line(OVERDUE, -1.1, (190, 150, 90, 160, 140)),
        Line(HOUSING, -0.5, (170, 150, 140, 150)),
    ),
)
"""Income has its pieces 3,500 to 5,000 merged; its points rise with income."""

FITTED = Fitted(
    intercept=-2.0,
    covariance=(
        (0.01, 0.0, 0.0, 0.0),
        (0.0, 0.02, 0.001, 0.0),
        (0.0, 0.001, 0.02, 0.0),
        (0.0, 0.0, 0.0, 0.03),
    ),
    strength=0.3,
    calibration_slope=1.1,
    central_tendency=None,
    rows=750,
    defaults=120,
)
CARD = replace(HAND, fitted=FITTED)

near = st.floats(-1e6, 1e6, allow_nan=False)
wild = st.floats(allow_nan=False)


@st.composite
def cards(draw, lines_max=5) -> PointsCard:
    """Any card: edges, specials and ranges anywhere, any points."""
    lines = []
    for place in range(draw(st.integers(1, lines_max))):
        bins = draw(_numeric(f"f{place}") if draw(st.booleans()) else _categorical(f"f{place}"))
        points = draw(st.lists(st.integers(-200, 300), min_size=len(bins), max_size=len(bins)))
        lines.append(Line(bins, -draw(st.floats(0.0, 2.0)), tuple(points)))
    base = draw(st.integers(-500, 500))
    return PointsCard(scale=PointsScale(), base=base, lines=tuple(lines))


@st.composite
def _numeric(draw, feature) -> Bins:
    edges = sorted(draw(st.sets(near, max_size=5)))
    codes = draw(st.lists(near, max_size=2, unique=True))
    specials = [Special(f"code {at}", codes=(code,)) for at, code in enumerate(codes)]
    if draw(st.booleans()):
        low = draw(near)
        specials.append(Special("range", low=low, high=low + draw(st.floats(0, 100))))
    counts = st.lists(st.integers(1, 100), min_size=len(edges) + 1, max_size=len(edges) + 1)
    return numeric(feature, edges, draw(counts), draw(counts), specials=specials)


@st.composite
def _categorical(draw, feature) -> Bins:
    names = draw(st.lists(st.text(max_size=3), min_size=1, max_size=5, unique=True))
    cut = draw(st.integers(1, len(names)))
    groups = [names[:cut], *[[name] for name in names[cut:]]]
    counts = st.lists(st.integers(1, 100), min_size=len(names), max_size=len(names))
    return categorical(feature, groups, draw(counts), draw(counts))


def values_of(card):
    """A strategy of applicants: on the edges, between them, missing, unseen."""
    return st.tuples(*(_value(line.bins) for line in card.lines))


def _value(bins):
    if bins.kind is Kind.CATEGORICAL:
        return st.one_of(st.none(), st.sampled_from(bins.categories), st.text(max_size=3))
    marks = [*bins.edges, *(c for s in bins.settings.specials for c in s.codes), 0.0]
    ends = [s.high for s in bins.settings.specials if s.high is not None]
    return st.one_of(st.none(), st.just(float("nan")), st.sampled_from([*marks, *ends]), near, wild)
