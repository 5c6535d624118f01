"""Table 2 of Mirsamadi et al. 2017: fixed functionals on learned and on hand-crafted low-level descriptors.

The paper's best row on IEMOCAP: learned descriptors with mean, min and max, 59.3% WA and 54.9% UA.

    python -m experiments.mirsamadi2017_table2 --corpus iemocap --corpus-root DIR

Six rows in five folds; on EmoDB's four classes minutes on two cores, on IEMOCAP about an hour.
"""

from ser_tf import cli
from ser_tf.papers.mirsamadi2017 import paper
from ser_tf.protocol.command import main_of
from ser_tf.protocol.system import Experiment

EXPERIMENT = Experiment(
    name="mirsamadi2017_table2",
    title="Hand-crafted and learned low-level descriptors with fixed functionals",
    paper=paper.PAPER,
    rows=paper.TABLE2,
    claims=paper.TABLE2_CLAIMS,
)

if __name__ == "__main__":
    cli.run(main_of(EXPERIMENT))
