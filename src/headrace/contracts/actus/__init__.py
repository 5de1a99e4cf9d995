"""Contract types of the ACTUS standard: terms in, dated events out, in double precision.

    engine        cash flows of many contracts, whatever their types
    terms         what terms there are, and how a value of each is read
    book          contracts in columns
    checks        what terms a type needs, and which contradict each other
    observed      rates, prices and events that contracts are told from outside
    schedules     when the events of loans take place
    loans         PAM LAM LAX NAM ANN CLM UMP, many at a time
    setting       what a contract that is evaluated by itself may ask
    positions     CSH STK COM FXOUT
    swaps         SWPPV SWAPS CAPFL
    options       OPTNS FUTUR
    enhancements  CEG CEC
    events        the table of events
    kernels       the loops

Money is float64 here, as the standard has it; amounts to the cent are made in `lending`.
"""
