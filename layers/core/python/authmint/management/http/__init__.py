"""What all operations of the management API share: who calls, bodies, filters, paging, errors, the table of routes."""
