"""How much is measured: a whole run, or a quick one that only shows that the harness works."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """Sizes of everything. Rates need seconds, percentiles need many samples, claims and reads need big tables."""

    quick: bool
    repeats: int = 3
    # of one measurement under load
    seconds: float = 8.0
    warm_up_seconds: float = 2.0
    concurrency: tuple = (1, 16, 64)
    tenants: int = 50
    # calls of the tenant that reads look at
    read_calls: int = 1_000_000
    read_seconds: float = 5.0
    # jobs drained, finished jobs left lying, and tenants that have some
    drain_jobs: int = 20_000
    celery_jobs: int = 5_000
    paced_jobs: int = 1_000
    paced_rate: int = 50
    finished_jobs: int = 1_000_000
    claim_jobs: int = 10_000
    claim_backlog: int = 50_000
    claim_tenants: int = 200
    idle_seconds: float = 60.0
    idle_settle_seconds: float = 20.0
    starts: int = 15


WHOLE = Plan(quick=False)
QUICK = Plan(
    quick=True,
    repeats=1,
    seconds=1.5,
    warm_up_seconds=0.5,
    concurrency=(1, 16),
    tenants=6,
    read_calls=20_000,
    read_seconds=1.0,
    drain_jobs=600,
    celery_jobs=300,
    paced_jobs=60,
    paced_rate=20,
    finished_jobs=20_000,
    claim_jobs=600,
    claim_backlog=2_000,
    claim_tenants=40,
    idle_seconds=6.0,
    idle_settle_seconds=3.0,
    starts=3,
)
