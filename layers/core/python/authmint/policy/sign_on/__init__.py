"""Who may sign on how: the policies of people, as pure functions over records and facts."""
