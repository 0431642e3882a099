"""Everything that proves Safelight works. Folders mirror the tree; `fakes` stands in for what we cannot command."""
