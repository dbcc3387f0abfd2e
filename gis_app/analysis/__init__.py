"""Pure methods on arrays and GeoDataFrames: no Flask, no SQL, no clock, no files."""
