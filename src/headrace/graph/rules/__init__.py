"""Rules over relations and features: derived facts, kept current, each with its proof.

From text to a rule set:

    language     terms, atoms, totals, rules and chains, as they are written; problems with a place
    parsing      text -> rules
    chains       `exposed := controls ∘ guarantees` -> plain rules
    naming       whether relations are there, with their columns
    totals       sums, counts and the like, taken out of rules
    kinds        what each column holds; variables by number
    checking     all of it: `read_rules`, or every problem
    ruleset      the rule set: columns, plain rules, totals, components

From facts to what follows:

    planning     a rule -> the joins by which it runs forward, and backward from its head
    store        the facts of one relation, in arrays
    kernels      compiled loops
    joining      a plan over stores -> bindings
    maintaining  one component after the facts below it changed
    spreading    the closure of a relation, from each source on its own
    closure      every derived fact, kept current: `Closure`
    proofs       why a fact stands, down to the edges: `prove`

In the words of the relation graph:

    given        what it gives to rules
    wording      facts and proofs in words
    over         `GraphRules`: by name, kept current, proved, watched
"""
