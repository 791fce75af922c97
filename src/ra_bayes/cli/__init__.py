"""The command line: parse, call one verb, print. Nothing is imported before a command needs it."""

from __future__ import annotations

import sys

try:
    from ra_bayes.cli.calibrate import calibrate
    from ra_bayes.cli.check import check
    from ra_bayes.cli.compare import compare
    from ra_bayes.cli.demo import demo
    from ra_bayes.cli.figures import figures
    from ra_bayes.cli.fit import fit
    from ra_bayes.cli.group import GATE_FAILED, main
    from ra_bayes.cli.interim import interim
    from ra_bayes.cli.models import models
    from ra_bayes.cli.plan import plan
    from ra_bayes.cli.published import published
    from ra_bayes.cli.report import report
    from ra_bayes.cli.tables import tables
    from ra_bayes.cli.template import template
    from ra_bayes.cli.trust import trust
except KeyboardInterrupt:
    # Before there is a command that could end: as all of them end.
    print("Aborted!", file=sys.stderr)
    sys.exit(1)

__all__ = ["GATE_FAILED", "main"]

for _command in (
    check,
    template,
    models,
    fit,
    trust,
    compare,
    published,
    plan,
    interim,
    calibrate,
    report,
    figures,
    tables,
    demo,
):
    main.add_command(_command)
