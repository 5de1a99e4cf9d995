"""A book of loans: offers, rates that pay, the choice among books, stress, each decision's parts."""
