"""What goes over the wire of the JSON API: each model with its way to or from the domain's values."""
