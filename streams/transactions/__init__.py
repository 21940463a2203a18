"""The broker's transactions: listing open ones, finding how they ended, and settling those that it left unfinished.

After an unclean shutdown a broker may skip the marker that ends a transaction in a partition (KAFKA-20734), or never
have recorded that the partition belonged to it. Then nothing behind its first record there can be read, and the next
transaction of the same producer ends both in the same way, right or wrong. So before reading behind such a transaction,
its missing marker is written.
"""
