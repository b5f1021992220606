"""Mail by SES."""
