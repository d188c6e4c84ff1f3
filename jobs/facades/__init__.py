"""Other vendors' contracts: their field names in, `submit_job`, their field names out. Each vendor is one module."""
