"""Otto's benches: what they start, drive, measure and report. See README.md in the folder above."""
