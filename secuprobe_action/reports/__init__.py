"""Pure: (ScanReport, Verdict) to text. One file a format."""
