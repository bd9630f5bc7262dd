"""What all of the sandbox is made with: its clock, chance, settings, fault rules, errors, journal.

Imported by: all of sandbox. Imports: nobody of this project.
"""
