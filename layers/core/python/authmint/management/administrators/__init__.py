"""Who may administer what: the table of roles, what a role reaches, and the resources that give roles."""
