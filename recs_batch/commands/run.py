"""`run`: a whole night."""

from __future__ import annotations

from typing import Any

import click

from common.commands import Command
from recs_batch.commands.options import decisions


@click.command("run", cls=Command)
@decisions
def command(**options: Any) -> None:
    """Begin a night, or go on with it, take every step and publish."""
    from common.settings import load_settings
    from recs_batch.from_options import begun_night
    from recs_batch.retention import remove_old
    from recs_batch.settings import RetentionSettings

    with begun_night(**options) as night:
        night.run()
        remove_old(night.work, night.store, load_settings(RetentionSettings))
