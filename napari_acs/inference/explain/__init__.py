"""Why a classifier says what it says: where it looks, and what its answer hangs on."""
