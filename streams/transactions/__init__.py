"""Transactions as the broker has them: which are open, how they ended, and settling those that it has left half done.

After an unclean end a broker may leave out the marker that ends a transaction in a partition (KAFKA-20734), or never
have known that the partition belonged to it. Then nothing behind its first record there can be read, and the next
transaction of the same producer ends both in the same way, right or not. So before anything is read behind one, it is
given the marker that belongs there.
"""
