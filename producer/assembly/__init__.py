"""From pages to batches: what one transaction will write, built by pure code before anything is sent."""
