"""What a tenant's own fields mean for the mapping. Pure."""
