"""Change control: from the application to the closed record (CHG-01..CHG-49)."""
