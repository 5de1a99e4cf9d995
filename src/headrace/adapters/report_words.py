"""What every form of a due-diligence report writes alike: citations and the appendix."""

from collections.abc import Sequence

from headrace.workflows.due_diligence import Source

HEADS = {
    "zh": ("编号", "内容", "种类", "条数", "编号举例", "摘要", "最晚获知"),
    "en": ("No.", "What", "Kind", "Facts", "Such as", "Digest", "Known by"),
}


def cited(sources: Sequence[int]) -> str:
    """The numbers of sources as they stand behind a text; nothing where there are none."""
    return " " + "".join(f"[{each}]" for each in sources) if sources else ""


def appendix_head(language: str) -> tuple[str, ...]:
    """Headings of the appendix."""
    return HEADS[language]


def appendix_cells(source: Source) -> tuple[str, ...]:
    """A source as a row of the appendix."""
    return (
        f"[{source.number}]",
        source.what,
        source.kind or "run",
        f"{source.count:,}",
        ", ".join(source.ids),
        source.digest,
        source.known[:10],
    )
