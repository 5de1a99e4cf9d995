"""Conventions that contracts share.

    calendars      business days, holidays, make-up workdays
    china          Chinese holidays as announced
    business_days  where what falls on a day off takes place
    cycles         cycles, periods, schedules
    day_count      parts of a year
    rounding       rounding by name
    cited          numbers of law as dated data, with their source
    kernels        the same over arrays of integers

Who pays what is not known here.
"""
