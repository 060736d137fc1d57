"""The judge of a run: what is on the topics against what the simulator says was there to be had.

It never trusts the product's own words: another Kafka client, its own decoding, its own idea of equal content. All it
takes from the product are values that say where to look: the cluster, the topics' names, the clock.
"""
