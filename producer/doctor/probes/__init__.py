"""What asks: one file for each area. Every question is bounded in time, changes nothing and disturbs no daemon."""
