"""Output formats of a table: Markdown, CSV, LaTeX and the terminal, all made from the summary."""

from ser_tf.evaluation.csv_form import to_csv
from ser_tf.evaluation.latex import to_latex
from ser_tf.evaluation.markdown import to_markdown
from ser_tf.evaluation.terminal import to_rich

__all__ = ["to_csv", "to_latex", "to_markdown", "to_rich"]
