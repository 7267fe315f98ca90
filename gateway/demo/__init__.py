"""The demo world: invented people and organisations, in which the demo starts and every rehearsal runs."""
