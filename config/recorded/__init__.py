"""How records in Redis are read: the types of fields, the installation's own records, the schema.

Imported by: config, actors, worker. Imports: nobody.
"""
