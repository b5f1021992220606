"""OAuth clients, seen as clients and as apps, with what belongs to them."""
