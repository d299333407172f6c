"""Label maps in files: written exactly, proven by rereading, and read back from every format."""
