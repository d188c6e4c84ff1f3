"""What CHECKs cannot say of jobs: which moves are allowed, and that money and state agree.

A job starts queued with its credits held; it completes only when they are captured, and ends otherwise only when they
are refunded. PostgreSQL also refuses, at commit, a capture or refund whose job did not end so, and tells every change
to whoever waits for it.
Installed by migration 0002; see `billing.triggers` about later migrations on SQLite.
"""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

# From: to. What is not listed is final.
_MOVES = {
    "queued": ("queued", "processing", "failed", "blocked", "canceled"),
    # processing → processing: a heartbeat, or another worker after the lease has run out.
    "processing": ("processing", "queued", "completed", "failed", "blocked"),
    "completed": ("completed",),
    "failed": ("failed",),
    "blocked": ("blocked",),
    "canceled": ("canceled",),
}


def _moves_allowed() -> str:
    return " OR ".join(
        f"(OLD.status = '{before}' AND NEW.status IN ({', '.join(repr(after) for after in afters)}))"
        for before, afters in _MOVES.items()
    )


def _entry_exists(kind: str) -> str:
    return f"EXISTS (SELECT 1 FROM billing_ledgerentry WHERE job_id = NEW.id AND kind = '{kind}')"


_RULES: tuple[tuple[str, str, str, str], ...] = (
    # name, event, what must hold, sentence
    ("job_starts_queued", "INSERT", "NEW.status = 'queued' AND NEW.attempt = 0", "a job starts queued"),
    (
        "job_starts_with_a_hold",
        "INSERT",
        "NEW.price_credits = 0 OR EXISTS (SELECT 1 FROM billing_ledgerentry "
        "WHERE job_id = NEW.id AND kind = 'hold' AND amount = NEW.price_credits)",
        "a job starts with its credits held",
    ),
    ("job_moves", "UPDATE", _moves_allowed(), "this move of status is not allowed"),
    (
        "job_facts_fixed",
        "UPDATE",
        "NEW.id = OLD.id AND NEW.user_id = OLD.user_id AND NEW.price_credits = OLD.price_credits "
        "AND NEW.attempt >= OLD.attempt",
        "payer and price are fixed and the attempt never falls",
    ),
    (
        "job_claim_counts",
        "UPDATE",
        "OLD.status <> 'queued' OR NEW.status <> 'processing' OR NEW.attempt = OLD.attempt + 1",
        "a claim counts the attempt up",
    ),
    (
        "job_completed_is_paid",
        "UPDATE",
        f"NEW.status = OLD.status OR NEW.status <> 'completed' OR NEW.price_credits = 0 OR {_entry_exists('capture')}",
        "a job completes with its credits captured",
    ),
    (
        "job_refused_is_refunded",
        "UPDATE",
        "NEW.status = OLD.status OR NEW.status NOT IN ('failed', 'blocked', 'canceled') OR NEW.price_credits = 0 "
        f"OR {_entry_exists('refund')}",
        "a job that does not complete is refunded",
    ),
)


def install(connection: BaseDatabaseWrapper) -> None:
    """Create the triggers; safe to run again."""
    remove(connection)
    with connection.cursor() as cursor:
        for statement in _postgresql() if connection.vendor == "postgresql" else _sqlite():
            cursor.execute(statement)


def remove(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for name in ("jobs_check_insert", "jobs_check_update", "jobs_check_money", "jobs_tell_change"):
                cursor.execute(f"DROP FUNCTION IF EXISTS {name}() CASCADE")
        else:
            for name, *_ in _RULES:
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")


def _sqlite() -> list[str]:
    # A job's own id is text without dashes in SQLite, in both tables.
    return [
        f"CREATE TRIGGER {name} BEFORE {event} ON jobs_job FOR EACH ROW WHEN NOT ({rule}) "
        f"BEGIN SELECT RAISE(ABORT, '{sentence}'); END"
        for name, event, rule, sentence in _RULES
    ]


def _postgresql() -> list[str]:
    statements = []
    for event in ("INSERT", "UPDATE"):
        checks = "\n".join(
            f"IF NOT ({rule}) THEN RAISE EXCEPTION '{sentence}' USING ERRCODE = 'integrity_constraint_violation'; END IF;"
            for _, its_event, rule, sentence in _RULES
            if its_event == event
        )
        name = f"jobs_check_{event.lower()}"
        statements += [
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {checks} RETURN NEW; END $$",
            f"CREATE TRIGGER {name} BEFORE {event} ON jobs_job FOR EACH ROW EXECUTE FUNCTION {name}()",
        ]
    statements += [
        """
        CREATE FUNCTION jobs_check_money() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NOT EXISTS (
                SELECT 1 FROM jobs_job WHERE id = NEW.job_id AND (
                    NEW.kind = 'hold'
                    OR (NEW.kind = 'capture' AND status = 'completed')
                    OR (NEW.kind = 'refund' AND status IN ('failed', 'blocked', 'canceled'))))
            THEN
                RAISE EXCEPTION 'a % without a job that ended so', NEW.kind
                    USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            RETURN NULL;
        END $$
        """,
        """
        CREATE CONSTRAINT TRIGGER jobs_check_money AFTER INSERT ON billing_ledgerentry
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.job_id IS NOT NULL)
        EXECUTE FUNCTION jobs_check_money()
        """,
        # Heard by `jobs.watching` in every web process, at commit.
        """
        CREATE FUNCTION jobs_tell_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_notify('pixelsite_jobs', NEW.id::text); RETURN NULL; END $$
        """,
        """
        CREATE TRIGGER jobs_tell_change AFTER UPDATE ON jobs_job FOR EACH ROW
        WHEN ((OLD.status, OLD.stage, OLD.progress) IS DISTINCT FROM (NEW.status, NEW.stage, NEW.progress))
        EXECUTE FUNCTION jobs_tell_change()
        """,
    ]
    return statements
