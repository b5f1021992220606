"""What is known of people by rule: profiles made of other profiles. Pure: who stores it stands elsewhere."""
