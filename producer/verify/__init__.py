"""Whether the topics hold what they announce: `reading` brings facts into the ledger, pure modules judge them."""
