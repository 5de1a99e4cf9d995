"""A book of loans: offers, the choice among books, stress, and what each decision rests on."""
