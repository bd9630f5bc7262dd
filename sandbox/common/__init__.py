"""What the whole sandbox uses: its clock, chance, settings, fault rules, errors, journal.

Imported by: sandbox above it. Imports: nobody.
"""
