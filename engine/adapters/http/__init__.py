"""HTTP to addresses that other people name: guarded requests and the callback."""
