"""What is known of people by rule: profiles made of other profiles, and who is in which group."""
