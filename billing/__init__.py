"""What may be spent: plans, credit lots, the ledger."""
