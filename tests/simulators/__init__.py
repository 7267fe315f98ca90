"""Small honest in-memory worlds to hand to what is tested."""
