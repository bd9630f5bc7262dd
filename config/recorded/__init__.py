"""How what is on record is to be read: what a field is, the records of the whole installation, the schema.

Imported by: config, actors, worker. Imports: nobody.
"""
