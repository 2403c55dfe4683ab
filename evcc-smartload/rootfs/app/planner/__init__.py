"""Plans battery and cars over quarter-hour slots; HiGHS is known to ``solver`` alone."""
