"""Ask issuers about their certificates: lists and responders over HTTP, believed when signed."""
