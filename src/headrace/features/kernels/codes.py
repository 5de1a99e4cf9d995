"""The numbers by which a compiled plan names windows, lanes, aggregates and operations."""

SHIFT = 3
BLOCK = 1 << SHIFT  # rows between two running totals
REST = BLOCK - 1
TIME = 0  # the word of a row that holds its time, microseconds

# A plan is one array of words: counts and places of its parts, then the parts.
P_RANGES, P_RANGES_AT, P_LANES, P_LANES_AT, P_EXTREMES, P_EXTREMES_AT, P_OPS, P_OPS_AT = range(8)
HEADER_WORDS = 8

# Windows: words of each.
SLIDING, CALENDAR, LAST_EVENTS, SESSION, ALL_HISTORY = range(5)
R_KIND, R_A, R_B, R_C, R_MASK, R_EXCLUDED, R_NESTED = range(7)
RANGE_WORDS = 7

# Running totals: words of each. A sum of squares takes two lanes, low word first.
COUNT_LANE, SUM_LANE, SQUARE_LANE, SQUARE_HIGH_LANE = range(4)
L_KIND, L_MASK, L_COLUMN = range(3)
LANE_WORDS = 3

# Largest and smallest: words of each.
X_MASK, X_COLUMN, X_SIGN = range(3)
EXTREME_WORDS = 3

# Aggregates: words of each. Those up to MAX_OP are found from totals and extremes alone.
COUNT_OP, SUM_OP, MEAN_OP, DEVIATION_OP, MIN_OP, MAX_OP = range(6)
FIRST_OP, LAST_OP, SINCE_FIRST_OP, SINCE_LAST_OP, GAP_MEAN_OP, GAP_DEVIATION_OP = range(6, 12)
GAP_LONGEST_OP, DISTINCT_OP, DISTINCT_APPROX_OP, NEW_VALUES_OP, HHI_OP = range(12, 17)
TOP_SHARE_OP, GROUP_MEAN_OP, GROUP_MAX_OP, VARIATION_OP, REPEAT_SHARE_OP = range(17, 22)
QUANTILE_OP, DECAYED_SUM_OP, SLOPE_OP, PATTERN_OP = range(22, 26)
O_CODE, O_RANGE, O_MASK, O_COLUMN, O_OVER, O_COUNT, O_SUM, O_SQUARE, O_EXTREME, O_A, O_B = range(11)
OP_WORDS = 11
F_SCALE, F_A = range(2)  # real parameters of each
REAL_WORDS = 2

# What is done with an incoming row, and what came of it. RESTATE asks for the values of an event
# that is kept, as they are by what is known now.
ADD, VOID, READ, RESTATE = range(4)
I_FIRST, I_SECOND, I_OP, I_AT, I_ROW = range(5)  # words of an incoming row: key, what, when, row
NOBODY_ASKS = -(2**62)  # a moment for which no aggregate is wanted
ADDED, DUPLICATE, VOIDED, VOID_PENDING, ALREADY_VOIDED, WAS_READ = range(6)
KIND, LATE, TOO_LATE = 15, 16, 32  # the bits of an outcome that say what, and how late

# Why the stream kernel stopped before the end of its input.
DONE, POOL_FULL, SLOTS_FULL, TABLE_FULL, CURSORS_FULL = range(5)
