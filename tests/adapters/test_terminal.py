from rich.cells import cell_len

from headrace.adapters.terminal import Silent, TerminalProgress
from headrace.workflows.run import STEPS


def lines_of(capsys, language):
    progress = TerminalProgress(STEPS, language)
    for step in STEPS:
        progress.begin(step)
        progress.end(step, "425 × 48 [x]")
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err.splitlines()


def test_a_line_a_step_aligned_in_both_languages(capsys):
    for language in ("en", "zh"):
        lines = lines_of(capsys, language)
        assert len(lines) == len(STEPS)
        assert len({cell_len(line) for line in lines}) == 1
        assert all(text.in_language(language) in line for text, line in
                   zip(STEPS.values(), lines, strict=True))  # fmt: skip
        assert all("425 × 48 [x]" in line for line in lines)


def test_into_a_pipe_it_is_plain(capsys):
    assert "\x1b" not in "".join(lines_of(capsys, "zh"))


def test_it_can_be_stopped_at_any_time(capsys):
    progress = TerminalProgress(STEPS, "en")
    progress.stop()
    progress.begin("facts")
    progress.stop()
    progress.stop()
    assert "Traceback" not in capsys.readouterr().err


def test_the_silent_one_says_nothing(capsys):
    Silent().begin("facts")
    Silent().end("facts", "x")
    assert capsys.readouterr() == ("", "")
