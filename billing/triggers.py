"""The ledger's triggers, for PostgreSQL and SQLite: append-only, chained, and the wallet its mirror.

What the CHECKs and unique indexes of `models.py` cannot say. Installed by migration 0002; a later migration that alters
these tables on SQLite rebuilds them and must install the triggers again (tests/billing/test_ledger_attacks.py notices).
"""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

# What each kind of entry does to the pockets: (available, held) in units of its amount.
_EFFECTS = {
    "grant": (1, 0),
    "hold": (-1, 1),
    "capture": (0, -1),
    "refund": (1, -1),
    "expire": (-1, 0),
    "adjust": (1, 0),
    "clawback": (-1, 0),
}
_APPEND_ONLY = ("billing_ledgerentry", "billing_lotdraw")


def _effect(pocket: int) -> str:
    whens = " ".join(f"WHEN '{kind}' THEN {effect[pocket]}" for kind, effect in _EFFECTS.items())
    return f"(NEW.amount * CASE NEW.kind {whens} END)"


def install(connection: BaseDatabaseWrapper) -> None:
    """Create the triggers; safe to run again."""
    remove(connection)
    _run(connection, _POSTGRESQL if connection.vendor == "postgresql" else _SQLITE)


def remove(connection: BaseDatabaseWrapper) -> None:
    _run(connection, _POSTGRESQL_REMOVE if connection.vendor == "postgresql" else _SQLITE_REMOVE)


def _run(connection: BaseDatabaseWrapper, statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


_ENTRY_FOLLOWS = f"""
    NEW.available_after = (SELECT available FROM billing_wallet WHERE id = NEW.wallet_id) + {_effect(0)}
    AND NEW.held_after = (SELECT held FROM billing_wallet WHERE id = NEW.wallet_id) + {_effect(1)}
"""
_HOLD_FITS = """
    NEW.hold_id IS NULL OR EXISTS (
        SELECT 1 FROM billing_ledgerentry AS hold
        WHERE hold.id = NEW.hold_id AND hold.kind = 'hold' AND hold.wallet_id = NEW.wallet_id
          AND hold.amount = NEW.amount AND hold.job_id = NEW.job_id)
"""
_WALLET_MIRRORS = """
    EXISTS (
        SELECT 1 FROM billing_ledgerentry AS entry
        WHERE entry.id = (SELECT max(id) FROM billing_ledgerentry WHERE wallet_id = NEW.id)
          AND entry.available_after = NEW.available AND entry.held_after = NEW.held)
"""


def _sqlite_refusal(name: str, event: str, table: str, when: str, sentence: str) -> str:
    condition = f"WHEN {when}" if when else ""
    return (
        f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW {condition} "
        f"BEGIN SELECT RAISE(ABORT, '{sentence}'); END"
    )


_SQLITE = [
    *(
        _sqlite_refusal(f"{table}_no_{event.lower()}", event, table, "", "the ledger is append-only")
        for table in _APPEND_ONLY
        for event in ("UPDATE", "DELETE")
    ),
    _sqlite_refusal("creditlot_no_delete", "DELETE", "billing_creditlot", "", "a credit lot is never deleted"),
    _sqlite_refusal(
        "creditlot_amount_fixed",
        "UPDATE OF amount, wallet_id, kind",
        "billing_creditlot",
        "NEW.amount <> OLD.amount OR NEW.wallet_id <> OLD.wallet_id OR NEW.kind <> OLD.kind",
        "what a lot was granted does not change",
    ),
    _sqlite_refusal(
        "ledgerentry_follows",
        "INSERT",
        "billing_ledgerentry",
        f"NOT ({_ENTRY_FOLLOWS})",
        "entry does not follow from the wallet",
    ),
    _sqlite_refusal(
        "ledgerentry_hold_fits", "INSERT", "billing_ledgerentry", f"NOT ({_HOLD_FITS})", "entry does not fit its hold"
    ),
    """
    CREATE TRIGGER ledgerentry_moves_wallet AFTER INSERT ON billing_ledgerentry FOR EACH ROW
    BEGIN UPDATE billing_wallet SET available = NEW.available_after, held = NEW.held_after WHERE id = NEW.wallet_id; END
    """,
    _sqlite_refusal(
        "wallet_starts_empty",
        "INSERT",
        "billing_wallet",
        "NEW.available <> 0 OR NEW.held <> 0",
        "a wallet starts empty",
    ),
    _sqlite_refusal(
        "wallet_mirrors_ledger",
        "UPDATE OF available, held",
        "billing_wallet",
        f"(NEW.available <> OLD.available OR NEW.held <> OLD.held) AND NOT ({_WALLET_MIRRORS})",
        "balances change only through the ledger",
    ),
]
_SQLITE_NAMES = [
    *(f"{table}_no_{event}" for table in _APPEND_ONLY for event in ("update", "delete")),
    "creditlot_no_delete",
    "creditlot_amount_fixed",
    "ledgerentry_follows",
    "ledgerentry_hold_fits",
    "ledgerentry_moves_wallet",
    "wallet_starts_empty",
    "wallet_mirrors_ledger",
]
_SQLITE_REMOVE = [f"DROP TRIGGER IF EXISTS {name}" for name in _SQLITE_NAMES]

# PostgreSQL: the same rules in functions, TRUNCATE refused too, and the sum over lots checked at commit.
_POSTGRESQL = [
    """
    CREATE FUNCTION billing_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation'; END $$
    """,
    f"""
    CREATE FUNCTION billing_check_entry() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT COALESCE({_ENTRY_FOLLOWS}, false) THEN
            RAISE EXCEPTION 'entry does not follow from the wallet' USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        IF NOT ({_HOLD_FITS}) THEN
            RAISE EXCEPTION 'entry does not fit its hold' USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE FUNCTION billing_move_wallet() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE billing_wallet SET available = NEW.available_after, held = NEW.held_after WHERE id = NEW.wallet_id;
        RETURN NULL;
    END $$
    """,
    f"""
    CREATE FUNCTION billing_check_wallet() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            IF NEW.available <> 0 OR NEW.held <> 0 THEN
                RAISE EXCEPTION 'a wallet starts empty' USING ERRCODE = 'integrity_constraint_violation';
            END IF;
        ELSIF (NEW.available <> OLD.available OR NEW.held <> OLD.held) AND NOT ({_WALLET_MIRRORS}) THEN
            RAISE EXCEPTION 'balances change only through the ledger'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE FUNCTION billing_check_lots() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF (SELECT available FROM billing_wallet WHERE id = NEW.wallet_id) <>
           (SELECT COALESCE(sum(remaining), 0) FROM billing_creditlot WHERE wallet_id = NEW.wallet_id AND remaining > 0)
        THEN
            RAISE EXCEPTION 'lots do not add up to the wallet' USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NULL;
    END $$
    """,
    *(
        f"""
        CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
        FOR EACH ROW EXECUTE FUNCTION billing_refuse('the ledger is append-only')
        """
        for table in _APPEND_ONLY
    ),
    *(
        f"""
        CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse('the ledger is append-only')
        """
        for table in (*_APPEND_ONLY, "billing_creditlot")
    ),
    """
    CREATE TRIGGER creditlot_no_delete BEFORE DELETE ON billing_creditlot
    FOR EACH ROW EXECUTE FUNCTION billing_refuse('a credit lot is never deleted')
    """,
    """
    CREATE TRIGGER creditlot_amount_fixed BEFORE UPDATE ON billing_creditlot FOR EACH ROW
    WHEN (NEW.amount <> OLD.amount OR NEW.wallet_id <> OLD.wallet_id OR NEW.kind <> OLD.kind)
    EXECUTE FUNCTION billing_refuse('what a lot was granted does not change')
    """,
    """
    CREATE TRIGGER ledgerentry_checked BEFORE INSERT ON billing_ledgerentry
    FOR EACH ROW EXECUTE FUNCTION billing_check_entry()
    """,
    """
    CREATE TRIGGER ledgerentry_moves_wallet AFTER INSERT ON billing_ledgerentry
    FOR EACH ROW EXECUTE FUNCTION billing_move_wallet()
    """,
    """
    CREATE TRIGGER wallet_checked BEFORE INSERT OR UPDATE ON billing_wallet
    FOR EACH ROW EXECUTE FUNCTION billing_check_wallet()
    """,
    """
    CREATE CONSTRAINT TRIGGER ledgerentry_lots_add_up AFTER INSERT ON billing_ledgerentry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION billing_check_lots()
    """,
    """
    CREATE CONSTRAINT TRIGGER creditlot_lots_add_up AFTER INSERT OR UPDATE ON billing_creditlot
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION billing_check_lots()
    """,
]
_POSTGRESQL_FUNCTIONS = ("refuse", "check_entry", "move_wallet", "check_wallet", "check_lots")
# CASCADE takes the triggers that call the function.
_POSTGRESQL_REMOVE = [f"DROP FUNCTION IF EXISTS billing_{name}() CASCADE" for name in _POSTGRESQL_FUNCTIONS]
