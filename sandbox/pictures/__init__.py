"""The drafts' pictures: portraits that follow their brief."""
