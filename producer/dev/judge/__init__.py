"""The judge of a run: what is on the topics against what the simulator says was there to be had.

It never trusts the product's own words: another Kafka client, its own decoding, its own idea of equal content, and
nothing imported from the code that it judges.
"""
