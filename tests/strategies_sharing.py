"""Random schemes of risk sharing: quota shares, deductibles, attachments, caps, first loss."""

from decimal import Decimal

from hypothesis import strategies as st

from headrace.contracts.sharing.scheme import Layer, RecoveryOrder, Scheme, Share

LARGE = 10**15
amounts = st.one_of(st.none(), st.integers(0, 500), st.integers(0, LARGE))


@st.composite
def schemes(draw, loans=("A", "B", "C")):
    layers = []
    for number in range(draw(st.integers(0, 4))):
        names = draw(
            st.lists(st.sampled_from(["bank", "gov", "fund", "ins"]), min_size=1, unique=True)
        )
        cuts = sorted(draw(st.lists(st.integers(1, 999), min_size=len(names) - 1,
                                    max_size=len(names) - 1, unique=True)))  # fmt: skip
        edges = [0, *cuts, 1000]
        shares = tuple(
            Share(name, Decimal(high - low) / 1000)
            for name, low, high in zip(names, edges, edges[1:], strict=False)
        )
        layers.append(
            Layer(
                f"layer{number}",
                "层",
                "layer",
                shares,
                covers=Decimal(draw(st.integers(1, 1000))) / 1000,
                deductible_loan_minor=draw(st.integers(0, 200)),
                attachment_minor=draw(st.integers(0, 500)),
                cap_loan_minor=draw(amounts),
                cap_year_minor=draw(amounts),
                cap_pool_minor=draw(amounts),
                only=tuple(draw(st.lists(st.sampled_from(loans), max_size=2, unique=True))),
            )
        )
    return Scheme(
        "drawn", "方案", "drawn", tuple(layers), recovery=draw(st.sampled_from(RecoveryOrder))
    )
