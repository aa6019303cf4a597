"""Medians and other percentiles from histograms that can be added up.

Bucket 0 holds durations of up to a second, bucket i those above `GROWTH`^(i-1) and up to `GROWTH`^i seconds. The value
given for a bucket is, in proportion, as far from its lower end as from its upper one, so that a percentile read from
the sum of any number of histograms is off by at most `ERROR`, or by a second. The idea is that of DDSketch (Masson,
Rim, Lee: DDSketch, VLDB 2019, section 2.1). The database's `analytics_bucket` does the sorting.
"""

from __future__ import annotations

#: The same as in migration 0009.
GROWTH = 1.04
#: Largest relative error of a percentile: just under 2 %.
ERROR = (GROWTH - 1) / (GROWTH + 1)
#: How a histogram's entry is packed into 64 bits: bucket * 2^32 + count + 2^31.
ENTRY_BUCKET = "packed >> 32"
ENTRY_COUNT = "(packed & 4294967295) - 2147483648"


def seconds(bucket: int | None) -> float | None:
    """The duration that stands for a bucket."""
    if bucket is None:
        return None
    return 1.0 if bucket <= 0 else 2 * GROWTH**bucket / (GROWTH + 1)
