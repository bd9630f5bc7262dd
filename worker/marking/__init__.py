"""Marks that say how a picture was made (C2PA, IPTC): read from any file, written into copies only.

Imported by: export, actors, cli. Imports: piktid, places, config.
"""
