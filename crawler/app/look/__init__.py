"""Single URLs looked at by hand, as a run would see them."""
