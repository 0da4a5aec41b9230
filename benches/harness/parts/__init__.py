"""One file for each thing that is measured. Each has `run(world) -> dict`, whose result becomes one JSON file."""

from . import claims, jobs, reads, rest, start, statements, webhooks

# in this order: what is cheap to find broken comes first, what fills the disk comes last
ALL = {
    "start": start.run,
    "statements": statements.run,
    "webhooks": webhooks.run,
    "jobs": jobs.run,
    "rest": rest.run,
    "claims": claims.run,
    "reads": reads.run,
}
