"""The use cases of the tablet: what a doctor can do, one call and one transaction each."""
