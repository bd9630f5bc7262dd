"""What all of the sandbox is made with: its clock, chance, settings, fault rules, errors, journal.

Imported by: sandbox above it. Imports: nobody.
"""
